// A whole table, from rows in DuckDB to rows in another reader: real Parquet, real manifests, served over HTTP
// to icebird, which knows nothing of this code.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { icebergRead } from "icebird";

import { append, change, type Commit, type CommitInput, replaceAll } from "./iceberg/commit.ts";
import { readSchema } from "#adapters/duckdb-columns";
import type { DataFile as OfferedFile } from "#contracts/catalog";
import { columnsOf, schemaChanges, schemaOf, type WantedChanges } from "./duckdb/columns.ts";
import { copied } from "./duckdb/copy.testing.ts";
import { metricsOf } from "./duckdb/metrics.ts";
import { evolveSchema } from "./iceberg/types/evolve.ts";
import { decodeManifestList, type ManifestFile } from "./iceberg/manifest/manifest-list.ts";
import { decodeManifest, type DataFile, type Manifest } from "./iceberg/manifest/manifest.ts";
import {
  createMetadata,
  currentSchema,
  printMetadata,
  snapshotOf,
  type TableMetadata,
} from "./iceberg/metadata/metadata.ts";
import { type SpecInput } from "./iceberg/types/partition.ts";
import { rollback } from "./iceberg/metadata/snapshots.ts";
import { logMetadata, setSchema } from "./iceberg/metadata/table-changes.ts";
import { type Value } from "./iceberg/types/values.ts";

const root = mkdtempSync(join(tmpdir(), "iceberg-"));
let db: DuckDBConnection;
let server: ReturnType<typeof Bun.serve>;

beforeAll(async () => {
  db = await (await DuckDBInstance.create(":memory:")).connect();
  server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => {
      const file = Bun.file(join(root, decodeURIComponent(new URL(request.url).pathname)));
      const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get("range") ?? "");
      if (range === null) return new Response(file);
      const end = range[2] === "" ? undefined : Number(range[2]) + 1;
      return new Response(file.slice(Number(range[1]), end), { status: 206 });
    },
  });
});
afterAll(async () => {
  await server.stop(true);
  db.closeSync();
  rmSync(root, { recursive: true, force: true });
});

type Row = Record<string, unknown>;

/** An unpartitioned data file without statistics. */
function dataFileOf(path: string, rows: number, bytes: OfferedFile["bytes"]): DataFile {
  return {
    content: 0,
    file_path: path,
    file_format: "PARQUET",
    partition: [],
    record_count: rows,
    file_size_in_bytes: bytes,
    column_sizes: null,
    value_counts: null,
    null_value_counts: null,
    nan_value_counts: null,
    lower_bounds: null,
    upper_bounds: null,
    key_metadata: null,
    split_offsets: null,
    equality_ids: null,
    sort_order_id: 0,
    referenced_data_file: null,
  };
}

/** A table in a folder, served under a URL; what a catalog would do around the pure core. */
class Table {
  readonly url: string;
  readonly #folder: string;
  #version = 0;
  #next = 1;
  metadata: TableMetadata;

  constructor(name: string, columns: Parameters<typeof schemaOf>[0], spec?: SpecInput) {
    this.#folder = join(root, name);
    this.url = `http://127.0.0.1:${server.port}/${name}`;
    mkdirSync(join(this.#folder, "data"), { recursive: true });
    const partitioned = spec === undefined ? {} : { spec };
    const schema = schemaOf(columns);
    this.metadata = createMetadata({
      uuid: "u",
      location: this.url,
      schema,
      properties: {},
      nowMs: 1000,
      ...partitioned,
    });
  }

  local(url: string): string {
    return join(root, decodeURIComponent(new URL(url).pathname));
  }

  async copy(from: string, partition: readonly (Value | null)[] = []): Promise<DataFile> {
    const path = `${this.url}/data/${this.#next++}.parquet`;
    const schema = currentSchema(this.metadata);
    const { rows, bytes, stats } = await copied(db, schema, from, this.local(path));
    return { ...dataFileOf(path, rows, bytes), ...metricsOf(schema, stats), partition };
  }

  async list(): Promise<ManifestFile[]> {
    const snapshot = snapshotOf(this.metadata);
    return snapshot === undefined ? [] : decodeManifestList(await this.#read(snapshot["manifest-list"]));
  }

  async open(): Promise<Map<string, Manifest>> {
    const rows = (await this.list()).map(
      async (row) => [row.manifest_path, decodeManifest(await this.#read(row.manifest_path), row)] as const,
    );
    return new Map(await Promise.all(rows));
  }

  async input(): Promise<CommitInput> {
    const snapshotId = this.#next++;
    return {
      snapshotId,
      manifestPath: (n) => `${this.url}/metadata/${snapshotId}-${n}.avro`,
      listPath: () => `${this.url}/metadata/snap-${snapshotId}.avro`,
      nowMs: snapshotId * 1000,
      previousManifests: await this.list(),
    };
  }

  async append(...files: DataFile[]): Promise<void> {
    await this.save(append(this.metadata, { ...(await this.input()), files }));
  }

  async save(commit: Commit): Promise<void> {
    for (const { path, bytes } of [...commit.manifests, commit.list])
      await Bun.write(this.local(path), bytes);
    await this.publish(commit.metadata);
  }

  async publish(next: TableMetadata): Promise<void> {
    const place = (version: number): string => `${this.url}/metadata/v${version}.metadata.json`;
    this.metadata = this.#version === 0 ? next : logMetadata(next, this.metadata, place(this.#version));
    this.#version++;
    mkdirSync(dirname(this.local(place(1))), { recursive: true });
    await Bun.write(this.local(place(this.#version)), printMetadata(this.metadata));
    await Bun.write(this.local(`${this.url}/metadata/version-hint.text`), String(this.#version));
  }

  async evolve(wanted: WantedChanges): Promise<void> {
    const changes = schemaChanges(wanted);
    const evolved = evolveSchema(currentSchema(this.metadata), changes, this.metadata["last-column-id"]);
    await this.publish(setSchema(this.metadata, evolved.schema, evolved.lastColumnId, 1));
  }

  async icebird(): Promise<Row[]> {
    return (await icebergRead({ tableUrl: this.url })) as Row[];
  }

  async duckdb(): Promise<Row[]> {
    const live = [...(await this.open()).values()].flatMap(({ entries }) =>
      entries.filter((entry) => entry.status !== 2),
    );
    const files = live.map((entry) => `'${this.local(entry.data_file.file_path)}'`).join(", ");
    const clause = readSchema(columnsOf(currentSchema(this.metadata)));
    const sql = `SELECT * FROM read_parquet([${files}], schema = ${clause})`;
    return (await db.runAndReadAll(sql)).getRowObjectsJson();
  }

  async #read(url: string): Promise<Uint8Array> {
    return Bun.file(this.local(url)).bytes();
  }
}

const people = (from: number, to: number): string =>
  `(SELECT i AS id, 'name ' || i AS "full name", (i / 4)::DECIMAL(10,2) AS rate, DATE '2026-01-01' + i::INTEGER AS "since" FROM range(${from}, ${to}) t(i))`;

const COLUMNS: Parameters<typeof schemaOf>[0] = [
  { name: "id", type: "BIGINT" },
  { name: "full name", type: "VARCHAR" },
  { name: "rate", type: "DECIMAL(10,2)" },
  { name: "since", type: "DATE" },
];

const ids = (rows: readonly Row[]): number[] =>
  rows.map((row) => Number(row["id"])).toSorted((a, b) => a - b);
const upTo = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

describe("a table that we write and icebird reads", () => {
  test("appends, renames, widens, adds, drops and rolls back", async () => {
    const table = new Table("people", COLUMNS);
    await table.append(await table.copy(people(0, 5000)));
    await table.append(await table.copy(people(5000, 5010)));
    const rows = await table.icebird();
    expect(ids(rows)).toEqual(upTo(0, 5010));
    expect(rows.find((row) => row["id"] === 7n)).toEqual({
      id: 7n,
      "full name": "name 7",
      rate: 1.75,
      since: new Date("2026-01-08"),
    });

    await table.evolve({
      rename: { "full name": "Worker" },
      widen: { rate: "DECIMAL(20,2)" },
      drop: ["since"],
      add: [{ name: "since", type: "VARCHAR" }],
    });
    const renamed = await table.icebird();
    expect(renamed.find((row) => row["id"] === 5007n)).toEqual({
      id: 5007n,
      Worker: "name 5007",
      rate: 1251.75,
      since: undefined,
    });
    expect((await table.duckdb()).find((row) => row["id"] === "5007")).toEqual({
      id: "5007",
      Worker: "name 5007",
      rate: "1251.75",
      since: null,
    });

    await table.append(
      await table.copy(`(SELECT 9000 AS id, 'new' AS "Worker", 1 AS rate, 'today' AS since)`),
    );
    expect((await table.icebird()).find((row) => row["id"] === 9000n)).toEqual({
      id: 9000n,
      Worker: "new",
      rate: 1,
      since: "today",
    });
    expect(ids(await table.duckdb())).toEqual([...upTo(0, 5010), 9000]);

    const first = table.metadata.snapshots[0]?.["snapshot-id"] ?? 0;
    await table.publish(rollback(table.metadata, first, 99_000));
    expect(ids(await table.icebird())).toEqual(upTo(0, 5000));
    expect(table.metadata["metadata-log"]).toHaveLength(4);
  });

  test("overwrites, deletes files and deletes rows", async () => {
    const table = new Table("changing", COLUMNS);
    const [first, second] = [await table.copy(people(0, 10)), await table.copy(people(10, 20))];
    await table.append(first, second);
    await table.save(
      change(table.metadata, {
        ...(await table.input()),
        operation: "delete",
        added: [],
        removed: new Set([first.file_path]),
        opened: await table.open(),
      }),
    );
    expect(ids(await table.icebird())).toEqual(upTo(10, 20));

    const path = `${table.url}/data/deletes.parquet`;
    const sql = `COPY (SELECT '${second.file_path}' AS file_path, p AS pos FROM (VALUES (0::BIGINT), (3)) v(p)) TO '${table.local(path)}'
      (FORMAT parquet, RETURN_STATS true, FIELD_IDS {file_path: 2147483546, pos: 2147483545})`;
    const [row] = (await db.runAndReadAll(sql)).getRowObjectsJson();
    const deletes: DataFile = {
      ...dataFileOf(path, Number(row?.["count"]), Number(row?.["file_size_bytes"])),
      content: 1,
      sort_order_id: null,
      referenced_data_file: second.file_path,
    };
    await table.save(
      change(table.metadata, {
        ...(await table.input()),
        operation: "delete",
        added: [deletes],
        removed: new Set(),
        opened: new Map(),
      }),
    );
    expect(ids(await table.icebird())).toEqual([11, 12, 14, 15, 16, 17, 18, 19]);

    const files = [await table.copy(people(100, 103))];
    await table.save(
      replaceAll(table.metadata, { ...(await table.input()), files, opened: await table.open() }),
    );
    expect(ids(await table.icebird())).toEqual([100, 101, 102]);
    expect(snapshotOf(table.metadata)?.summary).toMatchObject({
      "total-records": "3",
      "total-delete-files": "0",
      "removed-delete-files": "1",
    });
  });

  test("keeps partitions, and their values in manifests", async () => {
    const fields = [
      { "source-id": 4, name: "since_month", transform: "month" },
      { "source-id": 2, name: "full name_bucket", transform: "bucket[8]" },
    ];
    const table = new Table("partitioned", COLUMNS, { fields });
    await table.append(
      await table.copy(people(0, 5), [672, 1]),
      await table.copy(people(31, 33), [673, null]),
    );
    expect(ids(await table.icebird())).toEqual([0, 1, 2, 3, 4, 31, 32]);
    const [row] = await table.list();
    expect(
      row?.partitions?.map((summary) => [
        summary.contains_null,
        summary.lower_bound?.toHex(),
        summary.upper_bound?.toHex(),
      ]),
    ).toEqual([
      [false, "a0020000", "a1020000"],
      [true, "01000000", "01000000"],
    ]);
  });

  test("holds every type", async () => {
    const table = new Table("types", [
      { name: "flag", type: "BOOLEAN" },
      { name: "small", type: "INTEGER" },
      { name: "huge", type: "HUGEINT" },
      { name: "ratio", type: "DOUBLE" },
      { name: "at", type: "TIMESTAMP" },
      { name: "tags", type: "VARCHAR[]" },
      { name: "spot", type: "STRUCT(x INTEGER, y VARCHAR)" },
    ]);
    await table.append(
      await table.copy(
        `(SELECT true AS flag, -1 AS small, 12345678901234567890::HUGEINT AS huge, 0.5 AS ratio, TIMESTAMP '2026-01-02 03:04:05' AS at, ['a', 'b'] AS tags, {'x': 1, 'y': 'q'} AS spot)`,
      ),
    );
    expect(await table.icebird()).toMatchObject([
      {
        flag: true,
        small: -1,
        ratio: 0.5,
        at: new Date("2026-01-02T03:04:05Z"),
        tags: ["a", "b"],
        spot: { x: 1, y: "q" },
      },
    ]);
    expect((await table.duckdb())[0]?.["huge"]).toBe("12345678901234567890");
  });
});

// A lake for queryd's tests: tables that DuckDB writes to Parquet with field ids, a catalog and a storage over
// them that keep the real contracts. What it cannot do, it does not offer.

import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openDuckdb } from "#adapters/duckdb";
import { quoteIdentifier, quoteLiteral } from "#lib/sql-text";
import { catalog, type Dataset } from "#contracts/catalog";
import { storage } from "#contracts/storage";
import type { Handlers, OutputOf, Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { implement, local } from "#rpc/local";

type Scan = OutputOf<typeof catalog.scan>;

export interface TestLake {
  readonly folder: string;
  readonly catalog: Service<typeof catalog>;
  readonly storage: Service<typeof storage>;
  /** Adds the rows of a SELECT to a dataset as one more file and snapshot. */
  append(name: string, select: string): Promise<number>;
  /** A dataset with columns and no file. */
  empty(name: string, columns: Readonly<Record<string, string>>): void;
  /** The path of the n-th file of a dataset. */
  path(name: string, index: number): string;
  /** How often storage was asked for bytes. */
  fetches(): number;
  close(): void;
}

interface Table {
  readonly columns: { name: string; type: string }[];
  readonly snapshots: { id: number; at: string; files: Scan["files"] }[];
}

export async function testLake({ localPaths = true }: { localPaths?: boolean } = {}): Promise<TestLake> {
  const folder = mkdtempSync(join(tmpdir(), "queryd-test-"));
  const tables = new Map<string, Table>();
  const writer = await openDuckdb({
    memoryBytesMax: 512 * 1024 * 1024,
    threads: 1,
    tempDir: join(folder, "spill"),
    tempBytesMax: 1024 ** 3,
  });
  let lastSnapshot = 100;
  let fetched = 0;

  const tableOf = (name: string): Table => {
    const table = tables.get(name);
    if (table === undefined) throw new Fault("not_found", `There is no dataset ${name}.`);
    return table;
  };

  const described = (name: string, { columns, snapshots }: Table): Dataset => ({
    name,
    rows: (snapshots.at(-1)?.files ?? []).reduce((sum, { rows }) => sum + rows, 0),
    bytes: 0,
    files: snapshots.at(-1)?.files.length ?? 0,
    snapshot_id: snapshots.at(-1)?.id ?? null,
    fingerprint: "",
    columns: columns.map((column, index) => ({ id: index + 1, nullable: true, ...column })),
    updated_at: "2026-11-21T00:00:00Z",
  });

  const unused = (): never => {
    throw new Fault("unavailable", "The lake of the tests does not do this.");
  };

  const catalogHandlers: Handlers<typeof catalog> = {
    datasets: () => ({ datasets: [...tables].map(([name, table]) => described(name, table)) }),
    dataset: ({ dataset }) => described(dataset, tableOf(dataset)),
    scan: ({ dataset, at }) => {
      const table = tableOf(dataset);
      const found =
        at === undefined
          ? table.snapshots.at(-1)
          : table.snapshots.findLast((snapshot) =>
              typeof at === "number" ? snapshot.id === at : snapshot.at <= at,
            );
      if (at !== undefined && found === undefined)
        throw new Fault("not_found", `${dataset} has no snapshot ${at}.`);
      return {
        snapshot_id: found?.id ?? null,
        columns: described(dataset, table).columns,
        files: found?.files ?? [],
      };
    },
    drop: unused,
    snapshots: unused,
    rollback: unused,
    tag: unused,
    schema: unused,
    append: unused,
    maintain: unused,
    prepare: unused,
    commit: unused,
    committed: unused,
  };

  const storageHandlers: Handlers<typeof storage> = {
    locate: ({ key }) => {
      const size = sizeOf(key);
      return { key, size, etag: `"${size}"`, ...(localPaths ? { path: join(folder, key) } : {}) };
    },
    get: ({ key }) => {
      fetched += 1;
      return { status: 200, headers: {}, body: new Uint8Array(readFileSync(join(folder, key))) };
    },
    put: unused,
    adopt: unused,
    head: unused,
    remove: unused,
    list: unused,
    probe: unused,
  };

  const sizeOf = (key: string): number => {
    try {
      return readFileSync(join(folder, key)).byteLength;
    } catch {
      throw new Fault("not_found", `There is no object ${key}.`);
    }
  };

  return {
    folder,
    catalog: local(implement(catalog, "catalogd", catalogHandlers, { checkOutputs: true })),
    storage: local(implement(storage, "storaged", storageHandlers, { checkOutputs: true })),
    append: async (name, select) => {
      const columns = (await writer.rows(`DESCRIBE ${select}`)).map((row) => ({
        name: String(row["column_name"]),
        type: String(row["column_type"]),
      }));
      lastSnapshot += 1;
      const key = `tables/${name}/${lastSnapshot}.parquet`;
      const path = join(folder, key);
      mkdirSync(dirname(path), { recursive: true });
      const ids = columns.map((column, index) => `${quoteIdentifier(column.name)}: ${index + 1}`).join(", ");
      const count = await writer.rows(
        `COPY (${select}) TO ${quoteLiteral(path)} (FORMAT parquet, RETURN_STATS true, FIELD_IDS {${ids}})`,
      );
      const bytes = readFileSync(path);
      const table = tables.get(name) ?? { columns, snapshots: [] };
      tables.set(name, table);
      const file = {
        key,
        bytes: bytes.byteLength,
        rows: Number(count[0]?.["count"]),
        sha256: createHash("sha256").update(bytes).digest("hex"),
      };
      const files = [...(table.snapshots.at(-1)?.files ?? []), file];
      table.snapshots.push({ id: lastSnapshot, at: `2026-01-${lastSnapshot - 90}T00:00:00Z`, files });
      return lastSnapshot;
    },
    empty: (name, columns) => {
      tables.set(name, {
        columns: Object.entries(columns).map(([column, type]) => ({ name: column, type })),
        snapshots: [],
      });
    },
    path: (name, index) => join(folder, tableOf(name).snapshots.at(-1)?.files[index]?.key ?? ""),
    fetches: () => fetched,
    close: () => {
      writer.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

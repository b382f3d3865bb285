// Many appends of one row: merged behind the writers' backs, with every id, every row and every past state kept.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { fieldIdsClause, readSchema, selectList } from "#adapters/duckdb-columns";
import { sqliteState } from "#adapters/state";
import { catalog } from "#contracts/catalog";
import type { storage } from "#contracts/storage";
import type { SnapshotId } from "#contracts/shapes";
import type { Service } from "#rpc/contract";
import { implement, local } from "#rpc/local";
import { catalogd } from "#services/catalogd/service";
import { openStore } from "./catalog-damage.ts";

const folder = mkdtempSync(join(tmpdir(), "catalog-appends-"));
const COLUMNS = [
  { name: "id", type: "BIGINT" },
  { name: "full name", type: "VARCHAR" },
];
const DAY_MS = 24 * 60 * 60 * 1000;
let db: DuckDBConnection;
let store: Service<typeof storage>;
let service: Service<typeof catalog>;
let close: () => Promise<void>;
let laterMs = 0;

beforeAll(async () => {
  db = await (await DuckDBInstance.create(":memory:")).connect();
  mkdirSync(join(folder, "spool"));
  store = await openStore(folder);
  const daemon = await catalogd({
    storage: store,
    state: sqliteState(join(folder, "catalog.sqlite")),
    clock: { now: () => Date.now() + laterMs },
    background: true,
    scratch: join(folder, "scratch"),
  });
  service = local(implement(catalog, "catalogd", daemon.handlers, { checkOutputs: true }));
  close = () => daemon.close();
});
afterAll(async () => {
  await close();
  db.closeSync();
  rmSync(folder, { recursive: true, force: true });
});

/** One row, in a real file. */
async function append(dataset: string, id: number): Promise<SnapshotId> {
  const { prefix, columns, iceberg_schema } = await service.prepare({
    dataset,
    mode: "append",
    columns: COLUMNS,
  });
  const path = join(folder, "spool", `${dataset}-${id}.parquet`);
  const rows = `(SELECT ${id} AS id, 'name ${id}' AS "full name")`;
  await db.run(
    `COPY (SELECT ${selectList(columns)} FROM ${rows}) TO '${path}' (FORMAT parquet, ${fieldIdsClause(columns, iceberg_schema)})`,
  );
  const bytes = readFileSync(path);
  const sha256 = Bun.CryptoHasher.hash("sha256", bytes, "hex");
  const key = `${prefix}${sha256}.parquet`;
  await store.put({ key, body: new Blob([bytes]).stream() });
  const files = [{ key, rows: 1, bytes: bytes.length, sha256, stats: {} }];
  const commit = await service.commit({
    dataset,
    mode: "append",
    columns,
    files,
    commit_id: `${dataset}-${id}`,
  });
  return commit.snapshot_id;
}

async function idsIn(dataset: string, at?: SnapshotId): Promise<number[]> {
  const scan = await service.scan({ dataset, ...(at === undefined ? {} : { at }) });
  const paths = scan.files.map(({ key }) => `'${join(folder, "objects", key)}'`).join(", ");
  const sql = `SELECT id::INTEGER AS id FROM read_parquet([${paths}], schema = ${readSchema(scan.columns)}) WHERE "full name" = 'name ' || id ORDER BY id`;
  return (await db.runAndReadAll(sql)).getRowObjectsJson().map((row) => Number(row["id"]));
}

const upTo = (n: number): number[] => Array.from({ length: n }, (_, id) => id);

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await Bun.sleep(20);
}

describe("forty appends of one row", () => {
  const made: SnapshotId[] = [];
  test("become a handful of files by themselves", async () => {
    for (let id = 0; id < 40; id += 1) made.push(await append("t", id));
    await until(async () => (await service.dataset({ dataset: "t" })).files <= 8);
    const { rows, files } = await service.dataset({ dataset: "t" });
    expect(rows).toBe(40);
    expect((await service.scan({ dataset: "t" })).files).toHaveLength(files);
    expect(await idsIn("t")).toEqual(upTo(40));
  }, 60_000);

  test("keep their ids: merging is no snapshot of its own", async () => {
    const { snapshot_id } = await service.dataset({ dataset: "t" });
    expect(snapshot_id).toBe(made.at(-1) ?? 0);
    expect((await service.scan({ dataset: "t" })).snapshot_id).toBe(made.at(-1) ?? 0);
    const { snapshots } = await service.snapshots({ dataset: "t" });
    expect(snapshots.map((snapshot) => snapshot.snapshot_id)).toEqual(made.toReversed());
    expect(snapshots.map((snapshot) => snapshot.parent_id)).toEqual([...made.toReversed().slice(1), null]);
    expect(snapshots.filter(({ current }) => current).map((snapshot) => snapshot.snapshot_id)).toEqual([
      made.at(-1) ?? 0,
    ]);
    for (const n of [0, 7, 20, 39]) expect(await idsIn("t", made[n])).toEqual(upTo(n + 1));
    const tagged = await service.tag({ dataset: "t", name: "now" });
    expect(tagged.snapshot_id).toBe(made.at(-1) ?? 0);
    await service.maintain({ dataset: "t" });
    // The same rows in other files are no other snapshot to name.
    expect(await service.tag({ dataset: "t", name: "now" })).toEqual(tagged);
    expect((await service.snapshots({ dataset: "t", limit: 1 })).snapshots[0]?.tags).toEqual(["now"]);
    const { columns } = await service.prepare({ dataset: "t", mode: "append", columns: COLUMNS });
    const stale = service.commit({
      dataset: "t",
      mode: "append",
      columns,
      files: [],
      commit_id: "stale",
      if_snapshot_id: made[3] ?? 0,
    });
    expect(await stale.catch((fault: unknown) => fault)).toMatchObject({ code: "conflict" });
  });

  test("leave files that go once their snapshots expired, and not before; a dry run only counts", async () => {
    const parquet = (): number =>
      readdirSync(join(folder, "objects/warehouse/t/data")).filter((name) => name.endsWith(".parquet"))
        .length;
    const before = parquet();
    expect((await service.maintain({ dataset: "t", keep_days: 1 })).expired.snapshots).toBe(0);
    laterMs = 3 * DAY_MS;
    const told = await service.maintain({ dataset: "t", keep_days: 1, dry_run: true });
    expect(told.expired.snapshots).toBeGreaterThan(30);
    expect(parquet()).toBe(before);
    const done = await service.maintain({ dataset: "t", keep_days: 1 });
    expect(done.expired).toEqual(told.expired);
    expect(done.removed.files).toBeGreaterThan(80);
    expect(parquet()).toBeLessThan(10);
    expect(await idsIn("t")).toEqual(upTo(40));
    expect(await idsIn("t", "now")).toEqual(upTo(40));
    expect(await idsIn("t", made.at(-1))).toEqual(upTo(40));
    const gone = await service.scan({ dataset: "t", at: made[0] ?? 0 }).catch((fault: unknown) => fault);
    expect(gone).toMatchObject({ code: "not_found" });
    expect(await service.maintain({ dataset: "t", keep_days: 1 })).toMatchObject({
      compacted: { files_before: 0 },
      expired: { snapshots: 0 },
      removed: { files: 0 },
    });
  });
});

test("a file that a writer has stored and not committed yet is left alone", async () => {
  await append("u", 1);
  const { prefix } = await service.prepare({ dataset: "u", mode: "append", columns: COLUMNS });
  await store.put({ key: `${prefix}soon.parquet`, body: new Blob(["rows"]).stream() });
  laterMs = 0;
  expect((await service.maintain({ dataset: "u", keep_days: 0 })).removed.files).toBe(0);
  laterMs = 2 * DAY_MS;
  expect((await service.maintain({ dataset: "u", keep_days: 0 })).removed.files).toBeGreaterThan(0);
  expect(await idsIn("u")).toEqual([1]);
});

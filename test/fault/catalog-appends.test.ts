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
  }, 240_000);

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
    // Those that are current, tagged, or what the current ones were merged from: all forty, where merging came late.
    expect(parquet()).toBeLessThanOrEqual(40 + 1);
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

test("a chain of snapshots is whole when the merges in it are long past", async () => {
  laterMs = 0;
  const made: SnapshotId[] = [];
  for (let id = 0; id < 130; id += 1) {
    made.push(await append("long", id));
    if (id % 10 === 9) await service.maintain({ dataset: "long" });
  }
  const { snapshots } = await service.snapshots({ dataset: "long", limit: 1000 });
  expect(snapshots.map((snapshot) => snapshot.snapshot_id)).toEqual(made.toReversed());
  expect(snapshots.map((snapshot) => snapshot.parent_id)).toEqual([...made.toReversed().slice(1), null]);
  expect(await idsIn("long")).toEqual(upTo(130));
  expect(await idsIn("long", made[40])).toEqual(upTo(41));
}, 240_000);

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

describe("rows sent as JSON", () => {
  const row = (id: number) => ({ id, "full name": `name ${id}` });

  test("of many senders become few files, all of them, each once", async () => {
    await append("v", 0);
    const before = (await service.snapshots({ dataset: "v" })).snapshots.length;
    const sent = await Promise.all(
      Array.from({ length: 60 }, (_, n) => service.append({ dataset: "v", rows: [row(n + 1)] })),
    );
    expect(await idsIn("v")).toEqual(upTo(61));
    const { snapshots } = await service.snapshots({ dataset: "v" });
    expect(snapshots.length - before).toBeLessThan(10);
    const made = new Set(snapshots.map((snapshot) => snapshot.snapshot_id));
    for (const { snapshot_id, rows, replayed } of sent) {
      expect(made).toContain(snapshot_id);
      expect({ rows, replayed }).toEqual({ rows: 1, replayed: false });
    }
  }, 240_000);

  test("under one key are appended once, also when raced; with other rows the key is refused", async () => {
    await append("w", 0);
    const send = (id: number) => service.append({ dataset: "w", rows: [row(id)], idempotency_key: "k" });
    const raced = await Promise.all(Array.from({ length: 20 }, () => send(1)));
    expect(raced.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(new Set(raced.map(({ snapshot_id }) => snapshot_id)).size).toBe(1);
    expect(await send(1)).toMatchObject({ replayed: true, snapshot_id: raced[0]?.snapshot_id ?? 0 });
    expect(await send(2).catch((fault: unknown) => fault)).toMatchObject({ code: "conflict" });
    expect(await idsIn("w")).toEqual([0, 1]);
  }, 240_000);

  test("are exact, or refused with their place, and then none of them is appended", async () => {
    const columns = [
      { name: "n", type: "BIGINT" },
      { name: "pay", type: "DECIMAL(10,2)" },
      { name: "at", type: "TIMESTAMP WITH TIME ZONE" },
      { name: "day", type: "DATE" },
      { name: "ok", type: "BOOLEAN" },
      { name: "tags", type: "VARCHAR[]" },
      { name: "spot", type: "STRUCT(x INTEGER, y VARCHAR)" },
    ];
    const prepared = await service.prepare({ dataset: "x", mode: "append", columns });
    await service.commit({
      dataset: "x",
      mode: "append",
      columns: prepared.columns,
      files: [],
      commit_id: "0",
    });
    const good = {
      N: "9007199254740993",
      pay: 12.34,
      at: "2026-01-02T03:04:05.678901+02:00",
      day: "2024-02-29",
      ok: false,
      tags: ["a", null, 'q"'],
      spot: { x: -7, y: null },
    };
    await service.append({ dataset: "x", rows: [good, {}] });
    const { files, columns: found } = await service.scan({ dataset: "x" });
    const sql = `SELECT n, pay, epoch_us("at") AS "at", day, ok, tags, spot FROM read_parquet('${join(folder, "objects", files[0]?.key ?? "")}', schema = ${readSchema(found)})`;
    expect((await db.runAndReadAll(sql)).getRowObjectsJson()).toEqual([
      {
        n: "9007199254740993",
        pay: "12.34",
        at: "1767315845678901",
        day: "2024-02-29",
        ok: false,
        tags: ["a", null, 'q"'],
        spot: { x: -7, y: null },
      },
      { n: null, pay: null, at: null, day: null, ok: null, tags: null, spot: null },
    ]);
    const bad: [Record<string, unknown>, string][] = [
      [{ n: 1.5 }, "rows[1].n"],
      [{ n: "99999999999999999999" }, "rows[1].n"],
      [{ pay: 1.239 }, "rows[1].pay"],
      [{ pay: "1e3" }, "rows[1].pay"],
      [{ at: "2026-01-02T03:04:05" }, "rows[1].at"],
      [{ at: "2026-01-02T03:04:05.1234567Z" }, "rows[1].at"],
      [{ day: "2026-02-30" }, "rows[1].day"],
      [{ at: "2026-01-02T25:00:00Z" }, "rows[1].at"],
      [{ ok: "true" }, "rows[1].ok"],
      [{ tags: ["a", 5] }, "rows[1].tags[1]"],
      [{ spot: { z: 1 } }, "rows[1].spot.z"],
      [{ dai: "2026-01-01" }, "rows[1].dai"],
      [{ n: 1, N: 2 }, "rows[1].N"],
    ];
    for (const [wrong, path] of bad) {
      const fault = await service
        .append({ dataset: "x", rows: [good, wrong] })
        .catch((thrown: unknown) => thrown);
      expect(fault).toMatchObject({ code: "rejected", details: [{ path }] });
    }
    expect((await service.dataset({ dataset: "x" })).rows).toBe(2);
    const nobody = await service.append({ dataset: "nobody", rows: [{}] }).catch((thrown: unknown) => thrown);
    expect(nobody).toMatchObject({ code: "not_found" });
  }, 240_000);
});

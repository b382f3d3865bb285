import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Duckdb, openDuckdb } from "#adapters/duckdb";
import { present } from "#lib/assert";
import { quoteLiteral } from "#lib/sql-text";
import type { Opening, View } from "./contract.ts";
import { type Instance, type InstanceSettings, settle } from "./instance.ts";
import { Instances } from "./instances.ts";

const NEVER = new AbortController().signal;
const PLACES = 8;

let folder: string;
let settings: InstanceSettings;
let writer: Duckdb;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "queryd-instances-"));
  const [tempDir, copiesDir] = [join(folder, "spill"), join(folder, "copies")];
  for (const path of [tempDir, copiesDir]) mkdirSync(path);
  settings = { memoryBytesMax: 2 ** 28, threads: 1, tempBytesMax: 2 ** 28, tempDir, copiesDir };
  writer = await openDuckdb(settings);
});
afterAll(() => {
  writer.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A dataset of `rows` rows, whose `n` is its number. */
async function dataset(number: number, rows = 3): Promise<View> {
  const path = join(folder, `${number}.parquet`);
  await writer.run(
    `COPY (SELECT ${number}::BIGINT AS n, random() AS noise FROM range(${rows})) TO ${quoteLiteral(path)} (FORMAT parquet, FIELD_IDS {n: 1, noise: 2})`,
  );
  const bytes = readFileSync(path);
  const sha256 = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
  return {
    name: "v",
    columns: [{ id: 1, name: "n", type: "BIGINT" }],
    masked: [],
    files: [{ path, key: `data/${number}`, bytes: bytes.length, sha256 }],
  };
}

const opening = (views: View[], time_zone = "UTC"): Opening => ({ views, time_zone });

async function numbersIn({ db }: Instance): Promise<number[]> {
  return (await db.rows("SELECT DISTINCT n FROM v")).map(({ n }) => Number(n));
}

test("the last few sets of views are open; one more takes the place of the oldest, with its files alone", async () => {
  const instances = new Instances(settings);
  const views = await Promise.all(Array.from({ length: PLACES + 2 }, (_, number) => dataset(number)));
  const made: Instance[] = [];
  for (const [number, view] of views.entries()) {
    const instance = await instances.open(`set ${number}`, opening([view]), NEVER);
    expect(await numbersIn(instance)).toEqual([number]);
    made.push(instance);
  }
  const [first, , third, ...later] = made;
  expect(new Set(made.map(({ db }) => db)).size).toBe(PLACES);
  expect(made.at(-2)).toBe(present(first, "the first"));
  expect([instances.get("set 0"), instances.get("set 1")]).toEqual([undefined, undefined]);
  expect(instances.get("set 2")).toBe(present(third, "the third"));
  expect(await numbersIn(present(third, "the third"))).toEqual([2]);

  const moved = present(later.at(-1), "the last");
  const copies = present(moved.copies, "copies");
  expect(readdirSync(copies.folder).map((name) => join(copies.folder, name))).toEqual([...moved.paths]);
  const others = [...present(third, "the third").paths, present(views[0]?.files[0], "a file").path];
  for (const path of others) {
    const read = moved.db.rows(`FROM read_parquet(${quoteLiteral(path)})`);
    expect(String(await read.catch((error: unknown) => error))).toContain("Cannot access");
  }
});

test("an instance of large files, another time zone or PIVOTs is opened for these alone", async () => {
  const instances = new Instances(settings);
  const large = await dataset(100, 200_000);
  const before: Instance[] = [];
  for (let number = 0; number < PLACES; number += 1) {
    const views = [number === 0 ? large : await dataset(200 + number)];
    const zone = number === 1 ? "Asia/Tokyo" : "UTC";
    before.push(await instances.open(`set ${number}`, opening(views, zone), NEVER));
  }
  const [ofLarge, , pivoted, movable] = before;
  expect(ofLarge?.copies).toBeUndefined();
  expect(ofLarge?.paths).toEqual(large.files.map(({ path }) => path));
  present(pivoted, "one").pivots = 1;
  expect(await instances.open("small", opening([await dataset(300)]), NEVER)).toBe(present(movable, "one"));
  expect(before).not.toContain(await instances.open("large", opening([large]), NEVER));
});

test("a damaged file is told, and what was to read it is closed", async () => {
  const instances = new Instances(settings);
  for (let number = 0; number < PLACES; number += 1)
    await instances.open(`set ${number}`, opening([await dataset(400 + number)]), NEVER);
  const view = await dataset(500);
  const file = present(view.files[0], "a file");
  writeFileSync(file.path, Buffer.alloc(file.bytes, 7));
  const damaged = instances.open("damaged", opening([view]), NEVER);
  expect(await damaged.catch((error: unknown) => error)).toMatchObject({ code: "internal" });
  expect(instances.get("damaged")).toBeUndefined();
  expect(instances.get("set 0")).toBeUndefined();
  const next = await instances.open("next", opening([await dataset(501)]), NEVER);
  expect(await numbersIn(next)).toEqual([501]);
});

test("views that are asked often say the same, and a set of them is opened anew under its key", async () => {
  const instances = new Instances(settings);
  const instance = await instances.open("set", opening([await dataset(600)]), NEVER);
  const forms = new Set<string>();
  for (let asked = 0; asked < 20; asked += 1) {
    await settle(instance);
    expect(await numbersIn(instance)).toEqual([600]);
    const [view] = await instance.db.rows("SELECT sql FROM duckdb_views() WHERE view_name = 'v'");
    forms.add(String(view?.["sql"]).includes('"schema"') ? "by id" : "by name");
  }
  expect([...forms]).toEqual(["by id", "by name"]);
  const again = await instances.open("set", opening([await dataset(601)]), NEVER);
  expect(instances.get("set")).toBe(again);
  expect(await numbersIn(again)).toEqual([601]);
});

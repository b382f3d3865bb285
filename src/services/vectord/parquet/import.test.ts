// Bulk imports of Parquet, through vectord's contract: what files by other programs look like, what is refused, and that a
// file that is refused midway has written what its answer says, so that the same file may be sent again.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Duckdb, openDuckdb } from "#adapters/duckdb";
import type { vector } from "#contracts/vector";
import type { Bytes, Service } from "#rpc/contract";
import type { Fault } from "#rpc/fault";
import { quoteLiteral } from "#lib/sql-text";
import { type Started, startEngine } from "../engine.testing.ts";
import { openStorage } from "../../../../test/lake/storage.ts";

const storage = await openStorage();
let folder: string;
let db: Duckdb;
let engine: Started;
let service: Service<typeof vector>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vectord-parquet-"));
  [db, engine] = await Promise.all([
    openDuckdb({ memoryBytesMax: 256e6, threads: 1, tempDir: folder, tempBytesMax: 1e9 }),
    startEngine({ storage: storage.service }),
  ]);
  ({ service } = engine);
});
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

async function parquet(select: string): Promise<Uint8Array<ArrayBuffer>> {
  const path = join(folder, "made.parquet");
  await db.run(`COPY (${select}) TO ${quoteLiteral(path)} (FORMAT parquet, ROW_GROUP_SIZE 2048)`);
  return new Uint8Array(readFileSync(path));
}

/** In pieces that end anywhere. */
function inPieces(bytes: Uint8Array, size = 70_001): Bytes {
  let at = 0;
  return new ReadableStream({
    pull: (controller) => {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.subarray(at, (at += size)));
    },
  });
}

const faultOf = (work: Promise<unknown>): Promise<Pick<Fault, "code" | "message">> =>
  work.then(
    () => ({ code: "internal", message: "nothing thrown" }) as const,
    (thrown: unknown) => thrown as Fault,
  );

test("every kind of number in a list, ids of any type, and the other columns as metadata", async () => {
  await service.create({ index: "kinds", dimension: 2, metric: "euclidean", fields: { role: "keyword" } });
  const lists = [
    "[n, 0.5]::FLOAT[]",
    "[n, 0.5]::DOUBLE[]",
    "[n, 0.5]::FLOAT[2]",
    "[n, 0.5]::DECIMAL(9,2)[]",
    "[n, 1]::SMALLINT[]",
  ];
  for (const [at, list] of lists.entries()) {
    const body = inPieces(
      await parquet(
        `SELECT ${list} AS "the vector", n + ${at * 10} AS doc, 'Line "Cook"' AS role, DATE '2026-11-30' AS day, {'deep': [1, NULL]} AS "odd name" FROM (SELECT range AS n FROM range(3))`,
      ),
    );
    const done = await service.import({
      index: "kinds",
      format: "parquet",
      id: "doc",
      vector: "the vector",
      body,
    });
    expect(done.imported).toBe(3);
  }
  const { items } = await service.fetch({ index: "kinds", ids: ["12", "42"], encoding: "float" });
  const metadata = { role: 'Line "Cook"', day: "2026-11-30", "odd name": { deep: [1, null] } };
  expect(items).toEqual([
    { id: "12", vector: [2, 0.5], metadata },
    { id: "42", vector: [2, 1], metadata },
  ]);
  const { hits } = await service.search({
    index: "kinds",
    vector: [0, 0],
    filter: { role: 'Line "Cook"' },
    k: 20,
  });
  expect(hits.length).toBe(15);
});

test("a row that is refused is told by its number, with how many are in; the mended file goes in whole", async () => {
  await service.create({ index: "rows", dimension: 3, metric: "euclidean" });
  const select = (vectorOfOdd: string, id = "'i' || n"): string =>
    `SELECT ${id} AS id, CASE WHEN n = 2345 THEN ${vectorOfOdd} ELSE [n, 1, 2]::DOUBLE[] END AS vector, n FROM (SELECT range AS n FROM range(5000))`;
  for (const odd of [
    "NULL",
    "[1, 2]::DOUBLE[]",
    "[1, NULL, 2]::DOUBLE[]",
    "[1, 'nan'::DOUBLE, 2]",
    "[1e300, 1, 1]",
  ]) {
    const { code, message } = await faultOf(
      service.import({ index: "rows", format: "parquet", body: inPieces(await parquet(select(odd))) }),
    );
    expect({ odd, code }).toEqual({ odd, code: "invalid" });
    expect(message).toContain("Row 2345 is refused");
    expect(message).toContain("2000 items before it are in.");
    expect((await service.index({ index: "rows" })).count).toBe(2000);
  }
  const nameless = await parquet(select("[0, 0, 0]::DOUBLE[]", "CASE WHEN n = 17 THEN NULL ELSE n END"));
  const { message } = await faultOf(
    service.import({ index: "rows", format: "parquet", body: inPieces(nameless) }),
  );
  expect(message).toContain("Row 17 is refused");
  const whole = await parquet(select("[0, 0, 0]::DOUBLE[]"));
  const done = await service.import({ index: "rows", format: "parquet", body: inPieces(whole, 3) });
  expect(done.imported).toBe(5000);
  expect((await service.index({ index: "rows" })).count).toBe(5000);
  const { items } = await service.fetch({ index: "rows", ids: ["i4999"], encoding: "float" });
  expect(items).toEqual([{ id: "i4999", vector: [4999, 1, 2], metadata: { n: 4999 } }]);
});

test("what is no Parquet file, lacks a column or has no list of numbers is refused, and nothing is left on the disk", async () => {
  await service.create({ index: "odd", dimension: 2 });
  const bytes = await parquet("SELECT 'a' AS id, [1, 2]::FLOAT[] AS vector, 'x' AS words");
  const cut = bytes.slice(0, bytes.length - 9);
  const cases: [Uint8Array, Record<string, string>, string][] = [
    [new TextEncoder().encode('{"id":"a","vector":[1,2]}\n'), {}, "not a Parquet file"],
    [new Uint8Array(), {}, "not a Parquet file"],
    [cut, {}, "not a Parquet file"],
    [bytes, { id: "doc" }, "no column doc. It has: id, vector, words"],
    [bytes, { vector: "words" }, "the column words is VARCHAR"],
  ];
  for (const [body, columns, why] of cases) {
    const { code, message } = await faultOf(
      service.import({ index: "odd", format: "parquet", body: inPieces(body), ...columns }),
    );
    expect({ why, code }).toEqual({ why, code: "invalid" });
    expect(message).toContain(why);
    expect(message).not.toContain(engine.folder);
  }
  expect((await service.index({ index: "odd" })).count).toBe(0);
  expect(readdirSync(engine.folder).filter((name) => name.startsWith("."))).toEqual([]);
});

test("an object in storage is imported by its key, as either format, and never beside a body", async () => {
  await service.create({ index: "stored", dimension: 2 });
  const none = (): Bytes => inPieces(new Uint8Array());
  await storage.service.put({
    key: "uploads/v.parquet",
    body: inPieces(await parquet("SELECT range AS id, [range, 1]::FLOAT[] AS vector FROM range(20)")),
  });
  const lines = new TextEncoder().encode('{"id":"line","vector":[1,2]}\n');
  await storage.service.put({ key: "uploads/v.ndjson", body: inPieces(lines) });
  const imported = await service.import({
    index: "stored",
    format: "parquet",
    key: "uploads/v.parquet",
    body: none(),
  });
  expect(imported.imported).toBe(20);
  expect((await service.import({ index: "stored", key: "uploads/v.ndjson", body: none() })).imported).toBe(1);
  expect((await service.index({ index: "stored" })).count).toBe(21);
  const missing = service.import({ index: "stored", key: "uploads/none", body: none() });
  expect((await faultOf(missing)).code).toBe("not_found");
  const both = service.import({ index: "stored", key: "uploads/v.ndjson", body: inPieces(lines) });
  expect((await faultOf(both)).code).toBe("invalid");
});

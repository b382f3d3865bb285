import { afterAll, beforeAll, expect, test } from "bun:test";
import { memoryOf } from "#lib/memory.testing";
import { RecordBatchReader, type Table, tableFromIPC } from "apache-arrow";
import { join } from "node:path";
import { query } from "#contracts/query";
import type { Bytes, Service } from "#rpc/contract";
import { implement, local } from "#rpc/local";
import { queryd, type Queryd } from "../service.ts";
import { type Lake, openLake } from "../../../../test/lake/lake.ts";

const ARROW = "application/vnd.apache.arrow.stream";
const MEBIBYTE = 1024 ** 2;

let lake: Lake;
let daemon: Queryd;
let service: Service<typeof query>;
beforeAll(async () => {
  lake = await openLake();
  daemon = queryd({
    catalog: lake.catalog,
    storage: lake.storage,
    settings: { cacheDir: join(lake.folder, "cache"), workersMax: 1 },
  });
  service = local(implement(query, "queryd", daemon.handlers));
});
afterAll(async () => {
  await daemon.close();
  await lake.close();
});

const bodyOf = async (sql: string): Promise<Bytes> => {
  const result = await service.sqlStream({ sql, accept: ARROW, timeout_ms: 300_000 });
  expect(result.headers["content-type"]).toBe(ARROW);
  return result.body as Bytes;
};

const tableOf = async (sql: string): Promise<Table> =>
  tableFromIPC(new Uint8Array(await new Response(await bodyOf(sql)).arrayBuffer()));

/** A value as JSON has it; bigints as text. */
const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? String(each) : each)));

test.each([
  ["true", "Bool", true],
  ["-5::TINYINT", "Int8", -5],
  ["-500::SMALLINT", "Int16", -500],
  ["-70000::INTEGER", "Int32", -70_000],
  ["-9007199254740993::BIGINT", "Int64", "-9007199254740993"],
  ["200::UTINYINT", "Uint8", 200],
  ["60000::USMALLINT", "Uint16", 60_000],
  ["4000000000::UINTEGER", "Uint32", 4_000_000_000],
  ["18446744073709551615::UBIGINT", "Uint64", "18446744073709551615"],
  ["340282366920938463463374607431768211455::UHUGEINT", "Utf8", "340282366920938463463374607431768211455"],
  ["12345678901234567890::BIGNUM", "Utf8", "12345678901234567890"],
  ["1.5::FLOAT", "Float32", 1.5],
  ["0.1::DOUBLE", "Float64", 0.1],
  ["'ä €'", "Utf8", "ä €"],
  ["''", "Utf8", ""],
  ["'b'::ENUM('a', 'b')", "Utf8", "b"],
  ["'{\"a\":1}'::JSON", "Utf8", '{"a":1}'],
  ["'6a1f4b0e-2f0c-4b5e-9d0a-0123456789ab'::UUID", "Utf8", "6a1f4b0e-2f0c-4b5e-9d0a-0123456789ab"],
  ["'101'::BIT", "Utf8", "101"],
  ["DATE '1969-12-31'", "Date32<DAY>", Date.UTC(1969, 11, 31)],
  ["TIME '01:02:03.000004'", "Time64<MICROSECOND>", "3723000004"],
  ["TIMESTAMP '2026-11-21 05:00:00.5'", "Timestamp<MICROSECOND>", Date.UTC(2026, 10, 21, 5, 0, 0, 500)],
  ["TIMESTAMPTZ '2026-11-21 05:00:00+01'", "Timestamp<MICROSECOND, UTC>", Date.UTC(2026, 10, 21, 4)],
  ["TIMESTAMP_S '2026-11-21 05:00:00'", "Timestamp<SECOND>", Date.UTC(2026, 10, 21, 5)],
  ["TIMESTAMP_MS '2026-11-21 05:00:00'", "Timestamp<MILLISECOND>", Date.UTC(2026, 10, 21, 5)],
  ["TIMESTAMP_NS '2026-11-21 05:00:00'", "Timestamp<NANOSECOND>", Date.UTC(2026, 10, 21, 5)],
  ["TIMETZ '01:02:03+02'", "Utf8", "01:02:03+02"],
  ["INTERVAL '1 year 2 days'", "Utf8", "P1Y2D"],
  ["union_value(n := 7)", "Utf8", "7"],
  ["[1, NULL, 3]", "List<Int32>", [1, null, 3]],
  ["[]::INTEGER[]", "List<Int32>", []],
  ["[[1], NULL, []]", "List<List<Int32>>", [[1], null, []]],
  ["[1, 2]::FLOAT[2]", "FixedSizeList[2]<Float32>", [1, 2]],
  ["{'a': 1, 'b': {'c': 'x'}}", "Struct<{a:Int32, b:Struct<{c:Utf8}>}>", { a: 1, b: { c: "x" } }],
  ["MAP {'x': 1, 'y': NULL}", "Map<{key:Utf8, value:Int32}>", { x: 1, y: null }],
])("a column of %s is read back as %s, with and without NULL", async (sql, type, value) => {
  const table = await tableOf(`FROM (VALUES (${sql}), (NULL), (${sql})) AS t(v)`);
  const column = table.getChild("v");
  expect(String(column?.type)).toBe(type);
  expect([0, 1, 2].map((row) => plain(column?.get(row)))).toEqual([value, null, value]);
  const whole = (await tableOf(`SELECT ${sql} AS v`)).getChild("v");
  expect(plain(whole?.get(0))).toEqual(value);
  expect(whole?.nullCount).toBe(0);
});

test("decimals and HUGEINT are 128 bits wide, of either sign", async () => {
  const table = await tableOf(
    "SELECT -1.25::DECIMAL(10, 2) AS d, 170141183460469231.5::DECIMAL(38, 1) AS w, (-(2::HUGEINT ** 70)::HUGEINT) AS h",
  );
  expect(table.schema.fields.map(({ type }) => [type.scale, type.precision, type.bitWidth])).toEqual([
    [2, 10, 128],
    [1, 38, 128],
    [0, 38, 128],
  ]);
  const wide = (name: string): bigint => {
    const [a, b, c, d] = new BigUint64Array(Array.from(table.getChild(name)?.get(0) as Uint32Array, BigInt));
    return BigInt.asIntN(128, (a ?? 0n) | ((b ?? 0n) << 32n) | ((c ?? 0n) << 64n) | ((d ?? 0n) << 96n));
  };
  expect([wide("d"), wide("w"), wide("h")]).toEqual([-125n, 1701411834604692315n, -(2n ** 70n)]);
});

test("blobs keep every byte, also those that look like an end", async () => {
  const table = await tableOf("SELECT '\\xFF\\x00\\x00\\x00\\x00\\xFF'::BLOB AS b, NULL AS n");
  expect(Array.from(table.getChild("b")?.get(0) as Uint8Array)).toEqual([255, 0, 0, 0, 0, 255]);
  expect(String(table.getChild("n")?.type)).not.toBe("");
});

test("a result without rows has its schema; columns of one name are told apart", async () => {
  const table = await tableOf("SELECT 1 AS a, 'x' AS a WHERE false");
  expect([table.numRows, table.schema.names]).toEqual([0, ["a", "a_1"]]);
});

test("what is wrong before the first batch is a fault, later the stream is cut", async () => {
  const fault = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => "whole",
      (thrown: unknown) => thrown,
    );
  expect(await fault(bodyOf("SELECT error('now')"))).toMatchObject({ code: "invalid", message: "now" });
  expect(await fault(bodyOf("SELECT 100000000000000000000000000000000000000::HUGEINT AS h"))).toMatchObject({
    code: "rejected",
  });
  const late = await bodyOf(
    "SELECT CASE WHEN range = 900000 THEN error('late') ELSE range END AS v FROM range(1000000)",
  );
  expect(await fault(new Response(late).arrayBuffer())).toMatchObject({ code: "invalid", message: "late" });
});

test("millions of rows come batch by batch, with flat memory", async () => {
  let [rows, batches, sum] = [0, 0, 0n];
  const grown = await memoryOf(async () => {
    const bytes: AsyncIterable<Uint8Array> = await bodyOf(
      "SELECT range AS id, 'name ' || range AS name, (range / 4)::DECIMAL(12, 2) AS pay FROM range(4000000)",
    );
    // oxlint-disable-next-line typescript/await-thenable -- of a stream it is a promise, whatever its types say
    const reader = await RecordBatchReader.from(bytes);
    for await (const batch of reader) {
      rows += batch.numRows;
      batches += 1;
      sum += batch.getChildAt(0)?.get(batch.numRows - 1) as bigint;
    }
  });
  expect(rows).toBe(4_000_000);
  expect(batches).toBeGreaterThan(400);
  expect(sum).toBeGreaterThan(0n);
  // The whole result is some 240 MiB; whoever reads it here is the same process as queryd.
  expect(grown / MEBIBYTE).toBeLessThan(64);
}, 240_000);

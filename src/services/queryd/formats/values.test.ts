import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Duckdb, openDuckdb } from "#adapters/duckdb";
import { csv, jsonResult, ndjson, uniqueNames } from "./text.ts";
import { dateText } from "./values.ts";

const folder = mkdtempSync(join(tmpdir(), "queryd-values-"));
let db: Duckdb;
beforeAll(async () => {
  db = await openDuckdb({ memoryBytesMax: 512e6, threads: 1, tempDir: folder, tempBytesMax: 1e9 });
});
afterAll(() => {
  db.close();
  rmSync(folder, { recursive: true });
});

interface Result {
  columns: { name: string; type: string }[];
  rows: Record<string, unknown>[];
  row_count: number;
  truncated: boolean;
}

const resultOf = async (sql: string, limit = 100): Promise<Result> => {
  const stream = await db.stream(sql);
  return JSON.parse(Buffer.from(await jsonResult(stream, () => stream.next(), limit)).toString()) as Result;
};
const valueOf = async (expression: string): Promise<unknown> =>
  (await resultOf(`SELECT ${expression} AS v`)).rows[0]?.["v"];
const csvOf = async (sql: string): Promise<string> => {
  const stream = await db.stream(sql);
  return (await Array.fromAsync(csv(stream, () => stream.next()))).join("");
};

describe("as JSON", () => {
  test.each<[expression: string, value: unknown]>([
    ["NULL", null],
    ["true", true],
    ["42::TINYINT", 42],
    ["4294967295::UINTEGER", 4294967295],
    ["9007199254740991", 9007199254740991],
    ["-9007199254740991", -9007199254740991],
    ["9007199254740992", "9007199254740992"],
    ["(-9007199254740993)::BIGINT", "-9007199254740993"],
    ["18446744073709551615::UBIGINT", "18446744073709551615"],
    ["sum(7::BIGINT)", 7],
    ["170141183460469231731687303715884105727::HUGEINT", "170141183460469231731687303715884105727"],
    ["123456789012345678901234567890::BIGNUM", "123456789012345678901234567890"],
    ["1.50::DECIMAL(10, 2)", "1.50"],
    ["-0.05::DECIMAL(38, 20)", "-0.05000000000000000000"],
    ["0.1::DOUBLE", 0.1],
    ["1e300::DOUBLE", 1e300],
    ["0.1::FLOAT", 0.1],
    ["16777216::FLOAT", 16777216],
    ["3.4028235e38::FLOAT", 3.4028235e38],
    ["'NaN'::DOUBLE", "NaN"],
    ["'inf'::DOUBLE", "Infinity"],
    ["'-inf'::FLOAT", "-Infinity"],
    ["'quote \" slash \\ line\nend'", 'quote " slash \\ line\nend'],
    ["'\u00e4\u{1f600}\u0001\u2028'", "\u00e4\u{1f600}\u0001\u2028"],
    ["'b'::ENUM('a', 'b')", "b"],
    ["DATE '2024-02-29'", "2024-02-29"],
    ["DATE '0001-01-01'", "0001-01-01"],
    ["DATE '0044-03-15 (BC)'", "-000043-03-15"],
    ["DATE '12024-01-01'", "+012024-01-01"],
    ["'infinity'::DATE", "infinity"],
    ["TIME '23:59:59.5'", "23:59:59.500"],
    ["'10:00:00+02'::TIMETZ", "10:00:00+02"],
    ["TIMESTAMP '2024-02-29 12:34:56'", "2024-02-29T12:34:56"],
    ["TIMESTAMP '2024-02-29 12:34:56.789'", "2024-02-29T12:34:56.789"],
    ["TIMESTAMP '2024-02-29 12:34:56.000001'", "2024-02-29T12:34:56.000001"],
    ["TIMESTAMP '1969-12-31 23:59:59.9'", "1969-12-31T23:59:59.900"],
    ["TIMESTAMP_NS '2024-01-01 00:00:00.123456789'", "2024-01-01T00:00:00.123456789"],
    ["TIMESTAMP_S '2024-01-01 00:00:00'", "2024-01-01T00:00:00"],
    ["TIMESTAMP_MS '2024-01-01 00:00:00.25'", "2024-01-01T00:00:00.250"],
    ["TIMESTAMPTZ '2024-01-01 02:00:00+02'", "2024-01-01T00:00:00Z"],
    ["'-infinity'::TIMESTAMP", "-infinity"],
    ["TIMESTAMP '290000-01-01 00:00:00.000001'", "+290000-01-01T00:00:00.000001"],
    ["INTERVAL 0 DAY", "PT0S"],
    ["INTERVAL '14 months 3 days 4 hours 5.5 seconds'", "P1Y2M3DT4H5.500S"],
    ["INTERVAL '-90 minutes'", "PT-1H-30M"],
    ["'\\xDE\\xAD'::BLOB", "3q0="],
    ["'8d4f7b8e-1c1f-4bb1-9a55-0c6a9f2b8b11'::UUID", "8d4f7b8e-1c1f-4bb1-9a55-0c6a9f2b8b11"],
    ["'0101'::BIT", "0101"],
    ["[1, NULL, 3]", [1, null, 3]],
    ["[1.5, 2.5]::DOUBLE[2]", [1.5, 2.5]],
    ["[]::INTEGER[]", []],
    ["{'a': 1, 'b c': [{'d': DATE '2024-01-01'}]}", { a: 1, "b c": [{ d: "2024-01-01" }] }],
    ["MAP {'k': 1, 'l': NULL}", { k: 1, l: null }],
    ["MAP {2: 'two'}", { "2": "two" }],
    ["MAP {[1]: 'list'}", [{ key: [1], value: "list" }]],
    ["union_value(n := 5)", 5],
    ["union_value(n := NULL::INTEGER)", null],
    ["'{\"a\": [1, null]}'::JSON", { a: [1, null] }],
    ["to_json([1, 2])", [1, 2]],
    ["json_pretty('{\"a\":1}')", JSON.stringify({ a: 1 }, null, 4)],
    ["[TIMESTAMPTZ '2024-01-01 00:00:00+00']", ["2024-01-01T00:00:00Z"]],
    ["[9007199254740993, 1]", ["9007199254740993", 1]],
  ])("%s", async (expression, value) => {
    expect(await valueOf(expression)).toEqual(value);
  });

  test("documents and nested values too deep for readers of JSON are strings", async () => {
    const nested = (levels: number): string => `${"[".repeat(levels)}${"]".repeat(levels)}`;
    expect(await valueOf(`'${nested(50)}'::JSON`)).toEqual(JSON.parse(nested(50)));
    expect(await valueOf(`'${nested(51)}'::JSON`)).toBe(nested(51));
    expect(await valueOf("(repeat('[', 200000) || repeat(']', 200000))::JSON")).toBe(nested(200_000));
    expect(await valueOf(`'["${"[".repeat(300)}"]'::JSON`)).toEqual(["[".repeat(300)]);
    expect(await valueOf(`'{"a\\"[":[${"[],".repeat(200)}[]]}'::JSON`)).toBeObject();
    expect(await valueOf(`${"[".repeat(60)}7${"]".repeat(60)}`)).toBe(`${"[".repeat(60)}7${"]".repeat(60)}`);
  });

  test("names types as DuckDB does, and JSON as JSON", async () => {
    const { columns } = await resultOf("SELECT 1::DECIMAL(9, 3) a, [1] b, '1'::JSON c, now() d");
    expect(columns.map(({ type }) => type)).toEqual([
      "DECIMAL(9,3)",
      "INTEGER[]",
      "JSON",
      "TIMESTAMP WITH TIME ZONE",
    ]);
  });

  test("every date of ten thousand years is what the platform says", () => {
    fc.assert(
      fc.property(fc.integer({ min: -719_528, max: 2_932_896 }), (days) => {
        expect(dateText(days)).toBe(new Date(days * 86_400_000).toISOString().slice(0, 10));
      }),
      { numRuns: 5000 },
    );
  });

  test("times, floats and integers come back as they went in", async () => {
    const micros = fc.bigInt({ min: -(2n ** 55n), max: 2n ** 55n });
    await fc.assert(
      fc.asyncProperty(micros, fc.float({ noNaN: true, noDefaultInfinity: true }), async (at, float) => {
        const { rows } = await resultOf(`SELECT make_timestamp(${at}) t, '${float}'::FLOAT f, ${at} i`);
        const [row] = rows;
        const [back] = await db.rows(
          `SELECT epoch_us('${String(row?.["t"]).replace(/^\+0?/, "")}'::TIMESTAMP) AS t`,
        );
        expect(back?.["t"]).toBe(at);
        expect(Math.fround(Number(row?.["f"]))).toBe(float === 0 ? 0 : float);
        expect(BigInt(row?.["i"] as number | string)).toBe(at);
      }),
      { numRuns: 200 },
    );
  });
});

describe("a JSON result", () => {
  test("ends at its limit and says so", async () => {
    expect(await resultOf("SELECT * FROM range(10)", 3)).toMatchObject({ row_count: 3, truncated: true });
    expect(await resultOf("SELECT * FROM range(3)", 3)).toMatchObject({ row_count: 3, truncated: false });
    expect(await resultOf("SELECT * FROM range(10000)", 4096)).toMatchObject({
      row_count: 4096,
      truncated: true,
    });
    expect(await resultOf("SELECT * FROM range(4096)", 4096)).toMatchObject({
      row_count: 4096,
      truncated: false,
    });
    expect(await resultOf("SELECT 1 WHERE false", 3)).toMatchObject({
      rows: [],
      row_count: 0,
      truncated: false,
    });
  });

  test("reads no further than it must", async () => {
    const started = performance.now();
    await resultOf("SELECT * FROM range(1000000000000)", 5);
    expect(performance.now() - started).toBeLessThan(60_000);
  });

  test("gives each column a name of its own", () => {
    const named = (...names: string[]): string[] => uniqueNames(names.map((name) => ({ name })));
    expect(named("a", "a", "a")).toEqual(["a", "a_1", "a_2"]);
    expect(named("a", "a_1", "a")).toEqual(["a", "a_1", "a_2"]);
    expect(named("a", "a", "a_1")).toEqual(["a", "a_2", "a_1"]);
    fc.assert(
      fc.property(fc.array(fc.constantFrom("a", "a_1", "a_2", "b", "a_1_1")), (names) => {
        const unique = named(...names);
        expect(new Set(unique).size).toBe(names.length);
        names.forEach((name, index) => expect(unique[index]?.startsWith(name)).toBe(true));
      }),
    );
  });

  test("a failure in mid-stream is a failure, not an end", async () => {
    const stream = await db.stream(
      "SELECT CASE WHEN range = 900000 THEN error('late') ELSE 'x' || range END AS v FROM range(1000000)",
    );
    const whole = jsonResult(stream, () => stream.next(), 2_000_000);
    const thrown = await whole.catch((error: unknown) => error);
    expect(thrown).toMatchObject({ name: "DuckdbError", kind: "Stream" });
  });
});

describe("a stream", () => {
  test("is a line of JSON a row", async () => {
    const stream = await db.stream("SELECT range AS a, '\n' AS b, '{\n\"x\":1}'::JSON AS c FROM range(5000)");
    const text = (await Array.fromAsync(ndjson(stream, () => stream.next()))).join("");
    const lines = text.split("\n");
    expect(lines.length).toBe(5001);
    expect(JSON.parse(lines[4999] ?? "")).toEqual({ a: 4999, b: "\n", c: { x: 1 } });
  });

  test("is CSV that tells NULL from an empty text", async () => {
    const rows =
      "SELECT * FROM (VALUES (1, 'x', '2024-01-01'::DATE), (NULL, '', NULL), (3, 'a,\"b\"\n', NULL)) t(\"n,m\", s, d)";
    expect(await csvOf(rows)).toBe('"n,m",s,d\n1,x,2024-01-01\n,"",\n3,"a,""b""\n",\n');
  });

  test("is CSV that DuckDB reads back", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: "grapheme", minLength: 1 }), { minLength: 2, maxLength: 20 }),
        async (texts) => {
          const clean = texts.map((text) => text.replaceAll("\0", "").replaceAll("\r", "") || "-");
          const literals = clean
            .map((text, index) => `(${index}, '${text.replaceAll("'", "''")}')`)
            .join(", ");
          const written = await csvOf(`SELECT * FROM (VALUES ${literals}) t(i, s)`);
          const path = join(folder, "back.csv");
          writeFileSync(path, written);
          const back = await db.rows(
            `SELECT s FROM read_csv('${path}', header = true, columns = {i: 'INT', s: 'VARCHAR'}, delim = ',', quote = '"', escape = '"', auto_detect = false) ORDER BY i`,
          );
          expect(back.map((row) => row["s"])).toEqual(clean);
        },
      ),
      { numRuns: 60 },
    );
  });
});

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import * as fc from "fast-check";

import {
  BOUND_LENGTH,
  type ColumnStatistics,
  lowerBound,
  metricsFromStatistics,
  truncateLower,
  truncateUpper,
  upperBound,
} from "./bounds.ts";
import { newSchema } from "./columns.ts";
import { copyStatement } from "./duckdb-sql.ts";
import { toLong } from "./long.ts";
import { compareValues, decodeValue, encodeValue, formatValue, parseValue, type Value } from "./values.ts";

const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(toLong);
/** The years 1 to 9999, which every reader of text agrees on. */
const micros = fc.bigInt({ min: -62_135_596_800_000_000n, max: 253_402_300_799_999_999n }).map(toLong);
const text = fc.string({ unit: "binary", maxLength: 40 });

const KINDS: readonly [string, fc.Arbitrary<Value>][] = [
  ["boolean", fc.boolean()],
  ["int", fc.integer()],
  ["long", long],
  ["float", fc.float({ noNaN: true })],
  ["double", fc.double({ noNaN: true })],
  ["date", fc.integer({ min: -719_162, max: 2_932_896 })],
  ["time", fc.integer({ min: 0, max: 86_399_999_999 })],
  ["timestamp", micros],
  ["timestamptz", micros],
  ["decimal(38,10)", fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n })],
  ["decimal(5,0)", fc.bigInt({ min: -99_999n, max: 99_999n })],
  ["string", text],
  ["uuid", fc.uuid()],
  ["binary", fc.uint8Array({ maxLength: 40 })],
  ["fixed[4]", fc.uint8Array({ minLength: 4, maxLength: 4 })],
];

const hex = (type: string, value: Value): string => encodeValue(type, value).toHex();

describe("single values", () => {
  test.each(KINDS)("of %s come back from their bytes and from their text", (type, values) => {
    fc.assert(
      fc.property(values, (value) => {
        expect(decodeValue(type, encodeValue(type, value))).toEqual(value);
        expect(parseValue(type, formatValue(type, value))).toEqual(value);
      }),
    );
  });

  test.each(KINDS)("of %s are ordered, and the order is total", (type, values) => {
    fc.assert(
      fc.property(values, values, (a, b) => {
        expect(Math.sign(compareValues(type, a, b)) + Math.sign(compareValues(type, b, a))).toBe(0);
        expect(compareValues(type, a, a)).toBe(0);
      }),
    );
  });

  test("have the bytes that the format names", () => {
    expect(hex("int", 34)).toBe("22000000");
    expect(hex("long", 34)).toBe("2200000000000000");
    expect(hex("long", -(2n ** 63n))).toBe("0000000000000080");
    expect(hex("boolean", true)).toBe("01");
    expect(hex("date", -1)).toBe("ffffffff");
    expect(hex("float", 1)).toBe("0000803f");
    expect(hex("decimal(9,2)", 1420n)).toBe("058c");
    expect(hex("decimal(9,2)", 0n)).toBe("00");
    expect(hex("decimal(9,2)", 128n)).toBe("0080");
    expect(hex("decimal(9,2)", -128n)).toBe("80");
    expect(hex("decimal(9,2)", -129n)).toBe("ff7f");
    expect(hex("uuid", "f79c3e09-677c-4bbd-a479-3f349cb785e7")).toBe("f79c3e09677c4bbda4793f349cb785e7");
    expect(hex("string", "é")).toBe("c3a9");
  });

  test("keep the width that their column had before it was widened", () => {
    expect(decodeValue("long", encodeValue("int", -7))).toBe(-7);
    expect(decodeValue("double", encodeValue("float", 0.5))).toBe(0.5);
    expect(decodeValue("decimal(38,2)", encodeValue("decimal(4,2)", -1234n))).toBe(-1234n);
    expect(decodeValue("int", new Uint8Array(3))).toBeUndefined();
  });

  test("put text in the order of its bytes, not of its UTF-16 codes", () => {
    expect(compareValues("string", "\uFFFD", "😀")).toBeLessThan(0);
    expect(compareValues("double", -0, 0)).toBeLessThan(0);
    expect(compareValues("double", NaN, Infinity)).toBeGreaterThan(0);
  });
});

describe("truncated bounds", () => {
  test("enclose every text within 16 code points", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 0, maxLength: 60 }), (value) => {
        const low = truncateLower("string", value) as string;
        const high = truncateUpper("string", value) as string | undefined;
        expect(compareValues("string", low, value)).toBeLessThanOrEqual(0);
        expect(Array.from(low).length).toBeLessThanOrEqual(BOUND_LENGTH);
        if (high === undefined) return;
        expect(compareValues("string", high, value)).toBeGreaterThanOrEqual(0);
        expect(Array.from(high).length).toBeLessThanOrEqual(BOUND_LENGTH);
        expect(high.isWellFormed()).toBe(true);
      }),
    );
  });

  test("increment the last code point that can be, and give up when none can", () => {
    expect(truncateUpper("string", "abcdefghijklmnop")).toBe("abcdefghijklmnop");
    expect(truncateUpper("string", "abcdefghijklmnopq")).toBe("abcdefghijklmnoq");
    const top = "\u{10FFFF}";
    expect(truncateUpper("string", `a${top.repeat(16)}`)).toBe("b");
    expect(truncateUpper("string", top.repeat(17))).toBeUndefined();
    expect(truncateUpper("string", `${"a".repeat(15)}\uD7FFz`)).toBe(`${"a".repeat(15)}\uE000`);
    expect(truncateUpper("string", `${"😀".repeat(16)}x`)).toBe(`${"😀".repeat(15)}😁`);
    expect(truncateLower("string", "😀".repeat(20))).toBe("😀".repeat(16));
  });

  test("of bytes do the same by byte", () => {
    const long = new Uint8Array(20).fill(0xff);
    expect(truncateUpper("binary", long)).toBeUndefined();
    long[3] = 0;
    expect(truncateUpper("binary", long)).toEqual(new Uint8Array([0xff, 0xff, 0xff, 1]));
    expect((truncateLower("binary", long) as Uint8Array).length).toBe(16);
    expect(truncateUpper("uuid", "f79c3e09-677c-4bbd-a479-3f349cb785e7")).toBe(
      "f79c3e09-677c-4bbd-a479-3f349cb785e7",
    );
  });

  test("cover both zeros, and leave out what cannot be read", () => {
    expect(lowerBound("double", "0.0")).toEqual(encodeValue("double", -0));
    expect(upperBound("double", "-0.0")).toEqual(encodeValue("double", 0));
    expect(upperBound("double", "nan")).toBeUndefined();
    expect(upperBound("date", "infinity")).toBeUndefined();
    expect(lowerBound("date", "0044-03-15 (BC)")).toBeUndefined();
    expect(lowerBound("date", "12345-01-01")).toEqual(encodeValue("date", 3_789_391));
    expect(lowerBound("int", undefined)).toBeUndefined();
  });
});

describe("DuckDB's statistics", () => {
  const folder = mkdtempSync(join(tmpdir(), "bounds-"));
  let db: DuckDBConnection;
  beforeAll(async () => {
    db = await (await DuckDBInstance.create(":memory:")).connect();
  });
  afterAll(() => {
    db.closeSync();
    rmSync(folder, { recursive: true, force: true });
  });

  const COLUMNS = [
    { name: "flag", type: "BOOLEAN" },
    { name: "small", type: "INTEGER" },
    { name: "big", type: "BIGINT" },
    { name: "huge", type: "HUGEINT" },
    { name: "ratio", type: "DOUBLE" },
    { name: "weight", type: "FLOAT" },
    { name: "price", type: "DECIMAL(10,2)" },
    { name: "day", type: "DATE" },
    { name: "clock", type: "TIME" },
    { name: "at", type: "TIMESTAMP" },
    { name: "at zone", type: "TIMESTAMP WITH TIME ZONE" },
    { name: "label", type: "VARCHAR" },
    { name: "key", type: "UUID" },
    { name: "raw", type: "BLOB" },
    { name: "tags", type: "VARCHAR[]" },
    { name: "spot", type: 'STRUCT("x y" INTEGER)' },
    { name: "none", type: "INTEGER" },
  ];

  test("become counts and bounds by field id", async () => {
    const schema = newSchema(COLUMNS);
    const id = (name: string): number => schema.fields.find((field) => field.name === name)?.id ?? -1;
    const rows = `(SELECT * FROM (VALUES
      (true, -5, 9007199254740993, 170141183460469231731687303715884105, 0.0, 1.5::FLOAT, -12.34, DATE '1969-12-31', TIME '01:02:03.5',
       TIMESTAMP '2020-01-02 03:04:05.678901', TIMESTAMPTZ '2020-01-02 03:04:05+02', repeat('é', 100), 'ffffffff-677c-4bbd-a479-3f349cb785e7'::UUID, '\\xFF'::BLOB, ['a'], {'x y': 3}, NULL),
      (false, 7, -9007199254740993, -1, -1e300, 'nan'::FLOAT, 0.05, DATE '2024-02-29', TIME '00:00:00',
       TIMESTAMP '1969-12-31 23:59:59.999999', TIMESTAMPTZ '2020-01-02 03:04:05+00', 'abc', '00000000-677c-4bbd-a479-3f349cb785e7', '\\x00\\xAB'::BLOB, [], NULL, NULL)
      ) AS t(${COLUMNS.map(({ name }) => `"${name}"`).join(", ")}))`;
    const sql = copyStatement({ schema, from: rows, path: join(folder, "all.parquet") });
    const [copied] = (await db.runAndReadAll(sql)).getRowObjectsJson();
    const metrics = metricsFromStatistics(
      schema,
      copied?.["column_statistics"] as unknown as ColumnStatistics[],
    );
    const range = (name: string): unknown[] => {
      const type = String(schema.fields.find((field) => field.name === name)?.type);
      return [metrics.lower_bounds, metrics.upper_bounds].map((bounds) => {
        const bound = bounds.get(id(name));
        return bound === undefined ? undefined : decodeValue(type, bound);
      });
    };
    expect(range("flag")).toEqual([false, true]);
    expect(range("small")).toEqual([-5, 7]);
    expect(range("big")).toEqual([-9007199254740993n, 9007199254740993n]);
    expect(range("huge")).toEqual([-1n, 170141183460469231731687303715884105n]);
    expect(range("ratio")).toEqual([-1e300, 0]);
    expect(range("weight")).toEqual([1.5, 1.5]);
    expect(range("price")).toEqual([-1234n, 5n]);
    expect(range("day")).toEqual([-1, 19782]);
    expect(range("clock")).toEqual([0, 3_723_500_000]);
    expect(range("at")).toEqual([-1, 1577934245678901]);
    expect(range("at zone")).toEqual([1577927045000000, 1577934245000000]);
    expect(range("label")).toEqual(["abc", `${"é".repeat(15)}ê`]);
    expect(range("key")).toEqual([
      "00000000-677c-4bbd-a479-3f349cb785e7",
      "ffffffff-677c-4bbd-a479-3f349cb785e7",
    ]);
    expect(range("raw")).toEqual([new Uint8Array([0, 0xab]), new Uint8Array([0xff])]);
    expect(range("none")).toEqual([undefined, undefined]);
    expect(metrics.null_value_counts.get(id("none"))).toBe(2);
    expect(metrics.value_counts.get(id("none"))).toBe(2);
    expect(metrics.nan_value_counts.get(id("ratio"))).toBe(0);
    expect(metrics.nan_value_counts.has(id("weight"))).toBe(false);
    expect(metrics.column_sizes.get(id("label"))).toBeGreaterThan(0);
    // The members of the list (18) and the struct (19): sizes for both, counts for what does not repeat.
    expect(metrics.column_sizes.has(18)).toBe(true);
    expect(metrics.value_counts.has(18)).toBe(false);
    expect(metrics.lower_bounds.get(19)).toEqual(encodeValue("int", 3));
    expect(metrics.null_value_counts.get(19)).toBe(1);
  });

  test("bound every text that DuckDB stores, also where it cuts them itself", async () => {
    const schema = newSchema([{ name: "t", type: "VARCHAR" }]);
    const path = join(folder, "text.parquet");
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.string({ unit: "binary", maxLength: 400 }).filter((s) => !s.includes("\0")),
          { minLength: 1, maxLength: 8 },
        ),
        async (texts) => {
          const list = texts.map((value) => `'${value.replaceAll("'", "''")}'`).join(", ");
          const [copied] = (
            await db.runAndReadAll(copyStatement({ schema, from: `(SELECT unnest([${list}]) AS t)`, path }))
          ).getRowObjectsJson();
          const metrics = metricsFromStatistics(
            schema,
            copied?.["column_statistics"] as unknown as ColumnStatistics[],
          );
          const low = metrics.lower_bounds.get(1);
          const high = metrics.upper_bounds.get(1);
          for (const value of texts) {
            const bytes = new TextEncoder().encode(value);
            if (low !== undefined) expect(Buffer.compare(low, bytes)).toBeLessThanOrEqual(0);
            if (high !== undefined) expect(Buffer.compare(high, bytes)).toBeGreaterThanOrEqual(0);
          }
          // Beyond 256 bytes DuckDB cuts on its own and may then give no bound at all.
          if (texts.every((value) => Buffer.byteLength(value) <= 256)) expect(low).toBeDefined();
        },
      ),
      { numRuns: 60 },
    );
  });
});

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import * as fc from "fast-check";

import { encodeValue, type Value } from "../iceberg/types/values.ts";
import { schemaOf } from "./columns.ts";
import { copied } from "./copy.testing.ts";
import { metricsOf } from "./metrics.ts";

describe("DuckDB's statistics", () => {
  const folder = mkdtempSync(join(tmpdir(), "metrics-"));
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
    const schema = schemaOf(COLUMNS);
    const id = (name: string): number => schema.fields.find((field) => field.name === name)?.id ?? -1;
    const rows = `(SELECT * FROM (VALUES
      (true, -5, 9007199254740993, 170141183460469231731687303715884105, 0.0, 1.5::FLOAT, -12.34, DATE '1969-12-31', TIME '01:02:03.5',
       TIMESTAMP '2020-01-02 03:04:05.678901', TIMESTAMPTZ '2020-01-02 03:04:05+02', repeat('é', 100), 'ffffffff-677c-4bbd-a479-3f349cb785e7'::UUID, '\\xFF'::BLOB, ['a'], {'x y': 3}, NULL),
      (false, 7, -9007199254740993, -1, -1e300, 'nan'::FLOAT, 0.05, DATE '2024-02-29', TIME '00:00:00',
       TIMESTAMP '1969-12-31 23:59:59.999999', TIMESTAMPTZ '2020-01-02 03:04:05+00', 'abc', '00000000-677c-4bbd-a479-3f349cb785e7', '\\x00\\xAB'::BLOB, [], NULL, NULL)
      ) AS t(${COLUMNS.map(({ name }) => `"${name}"`).join(", ")}))`;
    const { stats } = await copied(db, schema, rows, join(folder, "all.parquet"));
    const metrics = metricsOf(schema, stats);
    const expectRange = (name: string, ...range: (Value | undefined)[]): void => {
      const type = String(schema.fields.find((field) => field.name === name)?.type);
      const bounds = [metrics.lower_bounds?.get(id(name)), metrics.upper_bounds?.get(id(name))];
      expect(bounds).toEqual(range.map((value) => (value === undefined ? value : encodeValue(type, value))));
    };
    expectRange("flag", false, true);
    expectRange("small", -5, 7);
    expectRange("big", -9007199254740993n, 9007199254740993n);
    expectRange("huge", -1n, 170141183460469231731687303715884105n);
    expectRange("ratio", -1e300, 0);
    expectRange("weight", 1.5, 1.5);
    expectRange("price", -1234n, 5n);
    expectRange("day", -1, 19782);
    expectRange("clock", 0, 3_723_500_000);
    expectRange("at", -1, 1577934245678901);
    expectRange("at zone", 1577927045000000, 1577934245000000);
    expectRange("label", "abc", `${"é".repeat(15)}ê`);
    expectRange("key", "00000000-677c-4bbd-a479-3f349cb785e7", "ffffffff-677c-4bbd-a479-3f349cb785e7");
    expectRange("raw", new Uint8Array([0, 0xab]), new Uint8Array([0xff]));
    expectRange("none", undefined, undefined);
    expect(metrics.null_value_counts?.get(id("none"))).toBe(2);
    expect(metrics.value_counts?.get(id("none"))).toBe(2);
    expect(metrics.column_sizes?.get(id("label"))).toBeGreaterThan(0);
    // The members of the list (18) and the struct (19): sizes for both, counts for what does not repeat.
    expect(metrics.column_sizes?.has(18)).toBe(true);
    expect(metrics.value_counts?.has(18)).toBe(false);
    expect(metrics.lower_bounds?.get(19)).toEqual(encodeValue("int", 3));
    expect(metrics.null_value_counts?.get(19)).toBe(1);
  });

  test("bound every text that DuckDB stores, also where it cuts them itself", async () => {
    const schema = schemaOf([{ name: "t", type: "VARCHAR" }]);
    const path = join(folder, "text.parquet");
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.string({ unit: "binary", maxLength: 400 }).filter((s) => !s.includes("\0")),
          { minLength: 1, maxLength: 8 },
        ),
        async (texts) => {
          const list = texts.map((value) => `'${value.replaceAll("'", "''")}'`).join(", ");
          const { stats } = await copied(db, schema, `(SELECT unnest([${list}]) AS t)`, path);
          const metrics = metricsOf(schema, stats);
          const low = metrics.lower_bounds?.get(1);
          const high = metrics.upper_bounds?.get(1);
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

  test("leave out what Iceberg has no number for", () => {
    const schema = schemaOf([
      { name: "day", type: "DATE" },
      { name: "ratio", type: "DOUBLE" },
    ]);
    const metrics = metricsOf(schema, {
      1: { min: "0044-03-15 (BC)", max: "infinity" },
      2: { min: "12345", max: "nan" },
    });
    expect(metrics.lower_bounds).toEqual(new Map([[2, encodeValue("double", 12_345)]]));
    expect(metrics.upper_bounds).toEqual(new Map());
  });
});

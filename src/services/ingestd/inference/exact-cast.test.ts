// What is read as another type is the same value, or NULL: asked of DuckDB itself, for every pair of types that a file and
// a dataset may have.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Duckdb, openDuckdb } from "#adapters/duckdb";
import { exactCast } from "./exact-cast.ts";

let folder: string;
let db: Duckdb;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "exact-cast-"));
  db = await openDuckdb({ memoryBytesMax: 2 ** 28, threads: 1, tempDir: folder, tempBytesMax: 2 ** 28 });
});
afterAll(async () => {
  db.close();
  await rm(folder, { recursive: true, force: true });
});

async function castOf(literal: string, from: string, to: string): Promise<unknown> {
  const value = `(${literal})::${from}`;
  const [row] = await db.rows(
    `SELECT CAST(${exactCast("v", from, to)} AS VARCHAR) AS v FROM (SELECT ${value} AS v)`,
  );
  return row?.["v"];
}

describe("another value is none", () => {
  test.each([
    ["'2.5'", "VARCHAR", "BIGINT"],
    ["'0040'", "VARCHAR", "INTEGER"],
    ["' 4'", "VARCHAR", "BIGINT"],
    ["'3.999'", "VARCHAR", "DECIMAL(9,2)"],
    ["'12345678901234567.25'", "VARCHAR", "DOUBLE"],
    ["'1'", "VARCHAR", "BOOLEAN"],
    ["'2026-03-01 07:15'", "VARCHAR", "DATE"],
    ["'2026-03-01T07:15:00+02:00'", "VARCHAR", "TIMESTAMP"],
    ["3.5", "DOUBLE", "BIGINT"],
    ["9007199254740993", "BIGINT", "DOUBLE"],
    ["1234567890123456.789", "DECIMAL(38,3)", "DOUBLE"],
    ["3.999", "DECIMAL(9,3)", "DECIMAL(9,2)"],
    ["4000000000", "BIGINT", "INTEGER"],
    ["2", "BIGINT", "BOOLEAN"],
    ["true", "BOOLEAN", "DOUBLE"],
    ["20260301", "BIGINT", "DATE"],
    ["'2026-03-01'", "DATE", "BIGINT"],
    ["'2026-03-01 07:15:00'", "TIMESTAMP", "DATE"],
    ["'2026-03-01 07:15:00.000000001'", "TIMESTAMP_NS", "DATE"],
    ["'2026-03-01 07:15:00+02'", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP"],
    ["[1, 2.5]", "DOUBLE[]", "BIGINT[]"],
    ["['01']", "VARCHAR[]", "BIGINT[]"],
    ["{'a': 1.5}", "STRUCT(a DOUBLE)", "STRUCT(a BIGINT)"],
    ["{'a': 1, 'b': 'lost'}", "STRUCT(a BIGINT, b VARCHAR)", "STRUCT(a BIGINT)"],
    ["[4]", "BIGINT[]", "BIGINT"],
  ])("%s as %s is no %s", async (literal, from, to) => {
    expect(await castOf(literal, from, to)).toBeNull();
  });
});

describe("the same value is taken", () => {
  test.each([
    ["'-40'", "VARCHAR", "BIGINT", "-40"],
    ["'3.9'", "VARCHAR", "DECIMAL(9,2)", "3.90"],
    ["'3.900'", "VARCHAR", "DECIMAL(9,2)", "3.90"],
    ["'0.25'", "VARCHAR", "DOUBLE", "0.25"],
    ["'0.30000000000000004'", "VARCHAR", "DOUBLE", "0.30000000000000004"],
    ["'True'", "VARCHAR", "BOOLEAN", "true"],
    ["'2026-03-01'", "VARCHAR", "DATE", "2026-03-01"],
    ["'2026-03-01T07:15:00.5'", "VARCHAR", "TIMESTAMP", "2026-03-01 07:15:00.5"],
    ["3", "DOUBLE", "BIGINT", "3"],
    ["9007199254740992", "BIGINT", "DOUBLE", "9007199254740992.0"],
    ["0.10", "DECIMAL(18,2)", "DOUBLE", "0.1"],
    ["0.1", "DOUBLE", "FLOAT", "0.1"],
    ["7", "TINYINT", "BIGINT", "7"],
    ["4294967295", "UINTEGER", "BIGINT", "4294967295"],
    ["18446744073709551615", "UBIGINT", "DECIMAL(20,0)", "18446744073709551615"],
    ["7", "BIGINT", "DECIMAL(9,2)", "7.00"],
    ["'2026-03-01 00:00:00'", "TIMESTAMP", "DATE", "2026-03-01"],
    ["'2026-03-01'", "DATE", "TIMESTAMP", "2026-03-01 00:00:00"],
    ["'2026-03-01 07:15:00.000001999'", "TIMESTAMP_NS", "TIMESTAMP", "2026-03-01 07:15:00.000001"],
    ["[1.0, NULL, 2.0]", "DOUBLE[]", "BIGINT[]", "[1, NULL, 2]"],
    ["{'a': 1}", "STRUCT(a BIGINT)", "STRUCT(a BIGINT, b VARCHAR)", "{'a': 1, 'b': NULL}"],
    ["{'a': 1}", "STRUCT(a BIGINT)", "VARCHAR", "{'a': 1}"],
    ["true", "BOOLEAN", "VARCHAR", "true"],
  ])("%s as %s, in %s", async (literal, from, to, shown) => {
    expect(await castOf(literal, from, to)).toBe(shown);
  });
});

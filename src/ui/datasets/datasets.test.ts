import { expect, test } from "bun:test";
import fc from "fast-check";
import { datasetNameOf, isDatasetName, sizeOf, widerTypes } from "./dataset-words.ts";
import { binsOf, BINS, histogramSql, onlyInSql, topValuesSql } from "./profile-sql.ts";
import { patchOf } from "./schema-change.ts";

test("any file name makes a name that a dataset may have", () => {
  expect(
    ["Week 12 – roster (final).xlsx", "2026 orders.csv.gz", "人員.csv", "Łódź Zoë.parquet"].map(
      datasetNameOf,
    ),
  ).toEqual(["week_12_roster_final", "d_2026_orders", "my_data", "odz_zoe"]);
  fc.assert(fc.property(fc.string(), (name) => expect(isDatasetName(datasetNameOf(name))).toBe(true)));
});

test("sizes are short, and types grow only as the catalog lets them", () => {
  expect([0, 999, 1000, 1_540_000, 64e9].map(sizeOf)).toEqual([
    "0 bytes",
    "999 bytes",
    "1.0 KB",
    "1.5 MB",
    "64 GB",
  ]);
  expect(widerTypes("INTEGER")).toEqual(["BIGINT"]);
  expect(widerTypes("DECIMAL(18,2)")).toEqual(["DECIMAL(28,2)", "DECIMAL(38,2)"]);
  expect(widerTypes("VARCHAR")).toEqual([]);
});

test("names that SQL would misread are quoted in the statements of a profile", () => {
  expect(topValuesSql("people", 'a"b')).toContain('"a""b"::VARCHAR');
  expect(histogramSql("people", "order", "DATE")).toContain('epoch("order"::TIMESTAMP)');
  expect(histogramSql("people", "tags", "VARCHAR")).toBeUndefined();
  expect(onlyInSql("people$rejects", "12", "v'1", ["id"])).toContain(
    `"people$rejects" AT (VERSION => 'v''1')`,
  );
});

test("a histogram has a bar for every bin", () => {
  const bins = binsOf([
    { bin: 0, n: 3, lo: 0, hi: 24 },
    { bin: BINS - 1, n: 1, lo: 0, hi: 24 },
  ]);
  expect(bins.length).toBe(BINS);
  expect(bins.reduce((sum, { n }) => sum + n, 0)).toBe(4);
  expect(binsOf([])).toEqual([]);
});

test("edits of columns are one request, and a dropped column is not renamed", () => {
  const column = (id: number, name: string, type = "INTEGER") => ({ id, name, type, nullable: true });
  const { patch, sentences } = patchOf([column(1, "a"), column(2, "b"), column(3, "c")], {
    edits: { 1: { name: "b" }, 2: { name: "a", type: "BIGINT" }, 3: { drop: true, name: "d" } },
    added: [
      { name: " e ", type: "VARCHAR" },
      { name: "", type: "VARCHAR" },
    ],
  });
  expect(patch).toEqual({
    rename: { a: "b", b: "a" },
    widen: { b: "BIGINT" },
    drop: ["c"],
    add: [{ name: "e", type: "VARCHAR" }],
  });
  expect(sentences.length).toBe(5);
});

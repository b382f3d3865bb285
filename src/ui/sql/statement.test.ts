import { expect, test } from "bun:test";
import fc from "fast-check";
import { sqlName, sqlText } from "./names.ts";
import { datasetsIn, parameterCount, parameterOf, placeOf } from "./statement.ts";

test("parameters are counted where SQL sees them, and not in texts, names and comments", () => {
  expect(parameterCount("SELECT * FROM t WHERE a = ? AND b IN ?")).toBe(2);
  expect(parameterCount(`SELECT '?', "a?", $$?$$ -- ?\n /* ? */ FROM t WHERE a = ?`)).toBe(1);
  expect(parameterCount("SELECT $2, $1, $2")).toBe(2);
  expect(parameterCount("SELECT 'it''s ?' , ?")).toBe(1);
  expect(parameterCount("")).toBe(0);
});

test("a value is what it was meant as: numbers only where no digit is lost", () => {
  expect(
    ["20", "-1.5", "007", "9007199254740993", '"20"', "true", "null", "IL", "[1,2]", "[1,"].map(parameterOf),
  ).toEqual([20, -1.5, "007", "9007199254740993", "20", true, null, "IL", [1, 2], "[1,"]);
});

test("datasets are found by name in any case, quoted or not", () => {
  const names = ["workers", "workers$rejects", "orders"];
  expect(datasetsIn(`SELECT 'orders' FROM Workers JOIN "workers$rejects"`, names)).toEqual([
    "workers",
    "workers$rejects",
  ]);
  expect(datasetsIn("SELECT count(*) AS orders FROM (FROM workers) t", names)).toEqual(["workers"]);
});

test("a fault is found at its line and column", () => {
  const sql = "SELECT a,\n  bad\nFROM t";
  expect(placeOf([{ path: "sql:2:3", message: "" }], sql)).toBe(sql.indexOf("bad"));
  expect(placeOf([{ path: "sql:9:9", message: "" }], sql)).toBe(sql.length);
  expect(placeOf([{ path: "limit", message: "" }], sql)).toBeUndefined();
});

test("any name and any text come through quoting", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (text) => {
      const name = sqlName(text);
      if (name !== text) expect(name.slice(1, -1).replaceAll('""', '"')).toBe(text);
      expect(sqlText(text).slice(1, -1).replaceAll("''", "'")).toBe(text);
    }),
  );
  expect([sqlName("pay_rate"), sqlName("order"), sqlName("workers$rejects"), sqlName("Łódź")]).toEqual([
    "pay_rate",
    '"order"',
    '"workers$rejects"',
    '"Łódź"',
  ]);
});

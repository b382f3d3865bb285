// Rows sent as JSON: what each type takes, as what text, and how what does not fit is named.

import { expect, test } from "bun:test";
import type { Field, Primitive, Schema } from "../iceberg/types/schema.ts";
import { rowText } from "./row-text.ts";

function schemaOf(types: Readonly<Record<string, Primitive>>, required: readonly string[] = []): Schema {
  const fields = Object.entries(types).map(([name, type], at): Field => {
    return { id: at + 1, name, type, required: required.includes(name) };
  });
  return { type: "struct", "schema-id": 0, fields };
}

const fitted = (type: Primitive, value: unknown): unknown => {
  const found = rowText(schemaOf({ v: type }), { v: value }, "rows[0]");
  return "line" in found ? (JSON.parse(found.line) as { v: unknown }).v : found.misfit.message;
};

test.each<[Primitive, unknown, unknown]>([
  ["long", 12, "12"],
  ["long", -0, "0"],
  ["long", 2 ** 53, "9007199254740992"],
  ["long", "9223372036854775807", "9223372036854775807"],
  ["int", 2 ** 31 - 1, "2147483647"],
  ["double", 1e300, "1e+300"],
  ["double", 0.1, "0.1"],
  ["decimal(5,2)", 123.45, "123.45"],
  ["decimal(5,2)", "123.40", "123.40"],
  ["date", "2024-02-29", "2024-02-29"],
  ["date", "2000-02-29", "2000-02-29"],
  ["timestamp", "2026-01-31T23:59:59.000001", "2026-01-31T23:59:59.000001"],
  ["timestamptz", "2026-01-31T08:30:00Z", "2026-01-31T08:30:00Z"],
  ["timestamptz", "2026-01-31T08:30:00+05:30", "2026-01-31T08:30:00+05:30"],
  ["time", "23:59:59.5", "23:59:59.5"],
  ["boolean", false, false],
  ["string", "", ""],
  ["string", null, null],
])("%s takes %p", (type, value, text) => {
  expect(fitted(type, value)).toEqual(text);
});

test.each<[Primitive, unknown]>([
  ["long", 1.5],
  ["long", "9223372036854775808"],
  ["long", true],
  ["int", 2 ** 31],
  ["int", "1e3"],
  ["decimal(5,2)", 1234.5],
  ["decimal(5,2)", 0.001],
  ["date", "2026-02-29"],
  ["date", "1900-02-29"],
  ["date", "2026-13-01"],
  ["date", "2026-00-10"],
  ["date", "2026-04-00"],
  ["date", 20_260_101],
  ["timestamp", "2026-02-30T08:00:00"],
  ["timestamp", "2026-01-31T08:30:00Z"],
  ["timestamptz", "2026-01-31T08:30:00"],
  ["timestamptz", "2026-01-31T24:00:00Z"],
  ["time", "24:00:00"],
  ["boolean", "true"],
  ["string", 7],
  ["double", "a number"],
])("%s refuses %p", (type, value) => {
  expect(fitted(type, value)).toMatch(/^must be /);
});

test("names are found in any case, once, also those that objects have of their own", () => {
  const schema = schemaOf({ Id: "long", __proto: "string", constructor: "string", id_2: "long" }, ["Id"]);
  const of = (row: Record<string, unknown>): unknown => rowText(schema, row, "rows[3]");
  expect(of({ ID: 1, constructor: "x" })).toEqual({ line: '{"Id":"1","constructor":"x"}' });
  expect(of({ Id: 1, id: 2 })).toEqual({ misfit: { path: "rows[3].id", message: "is given twice" } });
  expect(of({ id_2: 1 })).toEqual({ misfit: { path: "rows[3].Id", message: "must be given" } });
  expect(of({ Id: 1, toString: "x" })).toMatchObject({ misfit: { path: "rows[3].toString" } });
});

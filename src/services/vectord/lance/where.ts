// A filter as SQL over the columns of columns.ts. What SQL cannot say exactly it says too widely: every row that matches
// the filter passes, and of those that pass each is judged once more by its metadata (`matches` of rows/filter.ts). Under a
// `not` that turns round: there a part must let no row pass that does not match. So each part is written in the one
// of two ways that its place needs.

import { EARTH_RADIUS_MILES, type Point } from "#domain/places";
import type { Filter, Test } from "../rows/filter.ts";
import type { IndexShape } from "../rows/shape.ts";
import { type FieldColumns, fieldColumns, keyOf, sortable } from "./columns.ts";

/** `wide`: passes every row that matches. `narrow`: passes no row that does not. */
type Side = "wide" | "narrow";

const OTHER: Readonly<Record<Side, Side>> = { wide: "narrow", narrow: "wide" };
/** Beyond it a list of values is judged row by row: the planner reads each of them several times. */
const VALUES_IN_SQL_MAX = 512;
/** Degrees; more than a rounding error at any latitude. */
const DEGREES_SPARE = 1e-6;

/** SQL that passes every row which matches, and perhaps others. Undefined when that is all of them. */
export function whereOf(filter: Filter, shape: IndexShape): string | undefined {
  const sql = write(filter, fieldColumns(shape), "wide");
  return sql === "true" ? undefined : sql;
}

export function textSql(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function write(filter: Filter, columns: ReadonlyMap<string, FieldColumns>, side: Side): string {
  if (filter.kind === "and" || filter.kind === "or") return joined(filter.parts, filter.kind, columns, side);
  if (filter.kind === "not") return negated(write(filter.part, columns, OTHER[side]));
  const field = columns.get(filter.field);
  if (field === undefined) return unknown(side);
  if (filter.kind === "field") return tested(filter.test, field, side);
  return field.lat === undefined || side === "narrow"
    ? unknown(side)
    : box(field, filter.place, filter.miles);
}

function unknown(side: Side): string {
  return side === "wide" ? "true" : "false";
}

function negated(sql: string): string {
  if (sql === "true") return "false";
  if (sql === "false") return "true";
  // A comparison with no value is neither true nor false.
  return `((${sql}) is not true)`;
}

function joined(
  parts: readonly Filter[],
  word: "and" | "or",
  columns: ReadonlyMap<string, FieldColumns>,
  side: Side,
): string {
  const [neutral, deciding] = word === "and" ? ["true", "false"] : ["false", "true"];
  const written = parts.map((part) => write(part, columns, side)).filter((sql) => sql !== neutral);
  if (written.includes(deciding)) return deciding;
  if (written.length === 0) return neutral;
  return written.length === 1 ? (written[0] ?? neutral) : `(${written.join(` ${word} `)})`;
}

function tested(test: Test, field: FieldColumns, side: Side): string {
  if (test.op === "exists") return field.there;
  if (test.op === "in") return amongst([...test.values], field, side);
  if (test.op === "prefix") {
    // The last code point is above every other: what starts with the prefix lies between the two.
    const [from, to] = [textSql(sortable(test.value)), textSql(`${sortable(test.value)}\u{10ffff}`)];
    return side === "wide" ? `(${field.high} >= ${from} and ${field.low} <= ${to})` : "false";
  }
  const up = test.op === "gt" || test.op === "gte";
  if (typeof test.value === "number")
    return `(${up ? field.most : field.least} ${SIGN[test.op]} ${numberSql(test.value)})`;
  return `(${up ? field.high : field.low} ${SIGN[test.op]} ${textSql(sortable(test.value))})`;
}

const SIGN = { gt: ">", gte: ">=", lt: "<", lte: "<=" } as const;

function amongst(values: readonly (string | number | boolean)[], field: FieldColumns, side: Side): string {
  if (values.length === 0) return "false";
  if (values.length > VALUES_IN_SQL_MAX) return side === "wide" ? field.there : "false";
  if (field.each !== undefined) {
    const list = values.map((value) => textSql(keyOf(value)));
    return list.length === 1
      ? `array_has(${field.each}, ${list[0] ?? ""})`
      : `array_has_any(${field.each}, make_array(${list.join(", ")}))`;
  }
  return `(${values.map((value) => equal(value, field, side)).join(" or ")})`;
}

/** Between its least and its greatest a list may have gaps; of a single value the two are the same. */
function equal(value: string | number | boolean, field: FieldColumns, side: Side): string {
  if (typeof value === "boolean") return value ? field.yes : field.no;
  const [low, high, sql] =
    typeof value === "string"
      ? [field.low, field.high, textSql(sortable(value))]
      : [field.least, field.most, numberSql(value)];
  return side === "wide"
    ? `(${low} <= ${sql} and ${high} >= ${sql})`
    : `(${low} = ${sql} or ${high} = ${sql})`;
}

function numberSql(value: number): string {
  return `cast('${value}' as double)`;
}

/** A rectangle around a circle on the globe; at a pole, or across the date line, a belt. */
function box({ lat = "", lon = "" }: FieldColumns, { lat: y, lon: x }: Point, miles: number): string {
  const angle = miles / EARTH_RADIUS_MILES;
  const degrees = (angle * 180) / Math.PI + DEGREES_SPARE;
  const belt = `(${lat} >= ${numberSql(y - degrees)} and ${lat} <= ${numberSql(y + degrees)})`;
  const reach = Math.sin(angle) / Math.cos((y * Math.PI) / 180);
  if (angle >= Math.PI / 2 || Math.abs(y) + degrees >= 90 || !(Math.abs(reach) < 1)) return belt;
  const width = (Math.asin(reach) * 180) / Math.PI + DEGREES_SPARE;
  if (x - width < -180 || x + width > 180) return belt;
  return `(${belt} and ${lon} >= ${numberSql(x - width)} and ${lon} <= ${numberSql(x + width)})`;
}

// A row that was sent as JSON, checked against the dataset's columns and written as a line that DuckDB reads without a
// choice. Nothing is rounded, cut or dropped: a value that its column does not hold exactly is refused by name, and so
// is a field that the dataset does not have.

import { civilFromDays, daysFromCivil } from "#lib/civil-date";
import { nearest } from "#lib/nearest";
import { duckdbType } from "../duckdb/types.ts";
import { parseValue } from "../duckdb/values.ts";
import {
  decimalOf,
  type Field,
  type Primitive,
  type Schema,
  type StructType,
  type Type,
} from "../iceberg/types/schema.ts";

/** What does not fit, and where: `rows[2].rate`. */
export interface Misfit {
  readonly path: string;
  readonly message: string;
}

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** The row's line, or what is wrong with it. */
export function rowText(
  schema: Schema,
  row: Readonly<Record<string, unknown>>,
  path: string,
): { line: string } | { misfit: Misfit } {
  try {
    return { line: JSON.stringify(fitStruct(schema, row as Json, path)) };
  } catch (thrown) {
    if (thrown instanceof Misfitting) return { misfit: { path: thrown.path, message: thrown.message } };
    throw thrown;
  }
}

class Misfitting extends Error {
  readonly path: string;

  constructor(path: string, message: string) {
    super(message);
    this.path = path;
  }
}

function fitStruct({ fields }: StructType, value: Json, path: string): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Misfitting(path, "must be an object");
  }
  const { byName, required } = namesOf(fields);
  // Without a prototype, a column may have any name.
  const fitted = Object.create(null) as Record<string, Json>;
  for (const [name, item] of Object.entries(value)) {
    const field = byName.get(name) ?? byName.get(name.toLowerCase());
    if (field === undefined) throw new Misfitting(`${path}.${name}`, unknownField(fields, name));
    if (field.name in fitted) throw new Misfitting(`${path}.${name}`, "is given twice");
    fitted[field.name] = item === null ? null : fitValue(field.type, item, `${path}.${name}`);
  }
  const missing = required.find(({ name }) => (fitted[name] ?? null) === null);
  if (missing !== undefined) throw new Misfitting(`${path}.${missing.name}`, "must be given");
  return fitted;
}

interface Names {
  /** As they are written, and in lower case: SQL folds case, so names may be sent in any. */
  readonly byName: ReadonlyMap<string, Field>;
  readonly required: readonly Field[];
}

const namesKnown = new WeakMap<readonly Field[], Names>();

function namesOf(fields: readonly Field[]): Names {
  const known = namesKnown.get(fields);
  if (known !== undefined) return known;
  const byName = new Map(fields.map((field) => [field.name, field]));
  for (const field of fields) {
    const folded = field.name.toLowerCase();
    if (!byName.has(folded)) byName.set(folded, field);
  }
  const names: Names = { byName, required: fields.filter(({ required }) => required) };
  namesKnown.set(fields, names);
  return names;
}

function unknownField(fields: readonly Field[], name: string): string {
  const names = fields.map((field) => field.name);
  const [near] = nearest(name, names);
  return `is no column of the dataset${near === undefined ? "" : `; did you mean ${near}?`}`;
}

function fitValue(type: Type, value: Json, path: string): Json {
  if (typeof type !== "string") {
    if (type.type === "struct") return fitStruct(type, value, path);
    if (type.type === "list" && Array.isArray(value)) {
      return value.map((item: Json, n) =>
        item === null ? null : fitValue(type.element, item, `${path}[${n}]`),
      );
    }
    throw new Misfitting(
      path,
      type.type === "list" ? "must be a list" : "cannot be sent as JSON: ingest a file",
    );
  }
  if (type === "binary" || type.startsWith("fixed")) {
    throw new Misfitting(path, "cannot be sent as JSON: ingest a file");
  }
  if (type === "boolean" || type === "string") {
    if (typeof value !== type) throw new Misfitting(path, expectedOf(type));
    return value;
  }
  const text = textOf(type, value);
  if (text === undefined) throw new Misfitting(path, expectedOf(type));
  return text;
}

/** As text, so that DuckDB reads digits and no double; undefined for what the type does not hold exactly. */
function textOf(type: Primitive, value: Json): string | undefined {
  const text = String(value);
  if (typeof value === "number") {
    if (type === "double" || (type === "long" && Number.isSafeInteger(value))) return text;
    if (!NUMERIC.has(type) && decimalOf(type) === undefined) return undefined;
  } else if (typeof value !== "string") return undefined;
  if (!(EXACT[type] ?? DIGITS).test(text)) return undefined;
  const holds = DATED.has(type) ? isDay(text) : type === "time" || parseValue(type, text) !== undefined;
  return holds ? text : undefined;
}

function expectedOf(type: Primitive): string {
  return `must be ${WORDS[type] ?? `a number that ${duckdbType(type)} holds, without an exponent`}`;
}

/** Whether the calendar has the day that a text begins with: `2026-02-29` is none. */
function isDay(text: string): boolean {
  const month = Number(text.slice(5, 7));
  const day = Number(text.slice(8, 10));
  const same = civilFromDays(daysFromCivil(Number(text.slice(0, 4)), month, day));
  return same.month === month && same.day === day;
}

const DATED: ReadonlySet<string> = new Set(["date", "timestamp", "timestamptz"]);
const DIGITS = /^-?\d+(\.\d+)?$/;
const NUMERIC: ReadonlySet<string> = new Set(["int", "long", "float", "double"]);

/** Forms that are read without loss: no digits below a microsecond, a zone where the type has one and only there. */
const EXACT: Readonly<Record<string, RegExp>> = {
  int: /^-?\d+$/,
  long: /^-?\d+$/,
  float: /^/,
  double: /^/,
  date: /^\d{4}-\d\d-\d\d$/,
  time: /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?$/,
  timestamp: /^\d{4}-\d\d-\d\d[T ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?$/,
  timestamptz:
    /^\d{4}-\d\d-\d\d[T ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-]([01]\d|2[0-3])(:[0-5]\d)?)$/,
  uuid: /^/,
};

const WORDS: Readonly<Record<string, string>> = {
  boolean: "true or false",
  string: "text",
  int: "an integer of 32 bits",
  long: "an integer of 64 bits; one beyond 2^53 is sent as text",
  float: "a number",
  double: "a number",
  date: "a date such as 2026-01-31",
  time: "a time such as 08:30:00",
  timestamp: "a time without a zone, such as 2026-01-31T08:30:00, with six digits of a second at most",
  timestamptz: "a time with its zone, such as 2026-01-31T08:30:00Z, with six digits of a second at most",
  uuid: "a UUID",
};

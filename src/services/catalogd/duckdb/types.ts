// DuckDB's type text and Iceberg's types, both ways. What Iceberg v2 cannot hold becomes text, so that no
// value is ever lost; unsigned and small integers become the next wider signed type.

import { quoteIdentifier } from "#lib/sql-text";
import { Fault } from "#rpc/fault";

import { decimalOf, fixedLengthOf, type Field, type Type } from "../iceberg/types/schema.ts";

/** Canonical names as DESCRIBE gives them, and the aliases people write. */
const TYPES: Readonly<Record<string, string>> = {
  BOOLEAN: "boolean",
  BOOL: "boolean",
  LOGICAL: "boolean",
  TINYINT: "int",
  INT1: "int",
  SMALLINT: "int",
  INT2: "int",
  SHORT: "int",
  INTEGER: "int",
  INT: "int",
  INT4: "int",
  SIGNED: "int",
  UTINYINT: "int",
  USMALLINT: "int",
  BIGINT: "long",
  INT8: "long",
  LONG: "long",
  UINTEGER: "long",
  UBIGINT: "decimal(20,0)",
  HUGEINT: "decimal(38,0)",
  INT128: "decimal(38,0)",
  FLOAT: "float",
  FLOAT4: "float",
  REAL: "float",
  DOUBLE: "double",
  "DOUBLE PRECISION": "double",
  FLOAT8: "double",
  DATE: "date",
  TIME: "time",
  "TIME WITHOUT TIME ZONE": "time",
  TIMESTAMP: "timestamp",
  "TIMESTAMP WITHOUT TIME ZONE": "timestamp",
  DATETIME: "timestamp",
  TIMESTAMP_S: "timestamp",
  TIMESTAMP_MS: "timestamp",
  TIMESTAMP_US: "timestamp",
  TIMESTAMP_NS: "timestamp",
  "TIMESTAMP WITH TIME ZONE": "timestamptz",
  TIMESTAMPTZ: "timestamptz",
  UUID: "uuid",
  GUID: "uuid",
  BLOB: "binary",
  BYTEA: "binary",
  BINARY: "binary",
  VARBINARY: "binary",
  DECIMAL: "decimal(18,3)",
  NUMERIC: "decimal(18,3)",
  DEC: "decimal(18,3)",
};

const BACK: Readonly<Record<string, string>> = {
  boolean: "BOOLEAN",
  int: "INTEGER",
  long: "BIGINT",
  float: "FLOAT",
  double: "DOUBLE",
  date: "DATE",
  time: "TIME",
  timestamp: "TIMESTAMP",
  timestamptz: "TIMESTAMP WITH TIME ZONE",
  string: "VARCHAR",
  uuid: "UUID",
  binary: "BLOB",
};

/** Types nest in text that people send; deeper than this is not a table. */
const DEPTH_MAX = 32;

/** The Iceberg type of a DuckDB type's text. Ids of nested fields are still to be assigned: they count from -1 down. */
export function typeFromDuckdb(text: string): Type {
  let placeholder = 0;
  const parse = (source: string, depth: number): Type => {
    const type = source.trim();
    if (type === "" || depth > DEPTH_MAX)
      throw new Fault("invalid", `"${text}" is not a type that DuckDB has.`);
    const list = /^(.*)\[\d*\]$/s.exec(type);
    if (list !== null) {
      const id = --placeholder;
      return {
        type: "list",
        "element-id": id,
        element: parse(list[1] ?? "", depth + 1),
        "element-required": false,
      };
    }
    const open = type.indexOf("(");
    if (open < 0 || !type.endsWith(")")) return TYPES[type.toUpperCase()] ?? "string";
    const head = type.slice(0, open).trim().toUpperCase();
    const parts = (): string[] => splitTop(type.slice(open + 1, -1));
    if (head === "STRUCT" || head === "ROW") {
      const fields: Field[] = parts().map((part) => {
        const { name, rest } = splitName(part);
        return { id: --placeholder, name, required: false, type: parse(rest, depth + 1) };
      });
      return { type: "struct", fields };
    }
    if (head === "MAP") {
      const [key, value, ...more] = parts();
      if (key === undefined || value === undefined || more.length > 0) {
        throw new Fault("invalid", `"${text}" is not a type that DuckDB has: a MAP takes two types.`);
      }
      return {
        type: "map",
        "key-id": --placeholder,
        key: parse(key, depth + 1),
        "value-id": --placeholder,
        value: parse(value, depth + 1),
        "value-required": false,
      };
    }
    if (TYPES[head]?.startsWith("decimal") && !head.includes("INT")) return decimalFrom(parts(), text);
    // A length or precision in brackets, as in VARCHAR(10), says nothing that DuckDB keeps.
    return TYPES[head] ?? "string";
  };
  return parse(text, 0);
}

function decimalFrom([precision = "18", scale = "0"]: readonly string[], text: string): string {
  const [p, s] = [Number(precision), Number(scale)];
  if (!(Number.isInteger(p) && Number.isInteger(s) && p >= 1 && p <= 38 && s >= 0 && s <= p)) {
    throw new Fault("invalid", `"${text}" is not a decimal: use DECIMAL(P,S) with S <= P <= 38.`);
  }
  return `decimal(${p},${s})`;
}

/** Splits at commas that stand outside of brackets and quotes. */
function splitTop(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quote = "";
  let from = 0;
  for (let index = 0; index < text.length; index++) {
    const char = text.charAt(index);
    // A doubled quote closes and opens again, which leaves the state as it was.
    if (quote !== "") quote = char === quote ? "" : quote;
    else if (char === '"' || char === "'") quote = char;
    else if (char === "(") depth++;
    else if (char === ")") depth--;
    else if (char === "," && depth === 0) {
      parts.push(text.slice(from, index));
      from = index + 1;
    }
  }
  parts.push(text.slice(from));
  return parts;
}

/** A struct's member: a name, quoted or bare, and its type. */
function splitName(part: string): { name: string; rest: string } {
  const match = /^\s*(?:"((?:[^"]|"")+)"|([^\s"(),]+))\s+(.+)$/s.exec(part);
  if (match === null)
    throw new Fault("invalid", `"${part.trim()}" is not a member of a STRUCT: give a name and a type.`);
  return { name: match[1]?.replaceAll('""', '"') ?? match[2] ?? "", rest: match[3] ?? "" };
}

/** DuckDB's text of an Iceberg type. */
export function duckdbType(type: Type): string {
  if (typeof type === "string") {
    const decimal = decimalOf(type);
    if (decimal !== undefined) return `DECIMAL(${decimal.precision},${decimal.scale})`;
    if (fixedLengthOf(type) !== undefined) return "BLOB";
    const text = BACK[type];
    if (text === undefined) throw new Fault("invalid", `DuckDB has no type for Iceberg's "${type}".`);
    return text;
  }
  if (type.type === "list") return `${duckdbType(type.element)}[]`;
  if (type.type === "map") return `MAP(${duckdbType(type.key)}, ${duckdbType(type.value)})`;
  const members = type.fields.map((field) => `${quoteIdentifier(field.name)} ${duckdbType(field.type)}`);
  return `STRUCT(${members.join(", ")})`;
}

// The SQL texts that carry field ids into and out of Parquet through DuckDB 1.5: `COPY` writes each column's
// id beside its values, `read_parquet` finds columns by that id whatever they are called now.

import { quoteIdentifier, quoteLiteral } from "#lib/sql-text";
import { Fault } from "#rpc/fault";
import { type Field, type Schema, type Type } from "./schema.ts";
import { duckdbType } from "./duckdb-types.ts";

/** DuckDB cannot hold NUL in a statement, and a schema of another writer may. */
function literal(text: string): string {
  if (text.includes("\0")) throw new Fault("invalid", "A NUL character cannot stand in SQL text: remove it.");
  return quoteLiteral(text);
}

/**
 * The name under which Iceberg's own Parquet writer stores a column: letters, digits and underscores, the
 * rest as `_x` and the UTF-16 code in hex. Readers that look columns up by name expect it; readers by id do
 * not care. See `AvroSchemaUtil.makeCompatibleName` of the reference implementation.
 */
export function parquetName(name: string): string {
  const code = (char: string): string => `_x${char.charCodeAt(0).toString(16).toUpperCase()}`;
  return name
    .split("")
    .map((char, index) => {
      if (/[A-Za-z_]/.test(char)) return char;
      if (/[0-9]/.test(char)) return index === 0 ? `_${char}` : char;
      return code(char);
    })
    .join("");
}

/**
 * DuckDB's `FIELD_IDS {...}` for COPY, nested fields included. `naming` gives the name of a column in the
 * query that is copied: its own unless the query renames it.
 */
export function fieldIdsClause(schema: Schema, naming: (name: string) => string = (name) => name): string {
  const entries = schema.fields.map(
    (field) => `${quoteIdentifier(naming(field.name))}: ${idsOf(field.id, field.type)}`,
  );
  return `FIELD_IDS {${entries.join(", ")}}`;
}

function idsOf(id: number, type: Type): string {
  if (typeof type === "string") return String(id);
  const members: [string, number, Type][] =
    type.type === "struct"
      ? type.fields.map((field: Field) => [field.name, field.id, field.type])
      : type.type === "list"
        ? [["element", type["element-id"], type.element]]
        : [
            ["key", type["key-id"], type.key],
            ["value", type["value-id"], type.value],
          ];
  const inner = members.map(
    ([name, memberId, member]) => `${quoteIdentifier(name)}: ${idsOf(memberId, member)}`,
  );
  return `{__duckdb_field_id: ${[id, ...inner].join(", ")}}`;
}

/**
 * The `schema = MAP {...}` argument of read_parquet: columns by field id under their present names and types;
 * a column that a file lacks reads as its default or NULL. Members of structs are found by name, not by id.
 */
export function readSchemaClause(schema: Schema): string {
  const entries = schema.fields.map((field) => {
    const value = field["initial-default"];
    const missing =
      value === undefined || value === null || typeof value === "object" ? "NULL" : literal(String(value));
    return `${field.id}: {name: ${literal(field.name)}, type: ${literal(duckdbType(field.type))}, default_value: ${missing}}`;
  });
  return `schema = MAP {${entries.join(", ")}}`;
}

/** The select list that gives every column the type its schema says and the name `naming` wants. */
export function castClause(schema: Schema, naming: (name: string) => string = (name) => name): string {
  return schema.fields
    .map(
      ({ name, type }) =>
        `CAST(${quoteIdentifier(name)} AS ${duckdbType(type)}) AS ${quoteIdentifier(naming(name))}`,
    )
    .join(", ");
}

export interface CopyInput {
  readonly schema: Schema;
  /** What stands after FROM: a table, a view, a table function or a bracketed query with the schema's columns. */
  readonly from: string;
  /** The file to write. */
  readonly path: string;
  /** Further COPY options, such as `ROW_GROUP_SIZE 100000`. */
  readonly options?: readonly string[];
}

/**
 * One statement that writes a data file with everything a manifest and foreign readers need: types of the
 * schema (DuckDB alone would store HUGEINT as DOUBLE), field ids, the schema in the footer, and statistics in
 * the answer.
 */
export function copyStatement({ schema, from, path, options = [] }: CopyInput): string {
  const clauses = [
    "FORMAT parquet",
    "COMPRESSION zstd",
    "RETURN_STATS true",
    fieldIdsClause(schema, parquetName),
    `KV_METADATA {'iceberg.schema': ${literal(JSON.stringify(schema))}}`,
    ...options,
  ];
  return `COPY (SELECT ${castClause(schema, parquetName)} FROM ${from}) TO ${literal(path)} (${clauses.join(", ")})`;
}

// The SQL texts that carry Iceberg's field ids into and out of Parquet through DuckDB 1.5: `COPY` writes each column's
// id beside its values, `read_parquet` finds columns by that id whatever their present names. The services that run DuckDB
// generate them from columns and a schema as the catalog's contract has them.

import { avroName } from "#lib/avro-name";
import { quoteIdentifier, quoteLiteral } from "#lib/sql-text";
import { Fault } from "#rpc/fault";

/** A column of a dataset: its Iceberg field id, its present name, its type as DuckDB writes it. */
export interface DatasetColumn {
  readonly id: number;
  readonly name: string;
  readonly type: string;
}

/** The part of an Iceberg type's JSON that carries field ids. */
type NestedType =
  | string
  | { readonly type: "struct"; readonly fields: readonly NestedField[] }
  | { readonly type: "list"; readonly "element-id": number; readonly element: NestedType }
  | {
      readonly type: "map";
      readonly "key-id": number;
      readonly key: NestedType;
      readonly "value-id": number;
      readonly value: NestedType;
    };
interface NestedField {
  readonly id: number;
  readonly name: string;
  readonly type: NestedType;
}

/** The select list that casts every column to the dataset's type, under the name that Iceberg's files use. */
export function selectList(columns: readonly DatasetColumn[]): string {
  return columns
    .map(
      ({ name, type }) => `CAST(${quoteIdentifier(name)} AS ${type}) AS ${quoteIdentifier(avroName(name))}`,
    )
    .join(", ");
}

/**
 * DuckDB's `FIELD_IDS {...}` of a COPY whose query is `selectList`, nested fields included. `schema` is the Iceberg
 * schema of all columns, as JSON.
 */
export function fieldIdsClause(columns: readonly DatasetColumn[], schema: string): string {
  const { fields } = JSON.parse(schema) as { readonly fields: readonly NestedField[] };
  const types = new Map(fields.map((field) => [field.id, field.type]));
  const entries = columns.map(
    ({ id, name }) => `${quoteIdentifier(avroName(name))}: ${idsOf(id, types.get(id) ?? "")}`,
  );
  return `FIELD_IDS {${entries.join(", ")}}`;
}

function idsOf(id: number, type: NestedType): string {
  if (typeof type === "string") return String(id);
  const inner = membersOf(type).map(
    ([name, memberId, member]) => `${quoteIdentifier(name)}: ${idsOf(memberId, member)}`,
  );
  return `{__duckdb_field_id: ${[id, ...inner].join(", ")}}`;
}

function membersOf(type: NestedType): [name: string, id: number, type: NestedType][] {
  if (typeof type === "string") return [];
  if (type.type === "struct") return type.fields.map((field) => [field.name, field.id, field.type]);
  if (type.type === "list") return [["element", type["element-id"], type.element]];
  return [
    ["key", type["key-id"], type.key],
    ["value", type["value-id"], type.value],
  ];
}

/**
 * The value of read_parquet's argument `schema`: columns by field id under their present names and types; a column that
 * a file lacks reads as NULL. Members of structs are found by name, not by id.
 */
export function readSchema(columns: readonly DatasetColumn[]): string {
  const entries = columns.map(
    ({ id, name, type }) => `${id}: {name: ${literal(name)}, type: ${literal(type)}, default_value: NULL}`,
  );
  return `MAP {${entries.join(", ")}}`;
}

/** DuckDB cannot hold NUL in a statement, and a schema of another writer may. */
function literal(text: string): string {
  if (text.includes("\0")) throw new Fault("invalid", "A NUL character cannot stand in SQL text: remove it.");
  return quoteLiteral(text);
}

/** What DuckDB says of a file's column, by the names that a manifest's writer uses; values are DuckDB's text. */
export interface ColumnStats {
  values?: number;
  nulls?: number;
  bytes?: number;
  min?: string;
  max?: string;
}

/** `column_statistics` of `COPY ... RETURN_STATS`, by field id; DuckDB has them by the quoted path of a column. */
export function statsByFieldId(
  columns: readonly DatasetColumn[],
  schema: string,
  statistics: unknown,
): Record<string, ColumnStats> {
  const { fields } = JSON.parse(schema) as { readonly fields: readonly NestedField[] };
  const types = new Map(fields.map((field) => [field.id, field.type]));
  const ids = new Map<string, number>();
  const visit = (id: number, path: string, type: NestedType): void => {
    ids.set(path, id);
    for (const [name, memberId, member] of membersOf(type)) {
      visit(memberId, `${path}.${quoteIdentifier(name)}`, member);
    }
  };
  for (const { id, name } of columns) visit(id, quoteIdentifier(avroName(name)), types.get(id) ?? "");
  const stats: Record<string, ColumnStats> = {};
  for (const [path, said] of entriesOf(statistics)) {
    const id = ids.get(String(path));
    if (id === undefined) continue;
    const column: ColumnStats = {};
    for (const [name, value] of entriesOf(said)) {
      if (name === "num_values") column.values = Number(value);
      else if (name === "null_count") column.nulls = Number(value);
      else if (name === "column_size_bytes") column.bytes = Number(value);
      else if (name === "min" || name === "max") column[name] = String(value);
    }
    stats[String(id)] = column;
  }
  return stats;
}

/** The binding gives a MAP as a Map or as a list of entries. */
function entriesOf(map: unknown): (readonly [unknown, unknown])[] {
  if (map instanceof Map) return [...map];
  if (!Array.isArray(map)) return [];
  return (map as { key: unknown; value: unknown }[]).map(({ key, value }) => [key, value] as const);
}

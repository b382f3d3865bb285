// The Iceberg field ids of a Parquet file's columns, nested ones included, under the paths by which DuckDB reports
// statistics.

import { quoteIdentifier } from "#lib/sql-text";

/** A type in the JSON of an Iceberg schema. Format: https://iceberg.apache.org/spec/#schemas (Appendix C). */
export type IcebergType =
  | string
  | { readonly type: "struct"; readonly fields: readonly IcebergField[] }
  | { readonly type: "list"; readonly "element-id": number; readonly element: IcebergType }
  | {
      readonly type: "map";
      readonly "key-id": number;
      readonly key: IcebergType;
      readonly "value-id": number;
      readonly value: IcebergType;
    };

export interface IcebergField {
  readonly id: number;
  readonly name: string;
  readonly type: IcebergType;
}

export function icebergFields(schemaJson: string): readonly IcebergField[] {
  return (JSON.parse(schemaJson) as { fields: IcebergField[] }).fields;
}

/**
 * Field ids by the path under which DuckDB's RETURN_STATS names a Parquet column: quoted names joined by
 * points, `element` for a list's member, `key` and `value` for a map's. `names` are the columns' names in the
 * file, `ids` their field ids; what nests in them has its ids from the schema.
 */
export function idsByPath(
  names: readonly string[],
  ids: readonly number[],
  fields: readonly IcebergField[],
): Map<string, number> {
  const types = new Map(fields.map((field) => [field.id, field.type]));
  const found = new Map<string, number>();
  const visit = (path: string, id: number, type: IcebergType): void => {
    found.set(path, id);
    if (typeof type === "string") return;
    if (type.type === "list") visit(`${path}."element"`, type["element-id"], type.element);
    else if (type.type === "map") {
      visit(`${path}."key"`, type["key-id"], type.key);
      visit(`${path}."value"`, type["value-id"], type.value);
    } else
      for (const field of type.fields) visit(`${path}.${quoteIdentifier(field.name)}`, field.id, field.type);
  };
  for (const [index, name] of names.entries()) {
    const id = ids[index] ?? 0;
    visit(quoteIdentifier(name), id, types.get(id) ?? "string");
  }
  return found;
}

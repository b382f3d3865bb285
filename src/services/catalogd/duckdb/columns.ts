// Columns as the contract has them, with DuckDB's text of their types, and Iceberg's schemas, both ways.

import type { Dataset } from "#contracts/catalog";
import { newSchema } from "../iceberg/types/columns.ts";
import type { SchemaChange } from "../iceberg/types/evolve.ts";
import type { Schema } from "../iceberg/types/schema.ts";
import { personalKindOf } from "../tables/personal-data.ts";
import { duckdbType, typeFromDuckdb } from "./types.ts";

export type Column = Dataset["columns"][number];

/** A first schema for columns. Throws `invalid` for a type or a name that is none. */
export function schemaOf(columns: readonly { readonly name: string; readonly type: string }[]): Schema {
  return newSchema(columns.map(({ name, type }) => ({ name, type: typeFromDuckdb(type) })));
}

/** `properties` are the table's, where it is to be told which columns hold personal data. */
export function columnsOf(schema: Schema, properties: Readonly<Record<string, string>> = {}): Column[] {
  return schema.fields.map(({ id, name, type, required, doc }) => {
    const personal = personalKindOf(properties, id);
    return {
      id,
      name,
      type: duckdbType(type),
      nullable: !required,
      ...(doc === undefined ? {} : { doc }),
      ...(personal === undefined ? {} : { personal }),
    };
  });
}

/** What a user wants of a table's columns; types are DuckDB's text. */
export interface WantedChanges {
  readonly add?: readonly { name: string; type: string; doc?: string | undefined }[] | undefined;
  readonly rename?: Readonly<Record<string, string>> | undefined;
  readonly drop?: readonly string[] | undefined;
  readonly widen?: Readonly<Record<string, string>> | undefined;
  readonly doc?: Readonly<Record<string, string>> | undefined;
}

/** The same as steps: columns go first and come last, so that a name given up in one request can be taken in it. */
export function schemaChanges({
  add = [],
  rename = {},
  drop = [],
  widen = {},
  doc = {},
}: WantedChanges): SchemaChange[] {
  return [
    ...drop.map((name): SchemaChange => ({ change: "drop", name })),
    { change: "rename", names: rename },
    ...Object.entries(widen).map(([name, type]): SchemaChange => ({
      change: "widen",
      name,
      type: typeFromDuckdb(type),
    })),
    ...add.map(({ name, type, doc: text }): SchemaChange => ({
      change: "add",
      name,
      type: typeFromDuckdb(type),
      ...(text === undefined ? {} : { doc: text }),
    })),
    ...Object.entries(doc).map(([name, text]): SchemaChange => ({ change: "doc", name, doc: text })),
  ];
}

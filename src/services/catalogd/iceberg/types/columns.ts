// Columns as people name them, made into a first schema: names that every SQL engine can tell apart, ids given by
// us.

import { Fault } from "#rpc/fault";

import { type Field, freshIds, type Schema, type Type } from "./schema.ts";

/** One column as its owner names it; ids of nested fields are ours to give. */
export interface ColumnInput {
  readonly name: string;
  readonly type: Type;
  readonly required?: boolean;
  readonly doc?: string;
}

/** A table wider than this is a mistake in reading a file; the metadata of each snapshot carries every column. */
export const COLUMNS_MAX = 10_000;

/** A first schema with ids 1..n for the columns and further ids for what nests in them. Throws `invalid`. */
export function newSchema(columns: readonly ColumnInput[]): Schema {
  if (columns.length === 0) throw new Fault("invalid", "A table needs one column at least.");
  if (columns.length > COLUMNS_MAX) {
    throw new Fault("invalid", `A table has ${COLUMNS_MAX} columns at most; this one has ${columns.length}.`);
  }
  const fields = columns.map(({ name, type, required = false, doc }) => ({
    id: 0,
    name: checkedName(name),
    required,
    type,
    ...(doc === undefined ? {} : { doc }),
  }));
  const schema = freshIds({ type: "struct", "schema-id": 0, fields }).schema;
  refuseTwins(schema.fields);
  return schema;
}

export function checkedName(name: string): string {
  if (name === "" || name.includes("\0")) {
    throw new Fault("invalid", "A column needs a name without NUL characters.");
  }
  return name;
}

/** SQL engines fold case, so two names that differ in case alone could not both be asked for. */
export function refuseTwins(fields: readonly Field[]): void {
  const seen = new Map<string, string>();
  for (const { name } of fields) {
    const twin = seen.get(name.toLowerCase());
    if (twin !== undefined) {
      throw new Fault(
        "conflict",
        `The columns "${twin}" and "${name}" have the same name: rename one of them.`,
      );
    }
    seen.set(name.toLowerCase(), name);
  }
}

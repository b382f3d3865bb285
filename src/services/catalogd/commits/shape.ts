// Whether the columns that a writer brings fit a table, and the metadata under which its files are committed.

import { present } from "#lib/assert";
import { Fault } from "#rpc/fault";
import { type Column, schemaOf } from "../duckdb/columns.ts";
import { fitColumns } from "../duckdb/fit.ts";
import { createMetadata, currentSchema, type TableMetadata } from "../iceberg/metadata/metadata.ts";
import { setSchema } from "../iceberg/metadata/table-changes.ts";
import { evolveSchema } from "../iceberg/types/evolve.ts";
import { lastFieldId, type Schema } from "../iceberg/types/schema.ts";
import type { Place } from "../tables/place.ts";
import type { Table } from "../tables/tables.ts";

interface Shaped {
  readonly schema: Schema;
  readonly lastColumnId: number;
  /** What was changed, for a person. */
  readonly words: readonly string[];
}

/** A schema that takes the columns: a first one, the table's own, or that one evolved. */
export function shapedFor(
  table: Table | undefined,
  columns: readonly { name: string; type: string }[],
  contract: "evolve" | "freeze",
): Shaped {
  if (table === undefined) {
    const schema = schemaOf(columns);
    return { schema, lastColumnId: lastFieldId(schema), words: [] };
  }
  const schema = currentSchema(table.metadata);
  const lastColumnId = table.metadata["last-column-id"];
  const { changes, words } = fitColumns(schema, columns, contract);
  return { ...evolveSchema(schema, changes, lastColumnId), words };
}

/** The columns a file will have, in its own order, under the table's names and types. */
export function writtenSchema(schema: Schema, columns: readonly { name: string }[]): Schema {
  const fields = columns.map(({ name }) =>
    present(
      schema.fields.find((field) => field.name.toLowerCase() === name.toLowerCase()),
      `column ${name}`,
    ),
  );
  return { ...schema, fields };
}

/** Metadata whose schema is the one that the files were written for. */
export function metadataFor(
  table: Table | undefined,
  place: Place,
  columns: readonly Column[],
  nowMs: number,
  uuid: () => string,
): TableMetadata {
  const { schema, lastColumnId } = shapedFor(table, columns, "evolve");
  for (const { id, name } of columns) {
    if (schema.fields.some((field) => field.id === id && field.name === name)) continue;
    throw new Fault(
      "conflict",
      `Column ${name} was changed meanwhile. Prepare again and write the files again.`,
    );
  }
  if (table !== undefined) return setSchema(table.metadata, schema, lastColumnId, nowMs);
  return createMetadata({ uuid: uuid(), location: place.location, schema, properties: {}, nowMs });
}

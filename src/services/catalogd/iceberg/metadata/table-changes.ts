// Changes to a table's metadata that make no snapshot: schemas, and the log of former metadata files. Engines declare
// their schema again with every write, so adding one that is there already changes nothing and gives its id.

import { Fault } from "#rpc/fault";

import { currentSchema, specById, type TableMetadata } from "./metadata.ts";
import { allFields, checkSchema, fieldById, lastFieldId, sameSchema, type Schema } from "../types/schema.ts";

/** How many former metadata files are remembered, unless the table says `write.metadata.previous-versions-max`. */
const METADATA_LOG_MAX = 20;

/** Highest id plus one, counted over what was ever listed. */
const nextId = (ids: readonly number[]): number => Math.max(-1, ...ids) + 1;

function touched(metadata: TableMetadata, nowMs: number): { readonly "last-updated-ms": number } {
  return { "last-updated-ms": Math.max(nowMs, metadata["last-updated-ms"]) };
}

/** Lists a schema without making it current. `last-column-id` moves up to its highest id and never down. */
export function addSchema(
  metadata: TableMetadata,
  schema: Schema,
  nowMs: number,
  lastColumnId = 0,
): { metadata: TableMetadata; schemaId: number } {
  checkSchema(schema);
  const last = Math.max(metadata["last-column-id"], lastColumnId, lastFieldId(schema));
  const same = metadata.schemas.find((listed) => sameSchema(listed, schema));
  if (same !== undefined) {
    const moved = last > metadata["last-column-id"];
    return {
      metadata: moved ? { ...metadata, "last-column-id": last, ...touched(metadata, nowMs) } : metadata,
      schemaId: same["schema-id"],
    };
  }
  const schemaId = nextId(metadata.schemas.map((listed) => listed["schema-id"]));
  const added = {
    ...metadata,
    schemas: [...metadata.schemas, { ...schema, "schema-id": schemaId }],
    "last-column-id": last,
    ...touched(metadata, nowMs),
  };
  return { metadata: added, schemaId };
}

/**
 * Makes a listed schema current. Throws `not_found` for an unknown one and `conflict` when the default spec or
 * sort order needs a column that it lacks.
 */
export function setCurrentSchema(metadata: TableMetadata, schemaId: number, nowMs: number): TableMetadata {
  if (schemaId === metadata["current-schema-id"]) return metadata;
  const schema = metadata.schemas.find((listed) => listed["schema-id"] === schemaId);
  if (schema === undefined) throw new Fault("not_found", `The table has no schema ${schemaId}.`);
  const ids = new Set(allFields(schema).map(({ id }) => id));
  const used = [
    ...specById(metadata, metadata["default-spec-id"]).fields.filter(({ transform }) => transform !== "void"),
    ...(metadata["sort-orders"].find((order) => order["order-id"] === metadata["default-sort-order-id"])
      ?.fields ?? []),
  ];
  const missing = used.find((field) => !ids.has(field["source-id"]));
  if (missing !== undefined) {
    const name = fieldById(currentSchema(metadata), missing["source-id"])?.path.join(".");
    throw new Fault(
      "conflict",
      `The table is partitioned or sorted by "${name}": change that before dropping the column.`,
    );
  }
  return { ...metadata, "current-schema-id": schemaId, ...touched(metadata, nowMs) };
}

/** Lists a schema, as `evolveSchema` gives it, and makes it current. */
export function setSchema(
  metadata: TableMetadata,
  schema: Schema,
  lastColumnId: number,
  nowMs: number,
): TableMetadata {
  const added = addSchema(metadata, schema, nowMs, lastColumnId);
  return setCurrentSchema(added.metadata, added.schemaId, nowMs);
}

/**
 * Remembers the metadata file that a commit replaces: the last step before printing. `previous` is what that
 * file holds. The oldest entries go when there are too many.
 */
export function logMetadata(
  next: TableMetadata,
  previous: TableMetadata,
  previousPath: string,
): TableMetadata {
  const most = Number(next.properties["write.metadata.previous-versions-max"] ?? METADATA_LOG_MAX);
  const entry = { "metadata-file": previousPath, "timestamp-ms": previous["last-updated-ms"] };
  const kept = Number.isSafeInteger(most) && most >= 1 ? most : METADATA_LOG_MAX;
  return { ...next, "metadata-log": [...previous["metadata-log"], entry].slice(-kept) };
}

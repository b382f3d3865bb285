// Changes to a table's metadata that make no snapshot: schemas, partition specs, sort orders, properties, and
// the log of former metadata files. Engines declare their schema, spec and order again with every write, so
// adding one that is there already changes nothing and gives its id.

import { Fault } from "#rpc/fault";

import { currentSchema, type SortOrder, specById, type TableMetadata } from "./metadata.ts";
import { bindSpec, sameSpec, type SpecInput } from "../types/partition.ts";
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

/** Lists a partition spec without making it the default; its fields get ids that no other field has. */
export function addSpec(
  metadata: TableMetadata,
  input: SpecInput,
  nowMs: number,
): { metadata: TableMetadata; specId: number } {
  const specs = metadata["partition-specs"];
  const same = specs.find((listed) => sameSpec(listed, input));
  if (same !== undefined) return { metadata, specId: same["spec-id"] };
  const bound = bindSpec(input, currentSchema(metadata), specs, metadata["last-partition-id"]);
  const specId = nextId(specs.map((listed) => listed["spec-id"]));
  const added = {
    ...metadata,
    "partition-specs": [...specs, { ...bound.spec, "spec-id": specId }],
    "last-partition-id": bound.lastPartitionId,
    ...touched(metadata, nowMs),
  };
  return { metadata: added, specId };
}

export function setDefaultSpec(metadata: TableMetadata, specId: number, nowMs: number): TableMetadata {
  if (specId === metadata["default-spec-id"]) return metadata;
  if (!metadata["partition-specs"].some((spec) => spec["spec-id"] === specId)) {
    throw new Fault("not_found", `The table has no partition spec ${specId}.`);
  }
  return { ...metadata, "default-spec-id": specId, ...touched(metadata, nowMs) };
}

/** Lists a sort order without making it the default. Order 0 is the one without fields. */
export function addSortOrder(
  metadata: TableMetadata,
  order: SortOrder,
  nowMs: number,
): { metadata: TableMetadata; orderId: number } {
  const orders = metadata["sort-orders"];
  const same = orders.find((listed) => Bun.deepEquals(listed.fields, order.fields));
  if (same !== undefined) return { metadata, orderId: same["order-id"] };
  const ids = new Set(allFields(currentSchema(metadata)).map(({ id }) => id));
  const missing = order.fields.find((field) => !ids.has(field["source-id"]));
  if (missing !== undefined) {
    throw new Fault(
      "invalid",
      `The sort order names the column id ${missing["source-id"]}, which the schema has not.`,
    );
  }
  const orderId =
    order.fields.length === 0 ? 0 : Math.max(1, nextId(orders.map((listed) => listed["order-id"])));
  const added = {
    ...metadata,
    "sort-orders": [...orders, { ...order, "order-id": orderId }],
    ...touched(metadata, nowMs),
  };
  return { metadata: added, orderId };
}

export function setDefaultSortOrder(metadata: TableMetadata, orderId: number, nowMs: number): TableMetadata {
  if (orderId === metadata["default-sort-order-id"]) return metadata;
  if (!metadata["sort-orders"].some((order) => order["order-id"] === orderId)) {
    throw new Fault("not_found", `The table has no sort order ${orderId}.`);
  }
  return { ...metadata, "default-sort-order-id": orderId, ...touched(metadata, nowMs) };
}

/** Sets properties and takes others away. */
export function setProperties(
  metadata: TableMetadata,
  set: Readonly<Record<string, string>>,
  removals: readonly string[],
  nowMs: number,
): TableMetadata {
  const kept = Object.entries(metadata.properties).filter(([key]) => !removals.includes(key));
  return { ...metadata, properties: { ...Object.fromEntries(kept), ...set }, ...touched(metadata, nowMs) };
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

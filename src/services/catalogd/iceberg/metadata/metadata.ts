// The metadata of a table ("Table Metadata" of format v2) in the shape of its JSON: what every commit replaces
// as a whole and what alone says which snapshot is current. Values are never changed in place; each function
// gives a new metadata. Keys that are not known here are kept as they are.

import { assert } from "#lib/assert";
import { Fault } from "#rpc/fault";

import { parseJson, printJson } from "../types/json.ts";
import { type Long } from "../types/long.ts";
import {
  bindSpec,
  LAST_PARTITION_ID,
  type PartitionSpec,
  type SpecInput,
  UNPARTITIONED,
} from "../types/partition.ts";
import { checkSchema, freshIds, type Schema, schemaById } from "../types/schema.ts";

export interface Snapshot {
  readonly "snapshot-id": Long;
  readonly "parent-snapshot-id"?: Long;
  readonly "sequence-number": number;
  readonly "timestamp-ms": number;
  readonly "manifest-list": string;
  /** `operation` is append, replace, overwrite or delete; the rest are counts and notes as text. */
  readonly summary: Readonly<Record<string, string>>;
  readonly "schema-id"?: number;
}

export interface SnapshotRef {
  readonly "snapshot-id": Long;
  readonly type: "branch" | "tag";
  readonly "min-snapshots-to-keep"?: number;
  readonly "max-snapshot-age-ms"?: number;
  readonly "max-ref-age-ms"?: number;
}

interface SortField {
  readonly transform: string;
  readonly "source-id": number;
  readonly direction: "asc" | "desc";
  readonly "null-order": "nulls-first" | "nulls-last";
}
export interface SortOrder {
  readonly "order-id": number;
  readonly fields: readonly SortField[];
}

/** A statistics file, of a table or of its partitions; what else it holds is its writer's. */
export interface StatisticsFile {
  readonly "snapshot-id": Long;
  readonly "statistics-path": string;
}

export interface TableMetadata {
  readonly "format-version": 2;
  readonly "table-uuid": string;
  readonly location: string;
  readonly "last-sequence-number": number;
  readonly "last-updated-ms": number;
  /** The highest field id that was ever given, which may be above those of the present columns. */
  readonly "last-column-id": number;
  readonly schemas: readonly Schema[];
  readonly "current-schema-id": number;
  readonly "partition-specs": readonly PartitionSpec[];
  readonly "default-spec-id": number;
  readonly "last-partition-id": number;
  readonly "sort-orders": readonly SortOrder[];
  readonly "default-sort-order-id": number;
  readonly properties: Readonly<Record<string, string>>;
  /** Absent while the table has no snapshot; -1, which Java writes for that, is read as absent. */
  readonly "current-snapshot-id"?: Long;
  readonly snapshots: readonly Snapshot[];
  readonly "snapshot-log": readonly { readonly "snapshot-id": Long; readonly "timestamp-ms": number }[];
  readonly "metadata-log": readonly { readonly "metadata-file": string; readonly "timestamp-ms": number }[];
  readonly refs: Readonly<Record<string, SnapshotRef>>;
  readonly statistics: readonly StatisticsFile[];
  readonly "partition-statistics": readonly StatisticsFile[];
}

/** The branch that readers see when they name none. */
export const MAIN = "main";
const UNSORTED: SortOrder = { "order-id": 0, fields: [] };

export interface CreateInput {
  readonly uuid: string;
  /** The table's base URI, such as `s3://bucket/warehouse/table`. */
  readonly location: string;
  readonly schema: Schema;
  readonly spec?: SpecInput;
  readonly sortOrder?: SortOrder;
  readonly properties: Readonly<Record<string, string>>;
  readonly nowMs: number;
}

/**
 * A table without snapshots. Field ids are counted anew from 1, as catalogs do (Spark sends ids from 0), and
 * the sources of the spec and the sort order follow them. Throws `invalid` for what format v2 cannot hold.
 */
export function createMetadata({
  uuid,
  location,
  schema,
  spec,
  sortOrder,
  properties,
  nowMs,
}: CreateInput): TableMetadata {
  checkSchema(schema);
  const { "format-version": version = "2", ...rest } = properties;
  if (version !== "2") {
    throw new Fault(
      "invalid",
      `Tables are written in format version 2, not ${version}: leave format-version out.`,
    );
  }
  const { schema: fresh, renumbered, last } = freshIds(schema);
  const sourceOf = (id: number): number => renumbered.get(id) ?? -1;
  const sources = <T extends { readonly "source-id": number }>(fields: readonly T[]): T[] =>
    fields.map((field) => ({ ...field, "source-id": sourceOf(field["source-id"]) }));
  const bound = bindSpec({ fields: sources((spec ?? UNPARTITIONED).fields) }, fresh, [], LAST_PARTITION_ID);
  const sorted = sources(sortOrder?.fields ?? []);
  const missing = sorted.find((field) => field["source-id"] === -1);
  if (missing !== undefined)
    throw new Fault("invalid", "The sort order names a column that the schema has not.");
  // Order 0 is reserved for "unsorted".
  const order: SortOrder = sorted.length === 0 ? UNSORTED : { "order-id": 1, fields: sorted };
  return {
    "format-version": 2,
    "table-uuid": uuid,
    location: location.replace(/\/+$/, ""),
    "last-sequence-number": 0,
    "last-updated-ms": nowMs,
    "last-column-id": last,
    schemas: [{ ...fresh, "schema-id": 0 }],
    "current-schema-id": 0,
    "partition-specs": [{ ...bound.spec, "spec-id": 0 }],
    "default-spec-id": 0,
    "last-partition-id": bound.lastPartitionId,
    "sort-orders": [order],
    "default-sort-order-id": order["order-id"],
    properties: rest,
    snapshots: [],
    "snapshot-log": [],
    "metadata-log": [],
    refs: {},
    statistics: [],
    "partition-statistics": [],
  };
}

function broken(what: string): Fault {
  return new Fault("invalid", `This is not the metadata of an Iceberg v2 table: ${what}.`);
}

/**
 * Reads a metadata file of any writer of format v2, with 64-bit ids kept whole. Throws `invalid` for other
 * versions, for missing fields and for ids that lead nowhere.
 */
export function parseMetadata(text: string): TableMetadata {
  let parsed: unknown;
  try {
    parsed = parseJson(text);
  } catch (thrown) {
    throw new Fault("invalid", "This is not the metadata of a table: it is not JSON.", { cause: thrown });
  }
  if (typeof parsed !== "object" || parsed === null) throw broken("it is not an object");
  const given = parsed as Record<string, unknown> & Partial<TableMetadata>;
  const version: unknown = given["format-version"];
  if (version !== 2)
    throw broken(`its format-version is ${String(version)}; upgrade the table to 2 or use its own engine`);
  for (const key of ["table-uuid", "location"]) {
    if (typeof given[key] !== "string") throw broken(`${key} is missing`);
  }
  for (const key of NUMBERS) if (typeof given[key] !== "number") throw broken(`${key} is missing`);
  for (const key of LISTS) {
    if (!isRecords(given[key])) throw broken(`${key} is missing or not a list of objects`);
  }
  for (const key of OPTIONAL_LISTS) {
    if (!isRecords(given[key] ?? [])) throw broken(`${key} is not a list of objects`);
  }
  for (const key of ["properties", "refs"]) {
    if (!isRecord(given[key] ?? {})) throw broken(`${key} is not an object`);
  }
  const { "current-snapshot-id": current, ...rest } = given;
  const metadata: TableMetadata = {
    ...(rest as TableMetadata),
    ...(current === undefined || current === null || current === -1
      ? {}
      : { "current-snapshot-id": current }),
    properties: given.properties ?? {},
    snapshots: (given.snapshots ?? []).map(readSnapshot),
    "snapshot-log": given["snapshot-log"] ?? [],
    "metadata-log": given["metadata-log"] ?? [],
    refs: given.refs ?? {},
    statistics: given.statistics ?? [],
    "partition-statistics": given["partition-statistics"] ?? [],
  };
  return withMain(checkReferences(metadata));
}

const NUMBERS = [
  "last-sequence-number",
  "last-updated-ms",
  "last-column-id",
  "current-schema-id",
  "default-spec-id",
  "last-partition-id",
  "default-sort-order-id",
];

const LISTS = ["schemas", "partition-specs", "sort-orders"];
const OPTIONAL_LISTS = ["snapshots", "snapshot-log", "metadata-log", "statistics", "partition-statistics"];

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isRecords(value: unknown): boolean {
  return Array.isArray(value) && value.every(isRecord);
}

/** A table that was upgraded from v1 has snapshots without a sequence number or a summary. */
function readSnapshot(snapshot: Snapshot): Snapshot {
  const id: unknown = snapshot["snapshot-id"];
  if (typeof id !== "number" && typeof id !== "bigint") throw broken("a snapshot has no snapshot-id");
  if (typeof snapshot["manifest-list"] !== "string") throw broken(`snapshot ${id} has no manifest-list`);
  if (typeof snapshot["timestamp-ms"] !== "number") throw broken(`snapshot ${id} has no timestamp-ms`);
  const { "sequence-number": sequence = 0, summary = {} } = snapshot as Partial<Snapshot>;
  return { ...snapshot, "sequence-number": sequence, summary };
}

function checkReferences(metadata: TableMetadata): TableMetadata {
  for (const schema of metadata.schemas) checkSchema(schema);
  if (!metadata.schemas.some((schema) => schema["schema-id"] === metadata["current-schema-id"])) {
    throw broken(`its current schema ${metadata["current-schema-id"]} is not listed`);
  }
  if (!metadata["partition-specs"].some((spec) => spec["spec-id"] === metadata["default-spec-id"])) {
    throw broken(`its default partition spec ${metadata["default-spec-id"]} is not listed`);
  }
  if (!metadata["sort-orders"].some((order) => order["order-id"] === metadata["default-sort-order-id"])) {
    throw broken(`its default sort order ${metadata["default-sort-order-id"]} is not listed`);
  }
  const ids = new Set(metadata.snapshots.map((snapshot) => snapshot["snapshot-id"]));
  const current = metadata["current-snapshot-id"];
  if (current !== undefined && !ids.has(current))
    throw broken(`its current snapshot ${current} is not listed`);
  for (const spec of metadata["partition-specs"]) {
    if (!isRecords(spec.fields)) throw broken(`its partition spec ${spec["spec-id"]} has no fields`);
  }
  for (const order of metadata["sort-orders"]) {
    if (!isRecords(order.fields)) throw broken(`its sort order ${order["order-id"]} has no fields`);
  }
  for (const [name, ref] of Object.entries(metadata.refs)) {
    if (!isRecord(ref) || !ids.has(ref["snapshot-id"]))
      throw broken(`the ref "${name}" names a snapshot that is not listed`);
  }
  const main = metadata.refs[MAIN]?.["snapshot-id"];
  if (main !== undefined && main !== current) throw broken("the branch main is not at the current snapshot");
  return metadata;
}

/** There is always a main branch at the current snapshot, even where a writer left the refs out. */
function withMain(metadata: TableMetadata): TableMetadata {
  const current = metadata["current-snapshot-id"];
  if (current === undefined || metadata.refs[MAIN] !== undefined) return metadata;
  return { ...metadata, refs: { ...metadata.refs, [MAIN]: { "snapshot-id": current, type: "branch" } } };
}

/** The bytes to store as `v{N}.metadata.json`, as text. */
export function printMetadata(metadata: TableMetadata): string {
  return printJson(metadata);
}

export function currentSchema(metadata: TableMetadata): Schema {
  return schemaById(metadata.schemas, metadata["current-schema-id"]);
}

export function specById(metadata: TableMetadata, id: number): PartitionSpec {
  const spec = metadata["partition-specs"].find((candidate) => candidate["spec-id"] === id);
  assert(spec !== undefined, `partition spec ${id} is not in the metadata`);
  return spec;
}

/** The snapshot with an id, if the table still has it. */
export function snapshotById(metadata: TableMetadata, id: Long | undefined): Snapshot | undefined {
  return id === undefined ? undefined : metadata.snapshots.find((snapshot) => snapshot["snapshot-id"] === id);
}

/** A branch or tag by its name, which may be any text. */
export function refOf(metadata: TableMetadata, name: string): SnapshotRef | undefined {
  return Object.hasOwn(metadata.refs, name) ? metadata.refs[name] : undefined;
}

/** The snapshot that a branch or tag is at; undefined for a main branch that has none yet. */
export function snapshotOf(metadata: TableMetadata, ref: string = MAIN): Snapshot | undefined {
  return snapshotById(metadata, refOf(metadata, ref)?.["snapshot-id"]);
}

/** The snapshot that was current at a time, by the snapshot log; undefined before the first. */
export function snapshotAt(metadata: TableMetadata, timeMs: number): Snapshot | undefined {
  const entry = metadata["snapshot-log"].findLast((logged) => logged["timestamp-ms"] <= timeMs);
  return snapshotById(metadata, entry?.["snapshot-id"]);
}

const SNAPSHOT_ID_BYTES = 7;

/**
 * A snapshot id from at least 7 random bytes, positive and below 2^53, so that readers which hold numbers as
 * doubles read it right.
 */
export function mintSnapshotId(random: Uint8Array): number {
  assert(random.length >= SNAPSHOT_ID_BYTES, `${SNAPSHOT_ID_BYTES} random bytes are needed`);
  let id = (random[0] ?? 0) & 0x1f;
  for (const byte of random.subarray(1, SNAPSHOT_ID_BYTES)) id = id * 256 + byte;
  return id === 0 ? 1 : id;
}

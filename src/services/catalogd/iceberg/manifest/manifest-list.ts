// Manifest lists ("Manifest Lists" of format v2): one Avro file per snapshot that names its manifests with
// enough about each to skip those that a scan does not need, and with the sequence numbers and snapshot ids
// that new entries inherit. A retried commit rewrites the list alone.

import { assert } from "#lib/assert";

import { type AvroCodec, decodeAvro, encodeAvro } from "../avro/container.ts";
import { type AvroField, type AvroRecord, type AvroValue } from "../avro/codec.ts";
import {
  bytesOrNull,
  countOf,
  listOrNull,
  longOf,
  optional,
  required,
  type Row,
  rowOf,
  textOf,
} from "../avro/fields.ts";
import { type Long } from "../types/long.ts";
import { type ManifestEntry, STATUS } from "./manifest.ts";
import { type PartitionSpec, partitionTypes } from "../types/partition.ts";
import { type Schema } from "../types/schema.ts";
import { compareValues, encodeValue, type Value } from "../types/values.ts";

/** What the values of one partition field are in a manifest. */
interface FieldSummary {
  readonly contains_null: boolean;
  readonly contains_nan: boolean | null;
  readonly lower_bound: Uint8Array | null;
  readonly upper_bound: Uint8Array | null;
}

/** A manifest's row of a list; `content` is 0 for data and 1 for deletes. */
export interface ManifestFile {
  readonly manifest_path: string;
  readonly manifest_length: number;
  readonly partition_spec_id: number;
  readonly content: 0 | 1;
  readonly sequence_number: number;
  readonly min_sequence_number: number;
  readonly added_snapshot_id: Long;
  readonly added_files_count: number;
  readonly existing_files_count: number;
  readonly deleted_files_count: number;
  readonly added_rows_count: number;
  readonly existing_rows_count: number;
  readonly deleted_rows_count: number;
  readonly partitions: readonly FieldSummary[] | null;
  readonly key_metadata: Uint8Array | null;
}

const SUMMARY: AvroRecord = {
  type: "record",
  name: "r508",
  fields: [
    required(509, "contains_null", "boolean"),
    optional(518, "contains_nan", "boolean"),
    optional(510, "lower_bound", "bytes"),
    optional(511, "upper_bound", "bytes"),
  ],
};

export const MANIFEST_LIST_SCHEMA: AvroRecord = {
  type: "record",
  name: "manifest_file",
  fields: [
    required(500, "manifest_path", "string"),
    required(501, "manifest_length", "long"),
    required(502, "partition_spec_id", "int"),
    required(517, "content", "int"),
    required(515, "sequence_number", "long"),
    required(516, "min_sequence_number", "long"),
    required(503, "added_snapshot_id", "long"),
    required(504, "added_files_count", "int"),
    required(505, "existing_files_count", "int"),
    required(506, "deleted_files_count", "int"),
    required(512, "added_rows_count", "long"),
    required(513, "existing_rows_count", "long"),
    required(514, "deleted_rows_count", "long"),
    optional(507, "partitions", { type: "array", items: SUMMARY, "element-id": 508 }),
    optional(519, "key_metadata", "bytes"),
  ],
};

const NAMES = new Map(
  [...MANIFEST_LIST_SCHEMA.fields, ...SUMMARY.fields].map((f) => [f["field-id"], f.name]),
);

interface ListHeader {
  readonly snapshotId: Long;
  readonly parentSnapshotId: Long | undefined;
  readonly sequenceNumber: number;
}

export function encodeManifestList(
  manifests: readonly ManifestFile[],
  { snapshotId, parentSnapshotId, sequenceNumber }: ListHeader,
  codec?: AvroCodec,
): Uint8Array {
  return encodeAvro({
    schema: MANIFEST_LIST_SCHEMA,
    header: {
      "snapshot-id": String(snapshotId),
      "parent-snapshot-id": String(parentSnapshotId ?? null),
      "sequence-number": String(sequenceNumber),
      "format-version": "2",
    },
    records: manifests.map((manifest) => ({
      ...manifest,
      partitions: manifest.partitions?.map((summary) => ({ ...summary })) ?? null,
    })),
    ...(codec === undefined ? {} : { codec }),
  });
}

function nameOf(field: AvroField): string {
  return NAMES.get(field["field-id"]) ?? field.name;
}

/** Reads a manifest list of any writer; what v1 did not know is read as the format says. Throws `invalid`. */
export function decodeManifestList(bytes: Uint8Array): ManifestFile[] {
  const { records } = decodeAvro(bytes, nameOf);
  return records.map((record) => listedOf(rowOf(record, "entry")));
}

function listedOf(row: Row): ManifestFile {
  return {
    manifest_path: textOf(row["manifest_path"], "manifest_path"),
    manifest_length: countOf(row["manifest_length"], "manifest_length"),
    partition_spec_id: countOf(row["partition_spec_id"], "partition_spec_id"),
    content: row["content"] === 1 ? 1 : 0,
    sequence_number: countOf(row["sequence_number"] ?? 0, "sequence_number"),
    min_sequence_number: countOf(row["min_sequence_number"] ?? 0, "min_sequence_number"),
    added_snapshot_id: longOf(row["added_snapshot_id"] ?? 0, "added_snapshot_id"),
    // An unknown count of v1 means "some": it is read as one so that the manifest is not skipped.
    added_files_count: countOf(row["added_files_count"] ?? 1, "added_files_count"),
    existing_files_count: countOf(row["existing_files_count"] ?? 1, "existing_files_count"),
    deleted_files_count: countOf(row["deleted_files_count"] ?? 1, "deleted_files_count"),
    added_rows_count: countOf(row["added_rows_count"] ?? 1, "added_rows_count"),
    existing_rows_count: countOf(row["existing_rows_count"] ?? 1, "existing_rows_count"),
    deleted_rows_count: countOf(row["deleted_rows_count"] ?? 1, "deleted_rows_count"),
    partitions: listOrNull(row["partitions"], "partitions", summaryOf),
    key_metadata: bytesOrNull(row["key_metadata"], "key_metadata"),
  };
}

function summaryOf(value: AvroValue): FieldSummary {
  const row = rowOf(value, "partitions");
  const nan = row["contains_nan"];
  return {
    contains_null: row["contains_null"] !== false,
    contains_nan: typeof nan === "boolean" ? nan : null,
    lower_bound: bytesOrNull(row["lower_bound"], "lower_bound"),
    upper_bound: bytesOrNull(row["upper_bound"], "upper_bound"),
  };
}

interface Described {
  readonly path: string;
  readonly length: number;
  readonly content: "data" | "deletes";
  readonly spec: PartitionSpec;
  readonly schema: Schema;
  readonly entries: readonly ManifestEntry[];
  readonly snapshotId: Long;
  readonly sequenceNumber: number;
}

/** The row of the list for a manifest that a snapshot writes. */
export function describeManifest(manifest: Described): ManifestFile {
  const { entries, sequenceNumber } = manifest;
  const of = (status: number): readonly ManifestEntry[] => entries.filter((entry) => entry.status === status);
  const rows = (some: readonly ManifestEntry[]): number =>
    some.reduce((sum, { data_file }) => sum + data_file.record_count, 0);
  const [existing, added, deleted] = [of(STATUS.existing), of(STATUS.added), of(STATUS.deleted)];
  const live = [...added, ...existing].map((entry) => entry.sequence_number ?? sequenceNumber);
  return {
    manifest_path: manifest.path,
    manifest_length: manifest.length,
    partition_spec_id: manifest.spec["spec-id"],
    content: manifest.content === "data" ? 0 : 1,
    sequence_number: sequenceNumber,
    min_sequence_number: live.reduce((least, next) => Math.min(least, next), sequenceNumber),
    added_snapshot_id: manifest.snapshotId,
    added_files_count: added.length,
    existing_files_count: existing.length,
    deleted_files_count: deleted.length,
    added_rows_count: rows(added),
    existing_rows_count: rows(existing),
    deleted_rows_count: rows(deleted),
    partitions: summarize(manifest),
    key_metadata: null,
  };
}

function summarize({ spec, schema, entries }: Described): FieldSummary[] {
  return partitionTypes(spec, schema).map((type, index) => {
    const values = entries.map(({ data_file }) => {
      const value = data_file.partition[index];
      assert(value !== undefined, "every file has a value for every partition field");
      return value;
    });
    const bounded = values.filter((value): value is Value => value !== null && !Number.isNaN(value));
    const least = bounded.reduce<Value | undefined>(
      (low, value) => (low === undefined || compareValues(type, value, low) < 0 ? value : low),
      undefined,
    );
    const greatest = bounded.reduce<Value | undefined>(
      (high, value) => (high === undefined || compareValues(type, value, high) > 0 ? value : high),
      undefined,
    );
    return {
      contains_null: values.includes(null),
      contains_nan: values.some((value) => Number.isNaN(value)),
      lower_bound: least === undefined ? null : encodeValue(type, least),
      upper_bound: greatest === undefined ? null : encodeValue(type, greatest),
    };
  });
}

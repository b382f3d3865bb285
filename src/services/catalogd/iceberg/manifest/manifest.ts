// Manifests ("Manifests" of format v2): Avro files that list data files or delete files with their partition,
// counts and bounds. Fields are resolved by id when reading, since writers disagree in names and order; what v1
// did not know is filled in as the format says; everything is checked, since the bytes may be anyone's.

import { assert } from "#lib/assert";
import { avroName } from "#lib/avro-name";

import { type AvroField, type AvroRecord, type AvroValue } from "../avro/codec.ts";
import {
  bytesOf,
  bytesOrNull,
  countOf,
  listOrNull,
  longOf,
  mapOrNull,
  type Row,
  rowOf,
  textOf,
  unsound,
} from "../avro/fields.ts";
import { type AvroCodec, decodeAvro, encodeAvro } from "../avro/container.ts";
import { type Long } from "../types/long.ts";
import { decimalLength, manifestSchema } from "./avro-schema.ts";
import { type PartitionField, type PartitionSpec, partitionTypes } from "../types/partition.ts";
import { checkSchema, decimalOf, type Primitive, type Schema } from "../types/schema.ts";
import { integer, integerBytesOf, integerOf, uuidBytes, uuidText, type Value } from "../types/values.ts";

export const CONTENT = { data: 0, positionDeletes: 1, equalityDeletes: 2 } as const;
export const STATUS = { existing: 0, added: 1, deleted: 2 } as const;
type Status = (typeof STATUS)[keyof typeof STATUS];

type Counts = ReadonlyMap<number, number>;
type Bounds = ReadonlyMap<number, Uint8Array>;

/** A data file, or a delete file when `content` is not 0. Absent statistics are null. */
export interface DataFile {
  readonly content: 0 | 1 | 2;
  readonly file_path: string;
  readonly file_format: string;
  /** The partition's values in the order of the spec's fields; empty when unpartitioned. */
  readonly partition: readonly (Value | null)[];
  readonly record_count: number;
  readonly file_size_in_bytes: number;
  readonly column_sizes: Counts | null;
  readonly value_counts: Counts | null;
  readonly null_value_counts: Counts | null;
  readonly nan_value_counts: Counts | null;
  readonly lower_bounds: Bounds | null;
  readonly upper_bounds: Bounds | null;
  readonly key_metadata: Uint8Array | null;
  readonly split_offsets: readonly number[] | null;
  readonly equality_ids: readonly number[] | null;
  readonly sort_order_id: number | null;
  /** The one data file that all deletes of a delete file refer to, when there is one. */
  readonly referenced_data_file: string | null;
}

export interface ManifestEntry {
  readonly status: Status;
  /** The snapshot that added the file, or removed it when the status is deleted; null inherits. */
  readonly snapshot_id: Long | null;
  /** The age of the rows: deletes apply to files that are older. Null inherits, in added entries only. */
  readonly sequence_number: number | null;
  readonly file_sequence_number: number | null;
  readonly data_file: DataFile;
}

/** A manifest with what its header says of it. */
export interface Manifest {
  readonly content: "data" | "deletes";
  readonly schema: Schema;
  readonly spec: PartitionSpec;
  readonly entries: readonly ManifestEntry[];
}

function toAvro(type: Primitive, value: Value | null): AvroValue {
  if (value === null) return null;
  if (type === "uuid") return uuidBytes(String(value));
  const decimal = decimalOf(type);
  return decimal === undefined ? value : integerBytesOf(integer(value), decimalLength(decimal.precision));
}

/** The bytes of a manifest. */
export function encodeManifest(manifest: Manifest, codec?: AvroCodec): Uint8Array {
  const { content, schema, spec, entries } = manifest;
  const types = partitionTypes(spec, schema);
  const names = spec.fields.map((field) => avroName(field.name));
  const records = entries.map((entry) => {
    const { partition } = entry.data_file;
    assert(
      (content === "data") === (entry.data_file.content === CONTENT.data),
      "a manifest lists one kind of files",
    );
    assert(
      partition.length === names.length,
      `a file of spec ${spec["spec-id"]} has ${names.length} partition values`,
    );
    assert(
      entry.status === STATUS.added || entry.sequence_number !== null,
      "only added entries inherit their sequence",
    );
    const tuple = Object.fromEntries(
      names.map((name, index) => [name, toAvro(types[index] ?? "string", partition[index] ?? null)]),
    );
    return { ...entry, data_file: { ...entry.data_file, partition: tuple } };
  });
  return encodeAvro({
    schema: manifestSchema(spec.fields, types),
    header: {
      schema: JSON.stringify(schema),
      "schema-id": String(schema["schema-id"]),
      "partition-spec": JSON.stringify(spec.fields),
      "partition-spec-id": String(spec["spec-id"]),
      "format-version": "2",
      content,
    },
    records,
    ...(codec === undefined ? {} : { codec }),
  });
}

/** What a manifest's row of the manifest list hands down to its new entries. */
export interface Inherited {
  readonly partition_spec_id: number;
  readonly sequence_number: number;
  readonly added_snapshot_id: Long;
}

function fromAvro(type: Primitive, value: AvroValue): Value | null {
  if (value === null || value === undefined) return null;
  if (value instanceof Uint8Array) {
    if (type === "uuid") return uuidText(value);
    return decimalOf(type) === undefined ? value : integerOf(value);
  }
  if (typeof value === "object") throw unsound(`a partition value is not a ${type}`);
  return value;
}

/** Names by field id, so that a writer's own spelling does not matter; partition fields are named by their id. */
const NAMES = namesOf(manifestSchema([], []));

function namesOf(schema: AvroRecord): Map<number, string> {
  const names = new Map<number, string>();
  for (const field of schema.fields) {
    if (field["field-id"] !== undefined) names.set(field["field-id"], field.name);
    if (field.name === "data_file")
      for (const [id, name] of namesOf(field.type as AvroRecord)) names.set(id, name);
  }
  return names;
}

function nameOf(field: AvroField): string {
  const id = field["field-id"];
  if (id === undefined) return field.name;
  return NAMES.get(id) ?? `field_${id}`;
}

/**
 * Reads a manifest of any writer, v1 files included. With the manifest's row of the manifest list, null ids
 * and sequence numbers are inherited from it. Throws `invalid` for bytes that are no sound manifest.
 */
export function decodeManifest(bytes: Uint8Array, listed?: Inherited): Manifest {
  const { header, records } = decodeAvro(bytes, nameOf);
  const schema = headerJson(header, "schema") as Schema;
  checkSchema(schema);
  const fields = headerJson(header, "partition-spec") as readonly Readonly<Record<string, unknown>>[];
  if (!Array.isArray(fields)) throw unsound("its partition spec is not a list");
  const spec: PartitionSpec = {
    "spec-id": Number(header.get("partition-spec-id") ?? listed?.partition_spec_id ?? 0),
    fields: fields.map(partitionField),
  };
  const types = partitionTypes(spec, schema);
  const old = (header.get("format-version") ?? "1") === "1";
  const entries = records.map((record): ManifestEntry => {
    const row = rowOf(record, "entry");
    const status = row["status"];
    if (status !== STATUS.existing && status !== STATUS.added && status !== STATUS.deleted) {
      throw unsound(`it has an entry of status ${String(status)}`);
    }
    const inherits = status === STATUS.added ? (listed?.sequence_number ?? null) : null;
    const sequence = (name: string): number | null => {
      const given = row[name] ?? (old ? 0 : inherits);
      if (given === null && (status !== STATUS.added || listed !== undefined)) {
        throw unsound(`an entry that is not new has no ${name}`);
      }
      return given === null ? null : countOf(given, name);
    };
    const snapshotId = row["snapshot_id"] ?? listed?.added_snapshot_id ?? null;
    return {
      status,
      snapshot_id: snapshotId === null ? null : longOf(snapshotId, "snapshot_id"),
      sequence_number: sequence("sequence_number"),
      file_sequence_number: sequence("file_sequence_number"),
      data_file: dataFileOf(rowOf(row["data_file"], "data_file"), spec, types),
    };
  });
  return { content: header.get("content") === "deletes" ? "deletes" : "data", schema, spec, entries };
}

function partitionField(field: Readonly<Record<string, unknown>>, index: number): PartitionField {
  return {
    "source-id": Number(field?.["source-id"]),
    // Manifests of v1 carry no field ids: the reference implementation counted from 1000.
    "field-id": Number(field?.["field-id"] ?? 1000 + index),
    name: String(field?.name),
    transform: String(field?.transform),
  };
}

function dataFileOf(row: Row, spec: PartitionSpec, types: readonly Primitive[]): DataFile {
  const content = row["content"] ?? CONTENT.data;
  if (content !== 0 && content !== 1 && content !== 2)
    throw unsound(`it has a file of content ${String(content)}`);
  const partition = rowOf(row["partition"] ?? {}, "partition");
  return {
    content,
    file_path: textOf(row["file_path"], "file_path"),
    file_format: textOf(row["file_format"], "file_format"),
    partition: spec.fields.map((field, index) =>
      fromAvro(types[index] ?? "string", partition[`field_${field["field-id"]}`] ?? partition[field.name]),
    ),
    record_count: countOf(row["record_count"], "record_count"),
    file_size_in_bytes: countOf(row["file_size_in_bytes"], "file_size_in_bytes"),
    column_sizes: mapOrNull(row["column_sizes"], "column_sizes", countOf),
    value_counts: mapOrNull(row["value_counts"], "value_counts", countOf),
    null_value_counts: mapOrNull(row["null_value_counts"], "null_value_counts", countOf),
    nan_value_counts: mapOrNull(row["nan_value_counts"], "nan_value_counts", countOf),
    lower_bounds: mapOrNull(row["lower_bounds"], "lower_bounds", bytesOf),
    upper_bounds: mapOrNull(row["upper_bounds"], "upper_bounds", bytesOf),
    key_metadata: bytesOrNull(row["key_metadata"], "key_metadata"),
    split_offsets: listOrNull(row["split_offsets"], "split_offsets", countOf),
    equality_ids: listOrNull(row["equality_ids"], "equality_ids", countOf),
    sort_order_id: row["sort_order_id"] == null ? null : countOf(row["sort_order_id"], "sort_order_id"),
    referenced_data_file:
      row["referenced_data_file"] == null
        ? null
        : textOf(row["referenced_data_file"], "referenced_data_file"),
  };
}

function headerJson(header: ReadonlyMap<string, string>, key: string): unknown {
  try {
    return JSON.parse(header.get(key) ?? "");
  } catch {
    throw unsound(`its header has no readable "${key}"`);
  }
}

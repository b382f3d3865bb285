import { describe, expect, test } from "bun:test";
import { Readable } from "node:stream";

import avsc from "avsc";
import * as fc from "fast-check";

import { Fault } from "#rpc/fault";

import { type AvroRecord, type AvroType } from "../avro/codec.ts";
import { decodeAvro, encodeAvro } from "../avro/container.ts";
import { newSchema } from "../types/columns.ts";
import {
  type ManifestFile,
  MANIFEST_LIST_SCHEMA,
  decodeManifestList,
  describeManifest,
  encodeManifestList,
} from "./manifest-list.ts";
import { decimalLength, manifestSchema } from "./avro-schema.ts";
import {
  decodeManifest,
  type DataFile,
  encodeManifest,
  type Manifest,
  type ManifestEntry,
  STATUS,
} from "./manifest.ts";
import { type PartitionSpec, UNPARTITIONED } from "../types/partition.ts";
import { type Value } from "../types/values.ts";

const schema = newSchema([
  { name: "id", type: "long" },
  { name: "when it was", type: "timestamp" },
  { name: "price", type: "decimal(10,2)" },
  { name: "key", type: "uuid" },
  { name: "name", type: "string" },
]);

const spec: PartitionSpec = {
  "spec-id": 3,
  fields: [
    { "source-id": 2, "field-id": 1000, name: "when it was_day", transform: "day" },
    { "source-id": 3, "field-id": 1001, name: "price", transform: "identity" },
    { "source-id": 4, "field-id": 1002, name: "key", transform: "identity" },
    { "source-id": 5, "field-id": 1003, name: "name_bucket", transform: "bucket[4]" },
  ],
};

function fileOf(path: string, partition: readonly (Value | null)[] = []): DataFile {
  return {
    content: 0,
    file_path: path,
    file_format: "PARQUET",
    partition,
    record_count: 10,
    file_size_in_bytes: 1234,
    column_sizes: new Map([[1, 100]]),
    value_counts: new Map([[1, 10]]),
    null_value_counts: new Map([[1, 0]]),
    nan_value_counts: new Map(),
    lower_bounds: new Map([[1, new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0])]]),
    upper_bounds: new Map([[1, new Uint8Array([9, 0, 0, 0, 0, 0, 0, 0])]]),
    key_metadata: null,
    split_offsets: [4],
    equality_ids: null,
    sort_order_id: 0,
    referenced_data_file: null,
  };
}

const entryOf = (data_file: DataFile, more: Partial<ManifestEntry> = {}): ManifestEntry => ({
  status: STATUS.added,
  snapshot_id: 77,
  sequence_number: null,
  file_sequence_number: null,
  data_file,
  ...more,
});

const plain: Manifest = {
  content: "data",
  schema,
  spec: UNPARTITIONED,
  entries: [entryOf(fileOf("s3://b/a.parquet"))],
};

const LISTED: ManifestFile = {
  ...describeManifest({ ...plain, path: "s3://b/m.avro", length: 1, snapshotId: 77, sequenceNumber: 9 }),
};

async function readWithAvsc(file: Uint8Array): Promise<{ rows: Record<string, unknown>[]; type: unknown }> {
  const decoder = new avsc.streams.BlockDecoder();
  const rows: Record<string, unknown>[] = [];
  let type: unknown;
  const done = new Promise<void>((resolve, reject) => {
    decoder.on("metadata", (schema: { schema(): unknown }) => (type = schema.schema()));
    decoder.on("data", (row: Record<string, unknown>) => rows.push(row));
    decoder.on("end", resolve);
    decoder.on("error", reject);
  });
  Readable.from([Buffer.from(file)]).pipe(decoder);
  await done;
  return { rows, type };
}

/** Every field id of an Avro schema with where it stands. */
function idsIn(type: AvroType, path = ""): string[] {
  if (typeof type === "string") return [];
  if (Array.isArray(type)) return type.flatMap((branch) => idsIn(branch, path));
  const shape = type as Partial<AvroRecord> & { items?: AvroType; "element-id"?: number };
  const element = shape["element-id"] === undefined ? [] : [`${path}.element=${shape["element-id"]}`];
  const items = shape.items === undefined ? [] : idsIn(shape.items, path);
  const fields = (shape.fields ?? []).flatMap((field) => [
    `${path}.${field.name}=${field["field-id"]}`,
    ...idsIn(field.type, `${path}.${field.name}`),
  ]);
  return [...element, ...items, ...fields];
}

describe("a manifest", () => {
  test("has the header that Java requires", () => {
    const { header } = decodeAvro(encodeManifest({ ...plain, spec, entries: [] }));
    expect(Object.fromEntries(header)).toEqual({
      schema: JSON.stringify(schema),
      "schema-id": "0",
      "partition-spec": JSON.stringify(spec.fields),
      "partition-spec-id": "3",
      "format-version": "2",
      content: "data",
    });
  });

  test("has the field ids of the format, those of map keys and values too", () => {
    const ids = idsIn(manifestSchema(spec.fields, ["date", "decimal(10,2)", "uuid", "int"]));
    for (const wanted of [
      ".status=0",
      ".snapshot_id=1",
      ".sequence_number=3",
      ".file_sequence_number=4",
      ".data_file=2",
      ".data_file.content=134",
      ".data_file.partition=102",
      ".data_file.partition.when_x20it_x20was_day=1000",
      ".data_file.column_sizes=108",
      ".data_file.column_sizes.key=117",
      ".data_file.column_sizes.value=118",
      ".data_file.value_counts.key=119",
      ".data_file.value_counts.value=120",
      ".data_file.null_value_counts.key=121",
      ".data_file.null_value_counts.value=122",
      ".data_file.nan_value_counts=137",
      ".data_file.nan_value_counts.key=138",
      ".data_file.nan_value_counts.value=139",
      ".data_file.lower_bounds=125",
      ".data_file.lower_bounds.key=126",
      ".data_file.lower_bounds.value=127",
      ".data_file.upper_bounds=128",
      ".data_file.upper_bounds.key=129",
      ".data_file.upper_bounds.value=130",
      ".data_file.split_offsets=132",
      ".data_file.split_offsets.element=133",
      ".data_file.equality_ids=135",
      ".data_file.equality_ids.element=136",
      ".data_file.sort_order_id=140",
    ]) {
      expect(ids).toContain(wanted);
    }
  });

  test("comes back with every kind of partition value", () => {
    const key = "f79c3e09-677c-4bbd-a479-3f349cb785e7";
    const entries = [
      entryOf(fileOf("s3://b/1", [18_000, -1234n, key, 3])),
      entryOf(fileOf("s3://b/2", [null, null, null, null]), {
        status: STATUS.existing,
        sequence_number: 4,
        file_sequence_number: 5,
      }),
    ];
    const read = decodeManifest(encodeManifest({ ...plain, spec, entries }));
    expect(read).toEqual({ content: "data", schema, spec, entries });
  });

  test("is read by avsc", async () => {
    const entries = [entryOf(fileOf("s3://b/1", [18_000, -1234n, null, 3]))];
    const { rows } = await readWithAvsc(encodeManifest({ ...plain, spec, entries }));
    expect(rows).toHaveLength(1);
    const file = rows[0]?.["data_file"] as Record<string, unknown>;
    expect(rows[0]).toMatchObject({ status: 1, snapshot_id: 77, sequence_number: null });
    expect(file).toMatchObject({
      file_path: "s3://b/1",
      file_format: "PARQUET",
      record_count: 10,
      content: 0,
    });
    expect(file["column_sizes"]).toMatchObject([{ key: 1, value: 100 }]);
    expect(file["lower_bounds"]).toMatchObject([{ key: 1, value: Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]) }]);
    expect(file["partition"]).toMatchObject({
      when_x20it_x20was_day: 18_000,
      price: Buffer.from([0xff, 0xff, 0xff, 0xfb, 0x2e]),
    });
  });

  test("keeps snapshot ids of 63 bits", () => {
    const id = 9_123_456_789_012_345_678n;
    const read = decodeManifest(
      encodeManifest({ ...plain, entries: [entryOf(fileOf("a"), { snapshot_id: id })] }),
    );
    expect(read.entries[0]?.snapshot_id).toBe(id);
  });

  test("hands down what is null from its row of the list", () => {
    const bytes = encodeManifest({ ...plain, entries: [entryOf(fileOf("a"), { snapshot_id: null })] });
    expect(decodeManifest(bytes).entries[0]).toMatchObject({ snapshot_id: null, sequence_number: null });
    expect(decodeManifest(bytes, LISTED).entries[0]).toMatchObject({
      snapshot_id: 77,
      sequence_number: 9,
      file_sequence_number: 9,
    });
    const older = encodeManifest({ ...plain, entries: [entryOf(fileOf("a"), { sequence_number: 2 })] });
    expect(decodeManifest(older, LISTED).entries[0]).toMatchObject({
      sequence_number: 2,
      file_sequence_number: 9,
    });
  });

  test("that leaves out the sequence of a file that is not new is refused", () => {
    const { records, schema: avro, header } = decodeAvro(encodeManifest(plain));
    const existing = records.map((row) => ({ ...(row as object), status: 0 }));
    const bytes = encodeAvro({ schema: avro, header: Object.fromEntries(header), records: existing });
    expect(() => decodeManifest(bytes, LISTED)).toThrow("no sequence_number");
  });

  test("of version 1 reads as the format says: sequence 0, data, ids of fields counted from 1000", () => {
    const field = (name: string, type: AvroType, id: number): AvroRecord["fields"][number] => ({
      name,
      type,
      "field-id": id,
    });
    const bytes = encodeAvro({
      schema: {
        type: "record",
        name: "manifest_entry",
        fields: [
          field("status", "int", 0),
          field("snapshot_id", "long", 1),
          field(
            "data_file",
            {
              type: "record",
              name: "r2",
              fields: [
                field("path_as_someone_calls_it", "string", 100),
                field("file_format", "string", 101),
                field(
                  "partition",
                  { type: "record", name: "r102", fields: [{ name: "p", type: ["null", "long"] }] },
                  102,
                ),
                field("record_count", "long", 103),
                field("file_size_in_bytes", "long", 104),
                field("block_size_in_bytes", "long", 105),
              ],
            },
            2,
          ),
        ],
      },
      header: {
        schema: JSON.stringify(schema),
        "partition-spec": JSON.stringify([{ "source-id": 1, name: "p", transform: "identity" }]),
      },
      records: [
        {
          status: 0,
          snapshot_id: 5,
          data_file: {
            path_as_someone_calls_it: "old",
            file_format: "PARQUET",
            partition: { p: 6 },
            record_count: 1,
            file_size_in_bytes: 2,
            block_size_in_bytes: 3,
          },
        },
      ],
    });
    const read = decodeManifest(bytes, LISTED);
    expect(read.spec.fields[0]?.["field-id"]).toBe(1000);
    expect(read.entries[0]).toMatchObject({
      status: 0,
      snapshot_id: 5,
      sequence_number: 0,
      file_sequence_number: 0,
    });
    expect(read.entries[0]?.data_file).toMatchObject({
      content: 0,
      file_path: "old",
      partition: [6],
      lower_bounds: null,
    });
  });

  test("that is none ends in a Fault", () => {
    const empty = encodeAvro({ schema: { type: "record", name: "r", fields: [] }, records: [] });
    expect(() => decodeManifest(empty)).toThrow(Fault);
    const list = encodeManifestList([LISTED], {
      snapshotId: 1,
      parentSnapshotId: undefined,
      sequenceNumber: 1,
    });
    expect(() => decodeManifest(list)).toThrow(Fault);
    expect(() => decodeManifestList(encodeManifest(plain))).toThrow(Fault);
  });

  test("that is damaged ends in a Fault and nothing else", () => {
    const entries = [entryOf(fileOf("s3://b/1", [18_000, -1234n, null, 3]))];
    const sound = encodeManifest({ ...plain, spec, entries }, "null");
    const list = encodeManifestList(
      [LISTED],
      { snapshotId: 1, parentSnapshotId: undefined, sequenceNumber: 1 },
      "null",
    );
    const readers = [
      [sound, (bytes: Uint8Array) => decodeManifest(bytes, LISTED)],
      [list, decodeManifestList],
    ] as const;
    for (const [file, read] of readers) {
      const place = fc.nat(file.length - 1);
      fc.assert(
        fc.property(
          fc.array(fc.tuple(place, fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 3 }),
          (flips) => {
            const broken = file.slice();
            for (const [at, flip] of flips) broken[at] = (broken[at] ?? 0) ^ flip;
            try {
              read(broken);
            } catch (thrown) {
              expect(thrown).toBeInstanceOf(Fault);
            }
          },
        ),
        { numRuns: 3000 },
      );
    }
  });

  test("stores decimals in the fewest bytes of their precision", () => {
    expect([1, 2, 3, 4, 9, 10, 18, 19, 38].map(decimalLength)).toEqual([1, 1, 2, 2, 4, 5, 8, 9, 16]);
  });
});

describe("a manifest list", () => {
  const header = { snapshotId: 9_123_456_789_012_345_678n, parentSnapshotId: undefined, sequenceNumber: 9 };

  test("comes back, and tells counts, ages and partitions", () => {
    const entries = [
      entryOf(fileOf("1", [5, -1n, "f79c3e09-677c-4bbd-a479-3f349cb785e7", null])),
      entryOf(fileOf("2", [-3, 128n, null, 2])),
      entryOf(fileOf("3", [null, 0n, null, 3]), {
        status: STATUS.existing,
        sequence_number: 4,
        file_sequence_number: 4,
      }),
      entryOf(fileOf("4", [1, 0n, null, 3]), {
        status: STATUS.deleted,
        sequence_number: 1,
        file_sequence_number: 1,
      }),
    ];
    const row = describeManifest({
      ...plain,
      spec,
      entries,
      path: "m",
      length: 10,
      snapshotId: 77,
      sequenceNumber: 9,
    });
    expect(decodeManifestList(encodeManifestList([row], header))).toEqual([row]);
    expect(row).toMatchObject({
      partition_spec_id: 3,
      content: 0,
      sequence_number: 9,
      min_sequence_number: 4,
      added_files_count: 2,
      existing_files_count: 1,
      deleted_files_count: 1,
      added_rows_count: 20,
      existing_rows_count: 10,
      deleted_rows_count: 10,
    });
    expect(
      row.partitions?.map(({ contains_null, lower_bound, upper_bound }) => [
        contains_null,
        lower_bound?.toHex(),
        upper_bound?.toHex(),
      ]),
    ).toEqual([
      [true, "fdffffff", "05000000"],
      [false, "ff", "0080"],
      [true, "f79c3e09677c4bbda4793f349cb785e7", "f79c3e09677c4bbda4793f349cb785e7"],
      [true, "02000000", "03000000"],
    ]);
  });

  test("is read by avsc and has the ids of the format", async () => {
    const { rows } = await readWithAvsc(encodeManifestList([LISTED], { ...header, snapshotId: 77 }));
    expect(rows[0]).toMatchObject({
      manifest_path: "s3://b/m.avro",
      added_snapshot_id: 77,
      sequence_number: 9,
      content: 0,
    });
    expect(idsIn(MANIFEST_LIST_SCHEMA).map((entry) => Number(entry.split("=")[1]))).toEqual([
      500, 501, 502, 517, 515, 516, 503, 504, 505, 506, 512, 513, 514, 507, 508, 509, 518, 510, 511, 519,
    ]);
  });

  test("of another writer is read by field ids, whatever the names are", () => {
    const renamed = MANIFEST_LIST_SCHEMA.fields.map((field) => ({
      ...field,
      name: field.name.replace("_files_count", "_data_files_count"),
    }));
    const row = Object.fromEntries(
      Object.entries(LISTED).map(([key, value]) => [key.replace("_files_count", "_data_files_count"), value]),
    );
    const bytes = encodeAvro({ schema: { ...MANIFEST_LIST_SCHEMA, fields: renamed }, records: [row] });
    expect(decodeManifestList(bytes)).toEqual([LISTED]);
  });

  test("of version 1 has the defaults of the format", () => {
    const ids = new Set([500, 501, 502, 503]);
    const bytes = encodeAvro({
      schema: {
        ...MANIFEST_LIST_SCHEMA,
        fields: MANIFEST_LIST_SCHEMA.fields.filter((f) => ids.has(f["field-id"] ?? -1)),
      },
      records: [{ manifest_path: "m", manifest_length: 5, partition_spec_id: 0, added_snapshot_id: 3 }],
    });
    expect(decodeManifestList(bytes)[0]).toMatchObject({
      content: 0,
      sequence_number: 0,
      min_sequence_number: 0,
      existing_files_count: 1,
    });
  });
});

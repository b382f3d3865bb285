// The Avro schema of manifests, with the field ids of the format ("Manifests", "Appendix A: Avro"). It depends
// on the partition spec alone, whose fields become the fields of the partition tuple.

import { avroName } from "#lib/avro-name";
import { type AvroRecord, type AvroType } from "../avro/codec.ts";
import { mapOf, optional, required } from "../avro/fields.ts";
import { type PartitionField } from "../types/partition.ts";
import { decimalOf, fixedLengthOf, type Primitive } from "../types/schema.ts";

/** The Avro schema of a manifest's entries for a partition of these types. */
export function manifestSchema(fields: readonly PartitionField[], types: readonly Primitive[]): AvroRecord {
  const partition: AvroRecord = {
    type: "record",
    name: "r102",
    fields: fields.map((field, index) =>
      optional(
        field["field-id"],
        avroName(field.name),
        avroType(types[index] ?? "string", field["field-id"]),
      ),
    ),
  };
  const dataFile: AvroRecord = {
    type: "record",
    name: "r2",
    fields: [
      required(134, "content", "int"),
      required(100, "file_path", "string"),
      required(101, "file_format", "string"),
      required(102, "partition", partition),
      required(103, "record_count", "long"),
      required(104, "file_size_in_bytes", "long"),
      optional(108, "column_sizes", mapOf(117, 118, "long")),
      optional(109, "value_counts", mapOf(119, 120, "long")),
      optional(110, "null_value_counts", mapOf(121, 122, "long")),
      optional(137, "nan_value_counts", mapOf(138, 139, "long")),
      optional(125, "lower_bounds", mapOf(126, 127, "bytes")),
      optional(128, "upper_bounds", mapOf(129, 130, "bytes")),
      optional(131, "key_metadata", "bytes"),
      optional(132, "split_offsets", { type: "array", items: "long", "element-id": 133 }),
      optional(135, "equality_ids", { type: "array", items: "int", "element-id": 136 }),
      optional(140, "sort_order_id", "int"),
      optional(143, "referenced_data_file", "string"),
    ],
  };
  return {
    type: "record",
    name: "manifest_entry",
    fields: [
      required(0, "status", "int"),
      optional(1, "snapshot_id", "long"),
      optional(3, "sequence_number", "long"),
      optional(4, "file_sequence_number", "long"),
      required(2, "data_file", dataFile),
    ],
  };
}

/** The bytes of the smallest fixed that holds every decimal of a precision. */
export function decimalLength(precision: number): number {
  let length = 1;
  while (2n ** BigInt(8 * length - 1) < 10n ** BigInt(precision)) length++;
  return length;
}

/** Named types must have one name each in a file, so the field's id is part of it. */
function avroType(type: Primitive, fieldId: number): AvroType {
  const decimal = decimalOf(type);
  if (decimal !== undefined) {
    const size = decimalLength(decimal.precision);
    return { type: "fixed", name: `decimal_${fieldId}`, size, logicalType: "decimal", ...decimal };
  }
  const size = fixedLengthOf(type);
  if (size !== undefined) return { type: "fixed", name: `fixed_${fieldId}`, size };
  switch (type) {
    case "uuid":
      return { type: "fixed", name: `uuid_${fieldId}`, size: 16, logicalType: "uuid" };
    case "date":
      return { type: "int", logicalType: "date" };
    case "time":
      return { type: "long", logicalType: "time-micros" };
    case "timestamp":
    case "timestamptz":
      return { type: "long", logicalType: "timestamp-micros", "adjust-to-utc": type === "timestamptz" };
    case "binary":
      return "bytes";
    default:
      return type;
  }
}

// Partition specs and the types of their transforms ("Partitioning"): what the values of a spec's fields are. The
// values themselves are computed by the writer of a partitioned file.

import { Fault } from "#rpc/fault";

import { fieldById, type Primitive, type Schema } from "./schema.ts";

export interface PartitionField {
  readonly "source-id": number;
  readonly "field-id": number;
  readonly name: string;
  /** identity, bucket[N], truncate[W], year, month, day, hour or void. */
  readonly transform: string;
}
export interface PartitionSpec {
  readonly "spec-id": number;
  readonly fields: readonly PartitionField[];
}
/** A spec as a client sends it; ids of fields are ours to give. */
export interface SpecInput {
  readonly "spec-id"?: number;
  readonly fields: readonly (Omit<PartitionField, "field-id"> & { readonly "field-id"?: number })[];
}

export const UNPARTITIONED: PartitionSpec = { "spec-id": 0, fields: [] };
/** Partition field ids count from 1000, out of the way of columns; a table without any has 999 as its last. */
export const LAST_PARTITION_ID = 999;

type Transform =
  | { readonly kind: "identity" | "year" | "month" | "day" | "hour" | "void" }
  | { readonly kind: "bucket" | "truncate"; readonly width: number };

/** Which source types a transform takes. */
const SOURCES: Readonly<Record<Transform["kind"], RegExp>> = {
  identity: /./,
  void: /./,
  bucket: /^(int|long|date|time|timestamp|timestamptz|string|uuid|binary|decimal.*|fixed.*)$/,
  truncate: /^(int|long|string|binary|decimal.*)$/,
  year: /^(date|timestamp|timestamptz)$/,
  month: /^(date|timestamp|timestamptz)$/,
  day: /^(date|timestamp|timestamptz)$/,
  hour: /^(timestamp|timestamptz)$/,
};
/** What a transform gives, where it is not the source's own type. */
const RESULTS: Readonly<Partial<Record<Transform["kind"], Primitive>>> = {
  bucket: "int",
  year: "int",
  month: "int",
  day: "date",
  hour: "int",
};

/** Reads a transform's text; undefined for one that is not known here. */
function parseTransform(text: string): Transform | undefined {
  const sized = /^(bucket|truncate)\[\s*(\d+)\s*\]$/.exec(text);
  if (sized !== null) {
    const width = Number(sized[2]);
    if (width < 1 || width > 2 ** 31 - 1) return undefined;
    return { kind: sized[1] === "bucket" ? "bucket" : "truncate", width };
  }
  switch (text) {
    case "identity":
    case "year":
    case "month":
    case "day":
    case "hour":
    case "void":
      return { kind: text };
    default:
      return undefined;
  }
}

/** The type of a transform's result. Throws `invalid` when it does not apply to the source type. */
export function resultType(text: string, source: Primitive): Primitive {
  const transform = parseTransform(text);
  if (transform === undefined) {
    throw new Fault(
      "invalid",
      `The partition transform "${text}" is not known: use identity, bucket[N], truncate[W], year, month, day or hour.`,
    );
  }
  if (!SOURCES[transform.kind].test(source)) {
    throw new Fault(
      "invalid",
      `The partition transform ${text} does not apply to a column of type ${source}.`,
    );
  }
  return RESULTS[transform.kind] ?? source;
}

/** The types of a spec's values, in its order. Where the source or the transform is not known it counts as text. */
export function partitionTypes(spec: PartitionSpec, schema: Schema): Primitive[] {
  return spec.fields.map((field) => {
    const source = fieldById(schema, field["source-id"])?.type;
    if (typeof source !== "string" || parseTransform(field.transform) === undefined) return "string";
    return resultType(field.transform, source);
  });
}

/**
 * A spec bound to a schema: sources checked, names checked, ids of fields given. A field that an earlier spec
 * has too keeps that field's id.
 */
export function bindSpec(
  input: SpecInput,
  schema: Schema,
  earlier: readonly PartitionSpec[],
  lastPartitionId: number,
): { spec: PartitionSpec; lastPartitionId: number } {
  let last = lastPartitionId;
  const known = earlier.flatMap((spec) => spec.fields);
  const names = new Set<string>();
  const fields = input.fields.map((field): PartitionField => {
    const source = fieldById(schema, field["source-id"]);
    if (source === undefined || source.repeated || typeof source.type !== "string") {
      throw new Fault(
        "invalid",
        `Partition by a plain column: there is none with the id ${field["source-id"]}.`,
      );
    }
    resultType(field.transform, source.type);
    const column = schema.fields.find(({ name }) => name === field.name);
    if (
      names.has(field.name) ||
      (column !== undefined && (column.id !== source.id || field.transform !== "identity"))
    ) {
      throw new Fault("invalid", `The partition name "${field.name}" is taken: choose another.`);
    }
    names.add(field.name);
    const same = known.find(
      (old) =>
        old["source-id"] === field["source-id"] &&
        old.transform === field.transform &&
        old.name === field.name,
    );
    return {
      "source-id": field["source-id"],
      "field-id": same?.["field-id"] ?? ++last,
      name: field.name,
      transform: field.transform,
    };
  });
  return { spec: { "spec-id": input["spec-id"] ?? 0, fields }, lastPartitionId: last };
}

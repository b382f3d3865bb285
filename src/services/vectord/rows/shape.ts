// The shape of an index: chosen when it is created, the same for all of its life, kept beside its files. Everything
// that reads a file of the index checks it against the shape.

import type { GraphShape, Metric, Scalar } from "#adapters/hnsw";
import { assert } from "#lib/assert";
import { Fault } from "#rpc/fault";

/** `keyword` equality and ranges over few values, `number` ranges, `geo` distance, `text` prefixes. */
export type FieldType = "keyword" | "number" | "geo" | "text";

/** What holds the rows: usearch over memory, or a Lance table on disk or in a bucket. */
export type Engine = "hnsw" | "lance";

export interface IndexShape extends GraphShape {
  /** hnsw unless given. */
  readonly engine?: Engine | undefined;
  readonly dimension: number;
  readonly metric: Metric;
  readonly quantization: Scalar;
  /** The embedding model whose vectors these are, where it was given. */
  readonly model?: string | undefined;
  readonly connectivity?: number | undefined;
  readonly ef_construction?: number | undefined;
  /** Metadata fields with an index of their own; a filter may name any other field too and is then slower. */
  readonly fields: Readonly<Record<string, FieldType>>;
  /** A keyword field whose values get graphs of their own (graph/partitions.ts). */
  readonly partition_by?: string | undefined;
}

export type Metadata = Readonly<Record<string, unknown>>;

export interface Item {
  readonly id: string;
  readonly vector: Float32Array;
  readonly metadata: Metadata;
}

/** Larger embeddings than any in use; a row stays far below the block sizes of the files. */
export const DIMENSION_MAX = 8_192;
/** Squares of lengths, and products of two, must stay inside f32's range in native code. */
const NORM_MAX = 1e18;
const NORM_MIN = 1e-18;

/** The same index? Absent options count as absent, whatever the order of the fields. */
export function sameShape(a: IndexShape, b: IndexShape): boolean {
  return shapeText(a) === shapeText(b);
}

/** The shape as text with one spelling, for files and comparisons. */
export function shapeText(shape: IndexShape): string {
  const { fields, dimension, metric, quantization, model, connectivity, ef_construction, partition_by } =
    shape;
  const sorted = Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1));
  // Shapes from before there were engines have none, and hnsw is still written so.
  const engine = shape.engine === "lance" ? shape.engine : undefined;
  const scalars = {
    dimension,
    metric,
    quantization,
    model,
    connectivity,
    ef_construction,
    engine,
    partition_by,
  };
  return JSON.stringify({ ...scalars, fields: sorted });
}

/** Reads what `shapeText` wrote; the text has been verified, so that anything odd in it is a bug. */
export function parseShape(text: string): IndexShape {
  const parsed = JSON.parse(text) as Omit<IndexShape, "fields"> & { fields: [string, FieldType][] };
  assert(Number.isInteger(parsed.dimension), "a shape has a dimension");
  return { ...parsed, fields: Object.fromEntries(parsed.fields) };
}

export function checkShape(shape: IndexShape): void {
  const { dimension, connectivity = 16, ef_construction = 128 } = shape;
  if (!Number.isInteger(dimension) || dimension < 1 || dimension > DIMENSION_MAX) {
    throw invalid("dimension", `must be a whole number from 1 to ${DIMENSION_MAX}`);
  }
  if (!Number.isInteger(connectivity) || connectivity < 2 || connectivity > 128) {
    throw invalid("connectivity", "must be a whole number from 2 to 128");
  }
  if (!Number.isInteger(ef_construction) || ef_construction < 8 || ef_construction > 4_096) {
    throw invalid("ef_construction", "must be a whole number from 8 to 4096");
  }
  checkPartition(shape);
}

function checkPartition({ partition_by: field, fields, engine }: IndexShape): void {
  if (field === undefined) return;
  if (engine === "lance")
    throw invalid("partition_by", "is for indexes with engine hnsw; a table of engine lance has none");
  if (!Object.hasOwn(fields, field) || fields[field] !== "keyword")
    throw invalid("partition_by", `must name a field of \`fields\` of kind keyword, and ${field} is none`);
}

/** Euclidean length, summed in f64. */
export function norm(vector: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) {
    const value = vector[i] as number;
    sum += value * value;
  }
  return Math.sqrt(sum);
}

/**
 * Refuses a vector that has no place in the index: another dimension, NaN or an infinity, a length that
 * squares out of range, or no direction under cosine. `path` names it in the fault.
 */
export function checkVector(shape: IndexShape, vector: Float32Array, path: string): void {
  if (vector.length !== shape.dimension) {
    throw invalid(path, `has ${vector.length} numbers where the index has ${shape.dimension}`);
  }
  const length = norm(vector);
  if (!Number.isFinite(length)) throw invalid(path, "holds NaN or an infinity");
  if (length > NORM_MAX) throw invalid(path, `has a length above ${NORM_MAX}`);
  if (shape.metric !== "cosine") return;
  if (length === 0) throw invalid(path, "is all zero, which has no direction under cosine");
  if (length < NORM_MIN)
    throw invalid(path, `has a length below ${NORM_MIN}, too short for a direction under cosine`);
}

export function invalid(path: string, message: string): Fault {
  return new Fault("invalid", `${path} ${message}.`, { details: [{ path, message }] });
}

/** xxHash64 of a vector's bytes, of which a number holds 53 bits. */
export function vectorHash(vector: Float32Array): number {
  const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
  return Number(Bun.hash.xxHash64(bytes) >> 11n);
}

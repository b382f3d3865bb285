// The wire's side of vectord: items, queries and hits between JSON and what an index works with.

import type { embed } from "#contracts/embed";
import type { Hit, Index, vector } from "#contracts/vector";
import { assert } from "#lib/assert";
import { base64OfVector, readVector } from "#lib/vector-text";
import type { CallInit } from "#rpc/call";
import type { ParsedOf, Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import type { EngineIndex } from "./engine.ts";
import type { Hit as FoundHit } from "./search/search.ts";
import type { Item } from "./rows/shape.ts";

/** What is shown of an index that cannot be opened. */
export const UNKNOWN: Omit<Index, "name"> = {
  dimension: 0,
  metric: "unknown",
  engine: "hnsw",
  quantization: "unknown",
  fields: {},
  count: 0,
  deleted: 0,
  bytes_memory: 0,
  bytes_disk: 0,
  snapshot: null,
  pending: 0,
  building: false,
};

/** What the texts are, for models that embed what is searched for otherwise than what is found. */
type TextKind = "query" | "document";

export type EmbedTexts = (
  texts: string[],
  input: TextKind,
  model: string | undefined,
  call: CallInit,
) => Promise<Float32Array[]>;

export function embedder(neighbour: Service<typeof embed>): EmbedTexts {
  return async (texts, input, model, call) => {
    const chosen = model === undefined ? {} : { model };
    const { vectors } = await neighbour.embed({ texts, input, encoding: "base64", ...chosen }, call);
    return vectors.map((text, at) => decoded(text, `texts.${at}`));
  };
}

export async function described(name: string, index: EngineIndex): Promise<Index> {
  const { dimension, metric, quantization, model, fields, engine = "hnsw", partition_by } = index.shape;
  const count = await index.exactCount();
  const stats = index.stats();
  const { deleted, bytes_memory, bytes_disk, unindexed, building, snapshot, recall, version } = stats;
  return {
    name,
    dimension,
    metric,
    engine,
    quantization,
    ...(model === undefined ? {} : { model }),
    fields: { ...fields },
    ...(partition_by === undefined ? {} : { partition_by, partitions: stats.partitions ?? 0 }),
    count,
    deleted,
    bytes_memory,
    bytes_disk,
    snapshot: snapshot?.sequence ?? null,
    pending: unindexed,
    building,
    ...(recall === null ? {} : { recall }),
    ...(version === undefined ? {} : { version }),
  };
}

/** How vectors are written in an answer. */
export type Encoding = ParsedOf<(typeof vector)["fetch"]>["encoding"];

export function encoded(numbers: Float32Array, encoding: Encoding): string | number[] {
  return encoding === "base64" ? base64OfVector(numbers) : Array.from(numbers);
}

/** Refuses vectors of another model than the index's: distances between the two mean nothing. */
export function checkModel(name: string, own: string | undefined, given: string | undefined): void {
  if (given === undefined || own === undefined || given === own) return;
  throw new Fault(
    "conflict",
    `${name} holds vectors of ${own}; those of ${given} cannot be compared with them.`,
  );
}

export function hitOf(
  { id, distance, metadata, vector: stored }: FoundHit,
  rank: number,
  withMetadata: boolean,
  encoding: Encoding = "base64",
): Hit {
  const hit: Hit = { rank, id, distance };
  if (withMetadata) hit.metadata = metadata;
  if (stored !== undefined) hit.vector = encoded(stored, encoding);
  return hit;
}

export type OfferedItem = ParsedOf<(typeof vector)["upsert"]>["items"][number];

/** Every item with its vector; those that came as text are embedded in one go. */
export async function withVectors(
  items: readonly OfferedItem[],
  embedTexts: (texts: string[]) => Promise<Float32Array[]>,
): Promise<Item[]> {
  const texts: string[] = [];
  items.forEach((item, at) => {
    if ((item.vector === undefined) === (item.text === undefined)) {
      throw new Fault("invalid", `Item ${at} needs a vector or a text, one of them.`, {
        details: [{ path: `items.${at}`, message: "needs a vector or a text" }],
      });
    }
    if (item.text !== undefined) texts.push(item.text);
  });
  const embedded = texts.length === 0 ? [] : await embedTexts(texts);
  let next = 0;
  return items.map(({ id, vector: given, metadata = {} }, at) => {
    const numbers = given === undefined ? embedded[next++] : decoded(given, `items.${at}.vector`);
    assert(numbers !== undefined, "every text has a vector");
    return { id, vector: numbers, metadata };
  });
}

export async function queryVector(
  text: string | undefined,
  embedTexts: (texts: string[]) => Promise<Float32Array[]>,
): Promise<Float32Array> {
  if (text === undefined) throw new Fault("invalid", "Give a vector or a text to search for.");
  const [numbers] = await embedTexts([text]);
  assert(numbers !== undefined, "a text has a vector");
  return numbers;
}

export function decoded(text: string | readonly number[], path: string): Float32Array {
  const numbers = readVector(text);
  if (numbers !== undefined) return numbers;
  throw new Fault("invalid", `${path} is not base64 of whole 32-bit floats.`, {
    details: [{ path, message: "is not base64 of little-endian 32-bit floats" }],
  });
}

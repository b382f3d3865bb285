// vectord: indexes of vectors.

import { z } from "zod";
import { op } from "#rpc/contract";
import { jsonObject, pageInput, plainName, timestamp, vectorText } from "./shapes.ts";

/** Of one index. Their files are shared, so that what limits them is the length of a list that people read. */
export const SNAPSHOTS_MAX = 100;

export const fieldKind = z.enum(["keyword", "number", "geo", "text"]);
export type FieldKind = z.infer<typeof fieldKind>;

/** Checked by the service: `{field: value}`, `{field:{op:value}}`, and/or/not, `{near:{field,lat,lon,miles}}`. */
export const filter = jsonObject;

const shape = {
  dimension: z.int().min(1).max(16_384),
  metric: z.enum(["cosine", "euclidean", "dot"]).default("cosine"),
  engine: z.enum(["hnsw", "lance"]).default("hnsw"),
  /** Of the graph; full 32-bit vectors are always kept. */
  quantization: z.enum(["f32", "f16", "i8"]).default("i8"),
  /** The model that made the vectors: it embeds texts, and a search that names another is refused. */
  model: z.string().min(1).max(200).optional(),
  connectivity: z.int().min(2).max(128).optional(),
  ef_construction: z.int().min(8).max(4096).optional(),
  fields: z.record(z.string().min(1).max(100), fieldKind).default({}),
  /** A keyword field whose values get graphs of their own, of an index with engine hnsw: a filter that fixes it searches only these. */
  partition_by: z.string().min(1).max(100).optional(),
};

const index = z.object({
  name: z.string(),
  dimension: z.int(),
  metric: z.string(),
  engine: z.string(),
  quantization: z.string(),
  model: z.string().optional(),
  fields: z.record(z.string(), fieldKind),
  partition_by: z.string().optional(),
  /** Values of that field with a graph of their own; rows of the others are few, and read one by one. */
  partitions: z.int().optional(),
  count: z.int(),
  deleted: z.int(),
  /** Of the graphs, and of rows that are in no snapshot's file yet; those that are, are mapped from it. */
  bytes_memory: z.int(),
  bytes_disk: z.int(),
  /** The last snapshot's sequence, null before the first one. */
  snapshot: z.int().nullable(),
  /** Rows that are not in the graph yet; they are searched exactly. */
  pending: z.int(),
  building: z.boolean(),
  /** What live searches by graph find of the true nearest, measured on one in a hundred; absent before the first. */
  recall: z
    .object({
      recall: z.number(),
      /** Wilson's interval at 95 %. */
      low: z.number(),
      high: z.number(),
      searches: z.int(),
    })
    .optional(),
  /** Of what is on disk or in the bucket; an index with engine hnsw has none. */
  version: z.int().optional(),
  /** Why it cannot be opened; all else is unknown then. */
  damaged: z.string().optional(),
  /** Whether a repair has anything to make a damaged one from: its folder, or a named snapshot. */
  repairable: z.boolean().optional(),
});
export type Index = z.infer<typeof index>;

const name = { index: plainName };

/** Of vectors in a response: base64 of little-endian 32-bit floats, or a list of numbers. */
const encoding = z.enum(["base64", "float"]).default("base64");

/** An earlier version of an index with engine lance (`GET .../versions`), in place of what it holds now. */
const at = z.int().min(0).optional();

const hit = z.object({
  rank: z.int(),
  id: z.string(),
  distance: z.number(),
  metadata: jsonObject.optional(),
  vector: vectorText.optional(),
});
export type Hit = z.infer<typeof hit>;

const version = z.object({
  version: z.int(),
  /** Every write up to it is in this version, and none after it. */
  sequence: z.int(),
  count: z.int(),
  at: timestamp,
});
export type IndexVersion = z.infer<typeof version>;

const snapshotOutput = z.object({
  name: z.string(),
  sequence: z.int(),
  count: z.int(),
  /** Of its files; those that other snapshots of the index have as well are counted too. */
  bytes: z.int(),
  at: timestamp,
});
export type NamedSnapshot = z.infer<typeof snapshotOutput>;

/** Ten million rows of 768 numbers at 100 MB a second. */
const SNAPSHOT_MS_MAX = 300_000;

const item = z.strictObject({
  id: z.string().min(1).max(512),
  vector: vectorText.optional(),
  text: z.string().optional(),
  metadata: jsonObject.optional(),
});

/** A line of an import, as it is read. */
export const importedItem = item;

export const vector = {
  create: op({
    method: "PUT",
    path: "/v1/vectors/{index}",
    summary: "Create an index; the same again changes nothing",
    input: z.strictObject({ ...name, ...shape }),
    output: index.extend({ created: z.boolean() }),
    status: (output) => (output.created ? 201 : 200),
    statuses: [200, 201],
    errors: ["conflict"],
    scope: "write",
  }),
  indexes: op({
    method: "GET",
    path: "/v1/vectors",
    summary: "List indexes",
    input: z.strictObject(pageInput),
    output: z.object({ indexes: z.array(index), next_cursor: z.string().optional() }),
    errors: [],
    scope: "read",
  }),
  index: op({
    method: "GET",
    path: "/v1/vectors/{index}",
    summary: "Describe an index",
    input: z.strictObject(name),
    output: index,
    errors: ["not_found"],
    scope: "read",
  }),
  drop: op({
    method: "DELETE",
    path: "/v1/vectors/{index}",
    summary: "Remove an index and its files; its named snapshots stay",
    input: z.strictObject(name),
    output: z.null(),
    status: 204,
    errors: ["not_found", "conflict"],
    scope: "admin",
  }),
  repair: op({
    method: "POST",
    path: "/v1/vectors/{index}/repair",
    summary:
      "Make a damaged index whole again from what can be read of it; one that is whole is left as it is",
    description:
      "Every call for a damaged index fails with `internal`, which names the file, until it is repaired, put " +
      "back to a snapshot, or dropped. A repair keeps every write whose record verifies and says which are lost. The " +
      "damaged files are kept aside. An index whose folder is gone is put back to its newest named snapshot.",
    input: z.strictObject(name),
    output: z.object({
      index,
      /** False when nothing was damaged. */
      repaired: z.boolean(),
      /** A sentence for each thing that was wrong. */
      damage: z.array(z.string()),
      /** Writes, by sequence, whose records could not be read. */
      lost: z.array(z.object({ from: z.int(), to: z.int() })),
      /** Rows of the last snapshot, or of the table, that could not be read. */
      rows_lost: z.int(),
      /** The folder beside the index's that has the damaged files. */
      kept_as: z.string().optional(),
    }),
    timeoutMs: SNAPSHOT_MS_MAX,
    errors: ["not_found", "conflict"],
    scope: "admin",
  }),
  upsert: op({
    method: "POST",
    path: "/v1/vectors/{index}/upsert",
    summary: "Write items: durable when acknowledged, visible to the next search",
    input: z.strictObject({
      ...name,
      /** The model that made the vectors; refused when the index holds another one's. */
      model: z.string().min(1).max(200).optional(),
      items: z.array(item).min(1).max(1000),
    }),
    bodyBytesMax: 64 * 1024 * 1024,
    output: z.object({ upserted: z.int(), sequence: z.int() }),
    idempotent: true,
    timeoutMs: 60_000,
    errors: ["not_found", "conflict", "upstream"],
    scope: "write",
  }),
  import: op({
    method: "POST",
    path: "/v1/vectors/{index}/import",
    summary:
      "Write many items from a stream of NDJSON, a line an item, or from a Parquet file, a row an item",
    description:
      "Items are written a thousand at a time, each thousand durable before the next is read. At one that is refused the " +
      "import ends; the message has the number of its line, from 1, or of its row, from 0, and how many items are in. Sending " +
      "the same again is harmless. Of a Parquet file `id` and `vector` name the columns with the id and with a list of numbers; " +
      "all others become metadata. It is the body, or the object in storage that `key` names.",
    body: "raw",
    input: z.strictObject({
      ...name,
      model: z.string().min(1).max(200).optional(),
      format: z.enum(["ndjson", "parquet"]).default("ndjson"),
      /** An object in storage, in place of the body. */
      key: z.string().min(1).max(1024).optional(),
      /** Columns of a Parquet file; of NDJSON they are always called so. */
      id: z.string().min(1).max(100).default("id"),
      vector: z.string().min(1).max(100).default("vector"),
    }),
    output: z.object({ imported: z.int(), sequence: z.int() }),
    idempotent: true,
    timeoutMs: 3_600_000,
    work: "upload",
    errors: ["not_found", "conflict", "upstream"],
    scope: "write",
  }),
  delete: op({
    method: "POST",
    path: "/v1/vectors/{index}/delete",
    summary: "Delete items by id or by filter",
    input: z.strictObject({
      ...name,
      ids: z.array(z.string()).max(100_000).optional(),
      filter: filter.optional(),
    }),
    bodyBytesMax: 16 * 1024 * 1024,
    output: z.object({ deleted: z.int(), sequence: z.int() }),
    idempotent: true,
    errors: ["not_found"],
    scope: "write",
  }),
  search: op({
    method: "POST",
    path: "/v1/vectors/{index}/search",
    summary: "Find the nearest items",
    input: z.strictObject({
      ...name,
      vector: vectorText.optional(),
      text: z.string().min(1).optional(),
      /** The model that made the query vector, or is to embed the text; the index's own, where it has one. */
      model: z.string().min(1).max(200).optional(),
      k: z.int().min(1).max(1000).default(10),
      filter: filter.optional(),
      ef: z.int().min(1).max(10_000).optional(),
      exact: z.boolean().default(false),
      max_distance: z.number().optional(),
      include: z.array(z.enum(["metadata", "vector"])).default(["metadata"]),
      encoding,
      at,
    }),
    output: z.object({
      hits: z.array(hit),
      plan: z.enum(["hnsw", "exact", "filtered-hnsw", "partition", "lance"]),
      /** Rows whose distance was computed. */
      scanned: z.int(),
      /** False when fewer than k were found although more match. */
      complete: z.boolean(),
      /** Why there are fewer than k. */
      reason: z.string().optional(),
      took_ms: z.number(),
    }),
    idempotent: true,
    errors: ["not_found", "conflict", "upstream"],
    scope: "read",
  }),
  searchTiers: op({
    method: "POST",
    path: "/v1/vectors/{index}/search-tiers",
    summary: "Find the nearest items tier by tier: each filter in turn, until enough items are found",
    input: z.strictObject({
      ...name,
      vector: vectorText,
      /** Items at most. */
      k: z.int().min(1).max(1000),
      /** Items after which no further tier is opened. */
      enough: z.int().min(1).max(1000),
      /** What all tiers ask; an empty filter lets every item pass. */
      filter: filter.default({}),
      /** What each of them asks besides; without any, `also` alone is measured. */
      tiers: z.array(filter).max(8),
      /** Items that are wanted as well when the last tier is opened, wherever they stand, if they pass its filters. */
      also: z.array(z.string()).max(1000).default([]),
    }),
    output: z.object({ hits: z.array(hit), plan: z.string(), scanned: z.int() }),
    idempotent: true,
    errors: ["not_found"],
    scope: "read",
    internal: true,
  }),
  fetch: op({
    method: "POST",
    path: "/v1/vectors/{index}/fetch",
    summary: "Read items by id; with a filter, those of them that pass it",
    input: z.strictObject({
      ...name,
      ids: z.array(z.string()).min(1).max(1000),
      filter: filter.optional(),
      encoding,
      at,
    }),
    output: z.object({
      items: z.array(z.object({ id: z.string(), vector: vectorText, metadata: jsonObject })),
    }),
    idempotent: true,
    errors: ["not_found"],
    scope: "read",
  }),
  recall: op({
    method: "POST",
    path: "/v1/vectors/{index}/recall",
    summary: "Measure recall against exact search on the live index",
    input: z.strictObject({
      ...name,
      sample: z.int().min(1).max(10_000).default(100),
      k: z.int().min(1).max(100).default(10),
    }),
    output: z.object({
      recall: z.number(),
      mean_us: z.number(),
      p99_us: z.number(),
      exact_mean_us: z.number(),
    }),
    idempotent: true,
    timeoutMs: 120_000,
    errors: ["not_found"],
    scope: "read",
  }),
  versions: op({
    method: "GET",
    path: "/v1/vectors/{index}/versions",
    summary: "List the versions that an index with engine lance keeps, oldest first",
    input: z.strictObject(name),
    output: z.object({ versions: z.array(version) }),
    errors: ["not_found"],
    scope: "read",
  }),
  snapshot: op({
    method: "POST",
    path: "/v1/vectors/{index}/snapshot",
    summary: "Keep the index as it is now, under a name, in object storage",
    description:
      "Everything acknowledged before the call is in it. Files that an earlier snapshot of the index has sent " +
      "are not sent again. Without a name it is called by its time.",
    input: z.strictObject({ ...name, name: plainName.optional() }),
    output: snapshotOutput,
    status: 201,
    timeoutMs: SNAPSHOT_MS_MAX,
    errors: ["not_found", "conflict", "upstream"],
    scope: "write",
  }),
  snapshots: op({
    method: "GET",
    path: "/v1/vectors/{index}/snapshots",
    summary: "List an index's snapshots, oldest first; also of an index that was removed",
    input: z.strictObject(name),
    output: z.object({ snapshots: z.array(snapshotOutput) }),
    errors: ["not_found", "upstream"],
    scope: "read",
  }),
  dropSnapshot: op({
    method: "DELETE",
    path: "/v1/vectors/{index}/snapshots/{name}",
    summary: "Remove a snapshot, and the files that no other one of the index needs",
    input: z.strictObject({ ...name, name: plainName }),
    output: z.null(),
    status: 204,
    timeoutMs: SNAPSHOT_MS_MAX,
    errors: ["not_found", "conflict", "upstream"],
    scope: "write",
  }),
  restore: op({
    method: "POST",
    path: "/v1/vectors/{index}/restore",
    summary: "Put an index back to a snapshot, as a whole; it may have been removed meanwhile",
    description:
      "The index serves as it is until all files have arrived and verified. What was written after the snapshot " +
      "is gone afterwards. On any failure the index stays as it was.",
    input: z.strictObject({ ...name, name: plainName }),
    output: index,
    timeoutMs: SNAPSHOT_MS_MAX,
    errors: ["not_found", "conflict", "upstream"],
    scope: "admin",
  }),
};

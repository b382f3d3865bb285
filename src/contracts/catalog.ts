// catalogd: tables, as Apache Iceberg v2.

import { z } from "zod";
import { op } from "#rpc/contract";
import { datasetName, jsonObject, pageInput, plainName, snapshotId, timestamp } from "./shapes.ts";

/** Kinds of personal data that a column may hold; callers who may not see such data get it masked. */
export const PERSONAL_KINDS = ["name", "email", "phone", "ssn", "bank"] as const;
export const personalKind = z.enum(PERSONAL_KINDS);
export type PersonalKind = z.infer<typeof personalKind>;

const column = z.object({
  /** The Iceberg field id: stays when the column is renamed. */
  id: z.int(),
  name: z.string(),
  /** A SQL type as DuckDB writes it: `BIGINT`, `VARCHAR`, `DECIMAL(12,2)`, `TIMESTAMP WITH TIME ZONE`, `VARCHAR[]`. */
  type: z.string(),
  nullable: z.boolean(),
  doc: z.string().optional(),
  personal: personalKind
    .optional()
    .describe("What personal data it holds: found when it was loaded, or said since"),
});

export const dataset = z.object({
  name: z.string(),
  rows: z.int(),
  bytes: z.int(),
  files: z.int(),
  snapshot_id: snapshotId.nullable(),
  /** SHA-256 over column names and types: equal shapes have equal fingerprints. */
  fingerprint: z.string(),
  columns: z.array(column),
  updated_at: timestamp,
});
export type Dataset = z.infer<typeof dataset>;

const snapshot = z.object({
  snapshot_id: snapshotId,
  parent_id: snapshotId.nullable(),
  at: timestamp,
  operation: z.enum(["append", "overwrite", "delete", "replace"]),
  rows: z.int(),
  files: z.int(),
  summary: z.record(z.string(), z.string()),
  tags: z.array(z.string()),
  current: z.boolean(),
});

/** One Parquet file of a table, as its writer describes it. */
export const dataFile = z.strictObject({
  /** The object's key in storaged: the prefix that `prepare` gave, then the file's SHA-256, then `.parquet`. */
  key: z.string(),
  rows: z.int().min(0),
  bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** By field id: what the manifest says of each column. Values are the text that DuckDB gives. */
  stats: z.record(
    z.string(),
    z.strictObject({
      values: z.int().optional(),
      nulls: z.int().optional(),
      bytes: z.int().optional(),
      min: z.string().optional(),
      max: z.string().optional(),
    }),
  ),
});
export type DataFile = z.infer<typeof dataFile>;

/** A snapshot id, as a number or as text, a tag, or a time (RFC 3339): the table as it was then. */
export const at = z.union([z.int(), z.string()]);

export const catalog = {
  datasets: op({
    method: "GET",
    path: "/v1/catalog/datasets",
    summary: "List datasets",
    input: z.strictObject(pageInput),
    output: z.object({ datasets: z.array(dataset), next_cursor: z.string().optional() }),
    errors: [],
    scope: "read",
  }),
  dataset: op({
    method: "GET",
    path: "/v1/catalog/datasets/{dataset}",
    summary: "Describe a dataset",
    input: z.strictObject({ dataset: datasetName }),
    output: dataset,
    errors: ["not_found"],
    scope: "read",
  }),
  drop: op({
    method: "DELETE",
    path: "/v1/catalog/datasets/{dataset}",
    summary: "Drop a dataset; with purge its files too",
    input: z.strictObject({ dataset: datasetName, purge: z.boolean().default(false) }),
    output: z.null(),
    status: 204,
    errors: ["not_found"],
    scope: "admin",
  }),
  snapshots: op({
    method: "GET",
    path: "/v1/catalog/datasets/{dataset}/snapshots",
    summary: "List a dataset's snapshots, newest first",
    input: z.strictObject({ dataset: datasetName, ...pageInput }),
    output: z.object({ snapshots: z.array(snapshot), next_cursor: z.string().optional() }),
    errors: ["not_found"],
    scope: "read",
  }),
  rollback: op({
    method: "POST",
    path: "/v1/catalog/datasets/{dataset}/rollback",
    summary: "Make an earlier snapshot the current one",
    input: z.strictObject({ dataset: datasetName, snapshot_id: snapshotId }),
    output: dataset,
    errors: ["not_found"],
    scope: "write",
  }),
  tag: op({
    method: "POST",
    path: "/v1/catalog/datasets/{dataset}/tags",
    summary: "Name a snapshot, so that it can be read by that name and does not expire",
    input: z.strictObject({ dataset: datasetName, name: plainName, snapshot_id: snapshotId.optional() }),
    output: z.object({ name: z.string(), snapshot_id: snapshotId }),
    status: 201,
    errors: ["not_found", "conflict"],
    scope: "write",
  }),
  schema: op({
    method: "PATCH",
    path: "/v1/catalog/datasets/{dataset}/schema",
    summary: "Add, rename, drop, widen or describe columns",
    input: z.strictObject({
      dataset: datasetName,
      add: z
        .array(z.strictObject({ name: z.string(), type: z.string(), doc: z.string().optional() }))
        .optional(),
      rename: z.record(z.string(), z.string()).optional(),
      drop: z.array(z.string()).optional(),
      widen: z.record(z.string(), z.string()).optional(),
      doc: z.record(z.string(), z.string()).optional(),
      personal: z
        .record(z.string(), z.enum([...PERSONAL_KINDS, "none"]))
        .optional()
        .describe("What personal data columns hold; none where a loader took them for it"),
    }),
    output: dataset,
    errors: ["not_found", "conflict"],
    scope: "write",
  }),
  append: op({
    method: "POST",
    path: "/v1/catalog/datasets/{dataset}/append",
    summary: "Append rows to a dataset that is there",
    description:
      "Rows are objects by column name. All of them become part of one snapshot, or none; what is sent by many at once is written together. A value that its column does not hold exactly is rejected with its place.",
    input: z.strictObject({
      dataset: datasetName,
      rows: z.array(jsonObject).min(1).max(10_000),
      idempotency_key: z.string().min(1).max(200).optional(),
    }),
    headers: { idempotency_key: "idempotency-key" },
    bodyBytesMax: 4 * 1024 * 1024,
    output: z.object({ dataset: z.string(), snapshot_id: snapshotId, rows: z.int(), replayed: z.boolean() }),
    status: 201,
    timeoutMs: 60_000,
    errors: ["not_found", "conflict", "rejected"],
    scope: "write",
  }),
  maintain: op({
    method: "POST",
    path: "/v1/catalog/datasets/{dataset}/maintain",
    summary: "Merge small files, expire old snapshots, and remove files that nothing needs",
    description:
      "The same happens by itself: small files are merged soon after they were appended, the rest some times a day. The current snapshot and those with a tag never expire. With dry_run nothing is changed, and the response says what would be changed.",
    input: z.strictObject({
      dataset: datasetName,
      dry_run: z.boolean().default(false),
      /** Snapshots that are older expire. */
      keep_days: z.int().min(0).max(36_500).default(30),
    }),
    output: z.object({
      dry_run: z.boolean(),
      /** Files that were merged, into how many, and how large they were together. */
      compacted: z.object({ files_before: z.int(), files_after: z.int(), bytes: z.int() }),
      expired: z.object({ snapshots: z.int() }),
      /** Files that no snapshot needs and that are older than a day. */
      removed: z.object({ files: z.int(), bytes: z.int() }),
    }),
    timeoutMs: 600_000,
    errors: ["not_found", "conflict"],
    scope: "admin",
  }),
  prepare: op({
    method: "POST",
    path: "/v1/catalog-prepare",
    summary: "What a writer needs to know before it writes data files for a dataset",
    description: "Gives field ids to columns the dataset does not have yet, and a place for the files.",
    input: z.strictObject({
      dataset: datasetName,
      columns: z
        .array(z.strictObject({ name: z.string(), type: z.string() }))
        .min(1)
        .max(10_000),
      mode: z.enum(["append", "replace"]),
      contract: z.enum(["evolve", "freeze"]).default("evolve"),
    }),
    output: z.object({
      /** Storage key prefix for data files, ending in `/`. */
      prefix: z.string(),
      columns: z.array(column),
      /** The dataset's Iceberg schema as JSON, with the field ids of all columns and of what nests in them. */
      iceberg_schema: z.string(),
      schema_changes: z.array(z.string()),
      /** Of columns that are stored under another name or type than was requested. */
      warnings: z.array(z.string()),
    }),
    errors: ["conflict", "rejected"],
    scope: "write",
    internal: true,
    idempotent: true,
  }),
  commit: op({
    method: "POST",
    path: "/v1/catalog-commit",
    summary: "Add data files to a dataset as one snapshot, creating it when it is not there",
    description:
      "Appends are rebased on the server and never conflict. A repeated `commit_id` returns the first result.",
    input: z.strictObject({
      dataset: datasetName,
      mode: z.enum(["append", "replace"]),
      /** The files' columns, as `prepare` gave them. */
      columns: z.array(column),
      files: z.array(dataFile).max(100_000),
      /** Repeating a commit with the same id does nothing and returns the first one's snapshot. */
      commit_id: z.string().max(200),
      /** Keys of data files that leave the dataset in the same snapshot; `conflict` when one is no longer there. */
      remove: z.array(z.string()).max(100_000).optional(),
      /** The snapshot that must still be the current one, null for none: for writers that replace what they have read. */
      if_snapshot_id: snapshotId.nullable().optional(),
      /** Where a snapshot of the dataset has all of this in its summary, that one is returned and nothing is done. */
      unless_summary: z.record(z.string(), z.string()).optional(),
      /** Kept in the snapshot summary. */
      summary: z.record(z.string(), z.string()).default({}),
    }),
    bodyBytesMax: 64 * 1024 * 1024,
    output: z.object({ snapshot_id: snapshotId, replayed: z.boolean(), dataset }),
    errors: ["conflict", "not_found"],
    scope: "write",
    internal: true,
    idempotent: true,
  }),
  committed: op({
    method: "POST",
    path: "/v1/catalog-committed",
    summary: "The snapshot that a commit id made, with its summary",
    input: z.strictObject({ dataset: datasetName, commit_id: z.string().max(200) }),
    output: z.object({ snapshot: snapshot.nullable() }),
    errors: [],
    scope: "read",
    internal: true,
    idempotent: true,
  }),
  scan: op({
    method: "POST",
    path: "/v1/catalog-scan",
    summary: "The files and columns of a dataset at a snapshot",
    input: z.strictObject({ dataset: datasetName, at: at.optional() }),
    output: z.object({
      snapshot_id: snapshotId.nullable(),
      /** By field id, under the names and types that they have at the snapshot. */
      columns: z.array(column),
      files: z.array(
        z.object({ key: z.string(), bytes: z.int(), rows: z.int(), sha256: z.string().optional() }),
      ),
    }),
    errors: ["not_found"],
    scope: "read",
    internal: true,
    idempotent: true,
  }),
};

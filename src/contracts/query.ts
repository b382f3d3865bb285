// queryd: SQL.

import { z } from "zod";
import { op } from "#rpc/contract";
import { at } from "./catalog.ts";
import { jsonObject, snapshotId } from "./shapes.ts";

/** DuckDB's parser is not meant for longer ones: some of its checks are quadratic. */
export const SQL_BYTES_MAX = 64 * 1024;

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
/** A list stands for one `?`: `WHERE id IN ?`, `list_contains(?, id)`. */
const param = z.union([scalar, z.array(scalar).max(10_000)]);

const limit = z.int().min(1).max(100_000);

const statement = {
  sql: z.string().min(1).max(SQL_BYTES_MAX),
  params: z.array(param).max(1000).default([]),
  timeout_ms: z.int().min(1).max(300_000).default(30_000),
  at: z.record(z.string(), at).optional().describe("Datasets as they were: snapshot id, tag or time"),
  time_zone: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe(
      "IANA name of the zone in which dates, hours and text of timestamps are reckoned; UTC by default",
    ),
};

export const sqlResult = z.object({
  columns: z.array(z.object({ name: z.string(), type: z.string() })),
  rows: z.array(jsonObject),
  row_count: z.int(),
  truncated: z.boolean(),
  took_ms: z.number(),
  /** Time spent waiting for a free engine. */
  queue_ms: z.number(),
  /** The snapshot of each dataset that was read; `name@version` for one that the statement reads AT a version. */
  snapshots: z.record(z.string(), snapshotId.nullable()),
  /** What a reader of the values, or of a table made from them, may not hold. */
  warnings: z.array(z.string()),
});
export type SqlResult = z.infer<typeof sqlResult>;

/** A little over the longest `timeout_ms`, which the service itself keeps. */
const SQL_TIMEOUT_MS = 305_000;

/** What a stream of rows may be. */
const STREAM_TYPES = [
  "application/x-ndjson",
  "text/csv",
  "application/vnd.apache.arrow.stream",
  "application/vnd.apache.parquet",
];

export const query = {
  sql: op({
    method: "POST",
    path: "/v1/sql",
    summary: "Run a SQL statement over the datasets",
    description:
      "One SELECT, WITH, EXPLAIN, DESCRIBE or SHOW statement. Each dataset is a view of its name; information_schema lists all. Integers beyond 2^53 and decimals are strings, timestamps RFC 3339, blobs base64, nested values JSON, structs without names lists. A statement that made its engine crash or outgrow its memory is refused for ten minutes.",
    input: z.strictObject({ ...statement, limit: limit.default(1000) }),
    output: sqlResult,
    idempotent: true,
    timeoutMs: SQL_TIMEOUT_MS,
    errors: ["forbidden", "not_found", "rejected"],
    scope: "read",
  }),
  sqlStream: op({
    method: "POST",
    path: "/v1/sql",
    summary: "Run a SQL statement and stream its rows, however many",
    description:
      "NDJSON, CSV, an Arrow IPC stream or a Parquet file, by the accept header. In Arrow and Parquet decimals and HUGEINT have 128 bits, timestamps keep their unit, intervals and unions are text. A Parquet file is written whole before its first byte is sent, and is 4 GiB at most. The accept header is read with its weights; x-lakehouse-snapshots and x-lakehouse-warnings hold what the JSON result has under these names.",
    input: z.strictObject({
      ...statement,
      limit: limit.optional().describe("Taken, and not applied: a stream has all rows"),
      accept: z.string().max(1000).default("application/x-ndjson"),
    }),
    headers: { accept: "accept" },
    accept: STREAM_TYPES,
    produces: STREAM_TYPES,
    reply: "raw",
    output: z.unknown(),
    idempotent: true,
    timeoutMs: SQL_TIMEOUT_MS,
    errors: ["forbidden", "not_found", "rejected"],
    scope: "read",
  }),
};

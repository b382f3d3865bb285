// queryd: SQL.

import { z } from "zod";
import { op } from "#rpc/contract";
import { at } from "./catalog.ts";
import { jsonObject, snapshotId } from "./shapes.ts";

/** DuckDB's parser is not meant for longer ones: some of its checks are quadratic. */
export const SQL_BYTES_MAX = 64 * 1024;

const param = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const limit = z.int().min(1).max(100_000);

const question = {
  sql: z.string().min(1).max(SQL_BYTES_MAX),
  params: z.array(param).max(1000).default([]),
  timeout_ms: z.int().min(1).max(300_000).default(30_000),
  at: z.record(z.string(), at).optional().describe("Datasets as they were: snapshot id, tag or time"),
};

export const answer = z.object({
  columns: z.array(z.object({ name: z.string(), type: z.string() })),
  rows: z.array(jsonObject),
  row_count: z.int(),
  truncated: z.boolean(),
  took_ms: z.number(),
  /** Time spent waiting for a free engine. */
  queue_ms: z.number(),
  /** The snapshot of each dataset that was read. */
  snapshots: z.record(z.string(), snapshotId.nullable()),
});
export type Answer = z.infer<typeof answer>;

/** A little over the longest `timeout_ms`, which the service itself keeps. */
const SQL_TIMEOUT_MS = 305_000;

/** What a stream of rows may be. */
const STREAM_TYPES = ["application/x-ndjson", "text/csv", "application/vnd.apache.arrow.stream"];

export const query = {
  sql: op({
    method: "POST",
    path: "/v1/sql",
    summary: "Answer a SQL question over the datasets",
    description:
      "One SELECT, WITH, EXPLAIN, DESCRIBE or SHOW statement. Each dataset is a view of its name. Integers beyond 2^53 and decimals are strings, timestamps RFC 3339, blobs base64, nested values JSON.",
    input: z.strictObject({ ...question, limit: limit.default(1000) }),
    output: answer,
    idempotent: true,
    timeoutMs: SQL_TIMEOUT_MS,
    errors: ["forbidden", "not_found", "rejected"],
    scope: "read",
  }),
  sqlStream: op({
    method: "POST",
    path: "/v1/sql",
    summary: "Answer a SQL question as a stream of rows, however many",
    description:
      "NDJSON, CSV or an Arrow IPC stream, by the accept header. In Arrow decimals and HUGEINT are Decimal128, timestamps keep their unit, intervals and unions are utf8.",
    input: z.strictObject({
      ...question,
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

// What an engine does for the serving process, whose child process it is. An engine runs one statement at a time; it
// guards every statement itself, whatever its caller says of it.

import { z } from "zod";
import { op } from "#rpc/contract";
import { FORMATS } from "../formats/text.ts";

/** Longer than any statement may take: the serving process ends a statement, not this. */
const ENGINE_TIMEOUT_MS = 310_000;

/** A dataset of very many files is a long list of paths. */
const STATEMENT_BYTES_MAX = 64 * 1024 * 1024;

/** A dataset as one snapshot of it has it. */
export const view = z.strictObject({
  /** Where it does not stand in `main`. */
  schema: z.string().optional(),
  name: z.string(),
  /** With their Iceberg field ids, and types as DuckDB writes them. */
  columns: z.array(z.strictObject({ id: z.int(), name: z.string(), type: z.string() })),
  /** Columns whose values the caller may not see. */
  masked: z.array(z.string()),
  files: z.array(
    z.strictObject({
      path: z.string(),
      /** The object's key, for messages. */
      key: z.string(),
      bytes: z.int(),
      /** To be compared before DuckDB sees the file; absent where that is done already. */
      sha256: z.string().optional(),
    }),
  ),
});
export type View = z.infer<typeof view>;

/** A dataset as `information_schema` shows it. */
export const listedDataset = z.strictObject({
  name: z.string(),
  rows: z.number(),
  columns: z.array(
    z.strictObject({ name: z.string(), type: z.string(), nullable: z.boolean(), doc: z.string().optional() }),
  ),
});
export type ListedDataset = z.infer<typeof listedDataset>;

/** What an instance is opened for. */
const opening = z.strictObject({
  views: z.array(view),
  time_zone: z.string(),
  /** All datasets, where the statement reads of them. */
  listed: z.array(listedDataset).optional(),
});
export type Opening = z.infer<typeof opening>;

/**
 * Each statement has a turn, counted up; `stop` ends its turn and all before it. A request that was given up
 * while it was on its way finds its turn over.
 */
const turn = z.int().min(1);

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const statement = {
  turn,
  /** A set of views; one that the engine has not opened, or not kept, is `not_found` without `opening`. */
  key: z.string(),
  opening: opening.optional(),
  sql: z.string(),
  params: z.array(z.union([scalar, z.array(scalar)])),
};

export const engine = {
  inspect: op({
    method: "POST",
    path: "/inspect",
    summary: "Guard a statement and say which datasets it reads",
    input: z.strictObject({ turn, sql: z.string() }),
    output: z.object({
      kind: z.enum(["rows", "show_tables"]),
      tables: z.array(z.string()),
      versions: z.array(z.object({ schema: z.string(), table: z.string(), at: z.string() })),
      catalog: z.boolean(),
    }),
    idempotent: true,
    timeoutMs: ENGINE_TIMEOUT_MS,
    errors: ["invalid", "forbidden"],
    scope: "read",
  }),
  run: op({
    method: "POST",
    path: "/run",
    summary: "Run a statement and give its first rows as one JSON object",
    input: z.strictObject({ ...statement, limit: z.int().min(1) }),
    reply: "raw",
    produces: ["application/json"],
    output: z.unknown(),
    bodyBytesMax: STATEMENT_BYTES_MAX,
    timeoutMs: ENGINE_TIMEOUT_MS,
    errors: ["internal", "invalid", "forbidden", "not_found", "rejected", "cancelled", "unavailable"],
    scope: "read",
  }),
  stream: op({
    method: "POST",
    path: "/stream",
    summary: "Run a statement and stream all its rows",
    input: z.strictObject({ ...statement, format: z.enum(FORMATS) }),
    reply: "raw",
    produces: [
      "application/x-ndjson",
      "text/csv",
      "application/vnd.apache.arrow.stream",
      "application/vnd.apache.parquet",
    ],
    output: z.unknown(),
    bodyBytesMax: STATEMENT_BYTES_MAX,
    timeoutMs: ENGINE_TIMEOUT_MS,
    errors: ["internal", "invalid", "forbidden", "not_found", "rejected", "cancelled", "unavailable"],
    scope: "read",
  }),
  stop: op({
    method: "POST",
    path: "/stop",
    summary: "Stop what is running; replies when nothing runs any more",
    input: z.strictObject({ turn }),
    output: z.null(),
    status: 204,
    idempotent: true,
    errors: [],
    scope: "read",
  }),
};

/** What an engine is started with. */
export interface EngineSettings {
  /** Of DuckDB's buffers; the process may hold more, up to what its watchdog allows. */
  readonly memoryBytesMax: number;
  readonly tempBytesMax: number;
  readonly threads: number;
}

// ingestd: files in.

import { z } from "zod";
import { op } from "#rpc/contract";
import { personalKind } from "./catalog.ts";
import { datasetName, snapshotId } from "./shapes.ts";

const mode = z.enum(["append", "replace", "upsert"]);
const contract = z.enum(["evolve", "freeze", "quarantine"]);
const format = z.enum(["auto", "csv", "ndjson", "json", "parquet", "xlsx"]);
const key = z
  .array(z.string())
  .optional()
  .describe("Columns that name a row, for mode=upsert: its last row wins, in the file and over the dataset");
const sheet = z
  .string()
  .max(255)
  .optional()
  .describe("The sheet of a workbook, by name or by number from 1; the only one with data unless said");
const types = z
  .record(z.string(), z.string())
  .optional()
  .describe("Column types that are to hold whatever the values look like");
const delimiter = z
  .string()
  .max(4)
  .regex(
    /^[^\p{L}\p{N}"'\r\n\0]*$/u,
    "is one to four marks, such as ; or a tab, and no letter, digit or quote",
  )
  .optional()
  .describe("What splits the columns of delimited text, whatever it looks like; empty for one column");
const quote = z
  .string()
  .max(1)
  .regex(/^[^\p{L}\p{N}\s\0]?$/u, "is one mark, such as a double quote, and no letter, digit or blank")
  .optional()
  .describe("What cells of delimited text may stand in; empty for nothing");
const encoding = z
  .string()
  .min(1)
  .max(40)
  .optional()
  .describe(
    "The encoding of a text, by a name of the Encoding Standard (utf-8, windows-1252, shift_jis), or ibm850",
  );
const headerRow = z
  .int()
  .min(0)
  .max(1_000_000)
  .optional()
  .describe("The line of delimited text that names its columns, from 1; 0 when none does");
const source = z.string().max(1024).optional().describe("The file's name, kept with its rejected rows");

const ingestInput = z.strictObject({
  dataset: datasetName,
  mode: mode.default("append"),
  key,
  contract: contract.default("evolve"),
  format: format.default("auto"),
  sheet,
  types,
  delimiter,
  quote,
  encoding,
  header_row: headerRow,
  source,
  dry_run: z.boolean().default(false),
  idempotency_key: z.string().min(1).max(200).optional(),
  content_type: z
    .string()
    .max(1024)
    .optional()
    .describe("`multipart/form-data` for a form with the file in it"),
});

/** What a form may carry beside its file: the options that the query has, where they are too long for it. */
export const ingestFormFields = z.strictObject({
  mode: mode.optional(),
  key,
  contract: contract.optional(),
  format: format.optional(),
  sheet,
  types,
  delimiter,
  quote,
  encoding,
  header_row: headerRow,
  source,
  dry_run: z.boolean().optional(),
});

const ingestHeaders = { idempotency_key: "idempotency-key", content_type: "content-type" };

export const ingested = z.object({
  dataset: z.string(),
  snapshot_id: snapshotId.nullable(),
  /** Names this ingest's rows in the rejects table. */
  ingest_id: z.string(),
  rows_in: z.int(),
  rows_loaded: z.int(),
  rows_quarantined: z.int(),
  /** Rows that a later row of the same key took the place of, with mode=upsert. */
  rows_deduped: z.int(),
  /** Rows of the dataset that rows of the file took the place of, with mode=upsert. */
  rows_replaced: z.int().optional(),
  bytes_in: z.int(),
  fingerprint: z.string(),
  dialect: z
    .object({
      delimiter: z.string(),
      quote: z.string(),
      encoding: z.string(),
      header_row: z.int().nullable(),
      evidence: z.array(z.string()),
    })
    .optional(),
  columns: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      nullable: z.boolean(),
      confidence: z.number(),
      samples: z.array(z.string()),
      personal: personalKind.optional().describe("The personal data that it holds, by its name and values"),
    }),
  ),
  schema_changes: z.array(z.string()),
  warnings: z.array(z.string()),
  replayed: z.boolean(),
  dry_run: z.boolean(),
  took_ms: z.number(),
});
export type Ingested = z.infer<typeof ingested>;

const progress = z.object({
  event: z.literal("progress"),
  phase: z.enum(["receive", "read", "write", "commit"]),
  rows: z.int(),
  bytes: z.int(),
  bytes_total: z.int().optional(),
});

/** Large files are what this is for: an hour is the limit of one. */
const INGEST_TIMEOUT_MS = 3_600_000;

const traits = {
  method: "POST",
  path: "/v1/ingest",
  body: "raw",
  work: "upload",
  input: ingestInput,
  headers: ingestHeaders,
  idempotent: true,
  timeoutMs: INGEST_TIMEOUT_MS,
  errors: ["conflict", "rejected", "too_large"],
  scope: "write",
} as const;

export const ingest = {
  ingest: op({
    ...traits,
    summary: "Load a file into a dataset",
    description:
      "The body is the file, or a form (multipart/form-data) with it in the field `file` and options in others: CSV (any delimiter, encoding, gzip, zstd), NDJSON, JSON, Parquet or an Excel workbook (.xlsx). What is found out of a text (delimiter, quote, encoding, header) holds unless it is said. Rows that do not fit go to `NAME$rejects` with line and reason; `rows_in` always equals loaded + quarantined + deduped. With `mode=upsert` a row takes the place of those with the same `key`. The same bytes again change nothing, also when they are sent at once.",
    output: ingested,
    status: (output) => (output.replayed || output.dry_run ? 200 : 201),
    statuses: [200, 201],
    replyHeaders: (output): Record<string, string> =>
      output.replayed ? { "idempotent-replay": "true" } : {},
  }),
  ingestEvents: op({
    ...traits,
    summary: "Load a file into a dataset, with progress as it goes",
    reply: "events",
    accept: ["text/event-stream"],
    output: z.union([progress, ingested.extend({ event: z.literal("done") })]),
  }),
  replay: op({
    method: "POST",
    path: "/v1/ingest/replay",
    summary: "Load the rejected rows of an earlier ingest once more",
    description:
      "Their lines are read as those of the first time were, into the columns that the dataset has now. Rows that fit move from `NAME$rejects` into the dataset, the others stay; again, `rows_in` equals loaded + quarantined. Without rows that fit nothing changes.",
    input: z.strictObject({
      dataset: datasetName,
      ingest_id: z.string().min(1).max(64),
      types: z
        .record(z.string(), z.string())
        .optional()
        .describe("Column types that are to hold from now on, where the dataset's can be widened to them"),
    }),
    output: ingested,
    status: (output) => (output.replayed || output.rows_loaded === 0 ? 200 : 201),
    statuses: [200, 201],
    idempotent: true,
    timeoutMs: INGEST_TIMEOUT_MS,
    errors: ["conflict", "not_found", "rejected", "too_large"],
    scope: "write",
  }),
};

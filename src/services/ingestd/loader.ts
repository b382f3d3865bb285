// What the serving process asks of its loader child: read a spooled file and say what it holds, write it as
// Parquet, write its rejected rows as Parquet. A child does one file at a time and keeps what it read between
// the calls; files pass through the folder that both know, never through the socket.

import { z } from "zod";
import { dataFile } from "#contracts/catalog";
import { op } from "#rpc/contract";

/** As long as an ingest may take. */
const LOADER_TIMEOUT_MS = 3_600_000;
/** Schemas of ten thousand columns. */
const BODY_BYTES_MAX = 64 * 1024 * 1024;

export const FORMATS = ["csv", "ndjson", "json", "parquet"] as const;

const named = z.strictObject({ name: z.string(), type: z.string() });

const readInput = z.strictObject({
  path: z.string(),
  /** The file was seen to be UTF-8 without a NUL, and need not be read for that. */
  plain: z.boolean(),
  /** Where the child may write; it is removed by who asks. */
  folder: z.string(),
  format: z.enum(["auto", ...FORMATS]),
  /** Types that columns must have, as their owner wrote them. */
  types: z.record(z.string(), z.string()),
  /** The dataset's columns with DuckDB's types, when the file is added to what is there. */
  known: z.array(named),
  /** What the dataset does not know, or cannot hold, is rejected row by row. */
  quarantine: z.boolean(),
  /** Read every value before anything is believed: what is asked for when the quick way failed. */
  careful: z.boolean(),
});
export type ReadInput = z.infer<typeof readInput>;

const table = z.strictObject({
  event: z.literal("table"),
  format: z.enum(FORMATS),
  /** Null where they are counted only while they are written. */
  rows: z.int().nullable(),
  columns: z.array(
    z.strictObject({
      name: z.string(),
      /** DuckDB's type. */
      type: z.string(),
      confidence: z.number(),
      samples: z.array(z.string()),
    }),
  ),
  dialect: z
    .strictObject({
      delimiter: z.string(),
      quote: z.string(),
      encoding: z.string(),
      header_row: z.int().nullable(),
      evidence: z.array(z.string()),
    })
    .optional(),
  warnings: z.array(z.string()),
  /** How rejected lines are to be read again, as `reading.ts` puts it. */
  reading: z.string().optional(),
});
export type Table = z.infer<typeof table>;

const progress = z.strictObject({
  event: z.literal("progress"),
  rows: z.int(),
  bytes: z.int(),
  bytes_total: z.int(),
});

const prepared = z.strictObject({
  /** Columns of the data files, in order, as the catalog prepared them; DuckDB's types. */
  columns: z.array(z.strictObject({ id: z.int(), name: z.string(), type: z.string() })),
  /** The select list that gives them the names they have in the files. */
  select: z.string(),
  /** For the names of that list. */
  field_ids: z.string(),
  iceberg_schema: z.string(),
});
export type Prepared = z.infer<typeof prepared>;

/** A data file before it has a key: where it lies instead. */
const writtenFile = dataFile.omit({ key: true }).extend({ path: z.string() });
export type WrittenFile = z.infer<typeof writtenFile>;

/** Which of the rejects table's rows are meant, and where they lie. */
const rejected = {
  /** Where the child may write. */
  folder: z.string(),
  files: z.array(z.strictObject({ path: z.string(), sha256: z.string().optional() })).min(1),
  /** DuckDB's `schema` argument, as the catalog gives it. */
  read_schema: z.string(),
  ingest_id: z.string(),
};
const rereadInput = z.strictObject({
  ...rejected,
  reading: z.string(),
  types: z.record(z.string(), z.string()),
  known: z.array(named),
  /** Columns that are called otherwise now, by the name they had. */
  renamed: z.record(z.string(), z.string()),
});
export type RereadInput = z.infer<typeof rereadInput>;

const remainInput = z.strictObject({ ...prepared.shape, ...rejected, loaded: z.string() });
export type RemainInput = z.infer<typeof remainInput>;

export const loader = {
  read: op({
    method: "POST",
    path: "/read",
    summary: "Read a file far enough to say what its columns are",
    reply: "events",
    input: readInput,
    output: z.union([progress, table]),
    errors: ["invalid", "rejected", "too_large", "unavailable"],
    scope: "write",
  }),
  write: op({
    method: "POST",
    path: "/write",
    summary: "Write the file that was read as Parquet",
    input: prepared,
    bodyBytesMax: BODY_BYTES_MAX,
    output: z.strictObject({
      /** False when the quick way met something that it did not foresee: then read again, carefully. */
      written: z.boolean(),
      rows_in: z.int(),
      rows_rejected: z.int(),
      /** The first rejected rows in words. */
      examples: z.array(z.string()),
      files: z.array(writtenFile),
      /** Of rejected rows that were read again: which of them fit now, packed. */
      loaded: z.string().optional(),
    }),
    errors: ["rejected", "unavailable"],
    timeoutMs: LOADER_TIMEOUT_MS,
    scope: "write",
  }),
  reject: op({
    method: "POST",
    path: "/reject",
    summary: "Write the rejected rows as Parquet",
    input: z.strictObject({ ...prepared.shape, source: z.string(), ingest_id: z.string() }),
    bodyBytesMax: BODY_BYTES_MAX,
    output: z.strictObject({ files: z.array(writtenFile) }),
    errors: ["unavailable"],
    timeoutMs: LOADER_TIMEOUT_MS,
    scope: "write",
  }),
  reread: op({
    method: "POST",
    path: "/reread",
    summary: "Read the rejected rows of an earlier file again, to be written like a file",
    input: rereadInput,
    bodyBytesMax: BODY_BYTES_MAX,
    output: z.strictObject({
      /** Null when there are none. */
      table: table.nullable(),
      rows: z.int(),
      bytes: z.int(),
      /** SHA-256 over the rows: the same ones, the same digest. */
      digest: z.string(),
    }),
    errors: ["invalid", "rejected", "too_large", "unavailable"],
    timeoutMs: LOADER_TIMEOUT_MS,
    scope: "write",
  }),
  remain: op({
    method: "POST",
    path: "/remain",
    summary: "Write a rejects table without the rows of an ingest that were loaded after all",
    input: remainInput,
    bodyBytesMax: BODY_BYTES_MAX,
    output: z.strictObject({ files: z.array(writtenFile) }),
    errors: ["unavailable"],
    timeoutMs: LOADER_TIMEOUT_MS,
    scope: "write",
  }),
};

/** Columns of a rejects table, with DuckDB's types. */
export const REJECT_COLUMNS = [
  { name: "line", type: "BIGINT" },
  { name: "reason", type: "VARCHAR" },
  { name: "column", type: "VARCHAR" },
  { name: "raw", type: "VARCHAR" },
  { name: "source", type: "VARCHAR" },
  { name: "ingest_id", type: "VARCHAR" },
] as const;

// What vectord asks of the processes that hold Lance: one that serves tables, and one for each piece of upkeep, which
// ends with it. Native code that may run long, keep memory or crash is so out of the process that serves, and a table's
// bucket and key reach it over its socket only, never by its command line. Rows come in as segments of the index's
// log (wal/), which both sides can read: no vector is sent twice.

import { z } from "zod";
import { jsonObject, vectorText } from "#contracts/shapes";
import { op } from "#rpc/contract";

/** A build of ten million rows. */
const UPKEEP_MS_MAX = 12 * 3_600_000;
/** Reading a table of 100 GB from a disk that gives 100 MB a second. */
const OPEN_MS_MAX = 1_800_000;
const APPLY_MS_MAX = 600_000;
/** A full scan of a large table. */
const SEARCH_MS_MAX = 60_000;

/** A file of a table, by its path below the table's folder. */
export const tableFile = z.object({
  path: z.string(),
  bytes: z.int(),
  /** xxHash64 chained over blocks of 4 MiB; empty for a file in a bucket, whose server vouches for it. */
  hash: z.string(),
});
export type TableFile = z.infer<typeof tableFile>;

/** Where a table is, and what is in it: all that a process needs to open it. */
const table = {
  /** A folder, or `s3://bucket/prefix`. */
  uri: z.string(),
  storage: z.record(z.string(), z.string()),
  /** As shape.ts writes it. */
  shape: z.string(),
};
export const tablePlace = z.object(table);
export type TablePlace = z.infer<typeof tablePlace>;

/** The state of a table after a change. */
const state = z.object({
  version: z.int(),
  count: z.int(),
  /** Files that this state or a kept version may need. */
  files: z.array(tableFile),
});
export type TableState = z.infer<typeof state>;

const hit = z.object({
  id: z.string(),
  distance: z.number(),
  metadata: jsonObject,
  vector: vectorText.optional(),
});

const at = z.int().optional();

export const lanceTables = {
  /**
   * Opens a table at a version, which is made the newest again when others were written after it; 0 makes an empty one.
   * `interrupted`: the process ended during upkeep, so that files may be gone which no kept version needs.
   */
  open: op({
    method: "POST",
    path: "/open",
    summary: "Open a table at a version; 0 makes it",
    input: z.strictObject({
      ...table,
      version: z.int(),
      files: z.array(tableFile),
      interrupted: z.boolean(),
    }),
    /** `versions`: those that are still there. */
    output: state.extend({ versions: z.array(z.int()) }),
    bodyBytesMax: 64 * 1024 * 1024,
    timeoutMs: OPEN_MS_MAX,
    errors: [],
    scope: "admin",
  }),
  nearest: op({
    method: "POST",
    path: "/nearest",
    summary: "The nearest rows that match",
    input: z.strictObject({
      ...table,
      vector: vectorText,
      k: z.int(),
      filter: jsonObject.optional(),
      exact: z.boolean(),
      ef: z.int(),
      vectors: z.boolean(),
      at,
    }),
    /** `exhausted`: there are no more than these. */
    output: z.object({
      hits: z.array(hit),
      plan: z.enum(["lance", "exact"]),
      scanned: z.int(),
      exhausted: z.boolean(),
    }),
    timeoutMs: SEARCH_MS_MAX,
    errors: [],
    scope: "admin",
  }),
  /** Which of these ids the table has. */
  existing: op({
    method: "POST",
    path: "/existing",
    summary: "Those of the ids that the table has",
    input: z.strictObject({ ...table, ids: z.array(z.string()), at }),
    output: z.object({ ids: z.array(z.string()) }),
    bodyBytesMax: 16 * 1024 * 1024,
    timeoutMs: SEARCH_MS_MAX,
    errors: [],
    scope: "admin",
  }),
  fetch: op({
    method: "POST",
    path: "/fetch",
    summary: "Rows by id",
    input: z.strictObject({ ...table, ids: z.array(z.string()), at }),
    output: z.object({
      items: z.array(z.object({ id: z.string(), vector: vectorText, metadata: jsonObject })),
    }),
    timeoutMs: SEARCH_MS_MAX,
    errors: [],
    scope: "admin",
  }),
  /** Ids of the rows that match, a part of them at a time: `from` is 0, and then what `next` was. */
  matching: op({
    method: "POST",
    path: "/matching",
    summary: "Ids of the rows that match a filter",
    input: z.strictObject({ ...table, filter: jsonObject, version: z.int(), from: z.int() }),
    output: z.object({ ids: z.array(z.string()), next: z.int().nullable() }),
    timeoutMs: SEARCH_MS_MAX,
    errors: [],
    scope: "admin",
  }),
  recall: op({
    method: "POST",
    path: "/recall",
    summary: "Measure searches by index against exact ones",
    input: z.strictObject({ ...table, sample: z.int(), k: z.int(), seed: z.int() }),
    output: z.object({
      recall: z.number(),
      mean_us: z.number(),
      p99_us: z.number(),
      exact_mean_us: z.number(),
      sample: z.int(),
    }),
    timeoutMs: 120_000,
    errors: [],
    scope: "admin",
  }),
  /** Puts the writes of a log's segments into the table: those after `after`, up to `upTo`. */
  apply: op({
    method: "POST",
    path: "/apply",
    summary: "Put a stretch of the log into the table",
    input: z.strictObject({
      ...table,
      log: z.string(),
      after: z.int(),
      upTo: z.int(),
      /** Upkeep is under way: what it writes is not part of the state yet. */
      beside: z.boolean(),
      /** Take what verifies of a damaged log. */
      lenient: z.boolean(),
    }),
    output: state,
    timeoutMs: APPLY_MS_MAX,
    errors: [],
    scope: "admin",
  }),
  /** What is due of: indexes built, small files merged, versions from before `keptFrom` removed. */
  upkeep: op({
    method: "POST",
    path: "/upkeep",
    summary: "Build indexes, merge small files, remove old versions",
    /** `rebuild`: the vector index from nothing. */
    input: z.strictObject({ ...table, keptFrom: z.int(), rebuild: z.boolean().default(false) }),
    output: z.null(),
    timeoutMs: UPKEEP_MS_MAX,
    errors: [],
    scope: "admin",
  }),
  /** The table as it is now, for the process that did no upkeep itself. */
  state: op({
    method: "POST",
    path: "/state",
    summary: "Take what another process committed",
    input: z.strictObject(table),
    output: state.extend({ indexed: z.int().nullable(), versions: z.array(z.int()) }),
    timeoutMs: APPLY_MS_MAX,
    errors: [],
    scope: "admin",
  }),
  /** Keeps these versions, which snapshots name, and no others, for as long as it is not called with less. */
  pin: op({
    method: "POST",
    path: "/pin",
    summary: "Keep versions however old they are",
    input: z.strictObject({ ...table, versions: z.array(z.int()) }),
    output: z.null(),
    timeoutMs: APPLY_MS_MAX,
    errors: [],
    scope: "admin",
  }),
  stats: op({
    method: "POST",
    path: "/stats",
    summary: "What says whether upkeep is due",
    input: z.strictObject(table),
    output: z.object({ indexed: z.int().nullable(), fragments: z.int() }),
    timeoutMs: SEARCH_MS_MAX,
    errors: [],
    scope: "admin",
  }),
  close: op({
    method: "POST",
    path: "/close",
    summary: "Let a table go",
    input: z.strictObject(table),
    output: z.null(),
    errors: [],
    scope: "admin",
  }),
  /** Copies rows that verify into a new table; says how many do not. */
  salvage: op({
    method: "POST",
    path: "/salvage",
    summary: "Copy the rows that verify into a new table",
    input: z.strictObject({ ...table, version: z.int(), files: z.array(tableFile), to: z.string() }),
    output: state.extend({ lost: z.int(), damage: z.array(z.string()) }),
    bodyBytesMax: 64 * 1024 * 1024,
    timeoutMs: OPEN_MS_MAX,
    errors: [],
    scope: "admin",
  }),
};

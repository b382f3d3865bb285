// The writer's contract: a process of its own that alone writes truth.sqlite. A commit waits for the disk, and that would
// hold the event loop of a serving process.

import { z } from "zod";
import { CLAIMS_MAX } from "#contracts/truth";
import { op } from "#rpc/contract";

/** Mapping, key and time of an import, as columns of the lines that it gets: `k`, `o`, and the numbers of attributes. */
export const importPlan = z.strictObject({
  attributes: z.array(z.string()).min(1),
  entity_prefix: z.string(),
  source: z.string(),
  confidence: z.number(),
  /** For rows that bring none of their own. */
  observed_ms: z.int().optional(),
  rows_total: z.int(),
});
export type ImportPlan = z.infer<typeof importPlan>;

/** No recording is made at this time or before it: answers were given as of it. */
const floor = z.int().min(0).describe("Microseconds since 1970");

const counts = {
  rows: z.int(),
  accepted: z.int(),
  duplicates: z.int(),
  empty: z.int(),
  skipped: z.int(),
} as const;

/** As long as an import may take. */
const IMPORT_MS_MAX = 3_600_000;
/** Opening reads the whole database: 0.4 s for a million claims, more on a cold disk. */
const OPEN_MS_MAX = 600_000;

export const truthWriter = {
  open: op({
    method: "POST",
    path: "/open",
    summary: "Open the database and verify it",
    input: z.strictObject({}),
    output: z.object({ recorded_us: z.int() }),
    timeoutMs: OPEN_MS_MAX,
    idempotent: true,
    errors: [],
    scope: "write",
  }),
  settle: op({
    method: "POST",
    path: "/settle",
    summary:
      "Wait until nothing that was sent before is being recorded; with `imports` the import is stopped",
    input: z.strictObject({ imports: z.boolean() }),
    output: z.object({ recorded_us: z.int() }),
    timeoutMs: 60_000,
    idempotent: true,
    errors: [],
    scope: "write",
  }),
  append: op({
    method: "POST",
    path: "/append",
    summary: "Record claims, all or none",
    input: z.strictObject({
      claims: z
        .array(
          z.tuple([
            z.string(),
            z.string(),
            z.string(),
            z.int(),
            z.string(),
            z.number(),
            z.string().nullable(),
          ]),
        )
        .min(1)
        .max(CLAIMS_MAX),
      floor,
    }),
    bodyBytesMax: 64 * 1024 * 1024,
    output: z.object({ accepted: z.int(), recorded_us: z.int() }),
    timeoutMs: 60_000,
    idempotent: true,
    errors: [],
    scope: "write",
  }),
  /** The body is NDJSON; see `ImportPlan`. */
  import: op({
    method: "POST",
    path: "/import",
    summary: "Record the claims of a dataset's rows",
    body: "raw",
    reply: "events",
    work: "bulk",
    input: z.strictObject({ plan: importPlan, floor }),
    output: z.union([
      z.object({ event: z.literal("progress"), ...counts, recorded_us: z.int() }),
      z.object({ event: z.literal("done"), ...counts, recorded_us: z.int() }),
    ]),
    timeoutMs: IMPORT_MS_MAX,
    errors: ["too_large"],
    scope: "write",
  }),
  putRule: op({
    method: "POST",
    path: "/rule",
    summary: "Record a rule, as JSON",
    input: z.strictObject({ attribute: z.string(), rule: z.string(), floor }),
    output: z.object({ recorded_us: z.int() }),
    errors: [],
    scope: "write",
  }),
  decide: op({
    method: "POST",
    path: "/decision",
    summary: "Record a decision, as JSON without its time, which is that of its recording",
    input: z.strictObject({
      entity: z.string(),
      attribute: z.string(),
      decision: z.record(z.string(), z.unknown()),
      floor,
    }),
    output: z.object({ recorded_us: z.int(), decision: z.string() }),
    errors: [],
    scope: "write",
  }),
  putImport: op({
    method: "POST",
    path: "/imported",
    summary: "Remember the result of an import",
    input: z.strictObject({ key: z.string(), result: z.string() }),
    output: z.object({}),
    idempotent: true,
    errors: [],
    scope: "write",
  }),
};

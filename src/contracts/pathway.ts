// pathwayd: versioned memory of how things were done. A trace says what was done for a subject, how, and how it went.

import { z } from "zod";
import { op } from "#rpc/contract";
import { jsonObject, pageInput, timestamp } from "./shapes.ts";

/** About 16,000 tokens: past what any model is given of one memory. */
export const CONTENT_CHARS_MAX = 65_536;
export const STEPS_MAX = 200;
const STEP_CHARS_MAX = 4_000;
/** Of all metadata of a trace, as JSON. */
export const METADATA_CHARS_MAX = 16_384;

const NOT_BLANK = "must not be blank";
const line = (charsMax: number) =>
  z
    .string()
    .max(charsMax)
    .refine((text) => text.trim() !== "", NOT_BLANK);

const outcome = z.strictObject({
  result: line(200).describe("What came of it, in a word: filled, no_show, rejected, ..."),
  score: z.number().min(0).max(1).describe("How well it went: 0 failed, 1 worked"),
});
export type Outcome = z.infer<typeof outcome>;

const kind = line(100).describe("What sort of memory it is: order, playbook, conversation, ...");
const subject = line(500).describe("What it is about: an order, a client, a conversation");
const task = line(2_000);
const steps = z.array(z.union([line(STEP_CHARS_MAX), jsonObject])).max(STEPS_MAX);
const content = line(CONTENT_CHARS_MAX);
const actor = line(200);
const moment = z.iso.datetime({ offset: true });
const validFrom = moment.describe("Since when it is so, not later than now; now unless given");

const traceId = z.string().min(1).max(100);
const retired = z.object({ at: timestamp, reason: z.string(), actor: z.string().optional() });

/** How a trace has done, of all outcomes that were recorded for it. */
const record = {
  use_count: z.int().describe("Outcomes recorded: those that came with a trace, and feedback"),
  success_rate: z.number().nullable().describe("The mean score, null before the first outcome"),
  success_low: z
    .number()
    .describe("The lower end of Wilson's interval of the success rate at 95 %; 0 before the first outcome"),
  last_used_at: timestamp.nullable(),
};

const trace = z.object({
  trace_id: z.string(),
  version: z.int(),
  kind: z.string(),
  subject: z.string(),
  task: z.string(),
  steps: z.array(z.union([z.string(), jsonObject])),
  content: z.string(),
  outcome: outcome.optional(),
  metadata: jsonObject,
  actor: z.string().optional(),
  valid_from: timestamp,
  recorded_at: timestamp,
  /** When a later version was recorded; absent on the newest. */
  superseded_at: timestamp.optional(),
  /** Near-duplicates that were merged into it. */
  merged: z.int(),
  retired: retired.optional(),
  ...record,
});
export type Trace = z.infer<typeof trace>;

const event = z.object({
  sequence: z.int(),
  at: timestamp,
  event: z.enum(["add", "update", "merge", "noop", "retire", "feedback"]),
  version: z.int(),
  actor: z.string().optional(),
  reason: z.string().optional(),
  outcome: outcome.optional(),
  content: z.string().optional().describe("Of a version, and of a merged text in other words"),
  metadata: jsonObject.optional(),
});
export type PathwayEvent = z.infer<typeof event>;

const hit = z.object({
  rank: z.int(),
  trace_id: z.string(),
  version: z.int(),
  /** Higher is better; hits are ordered by it. */
  score: z.number(),
  kind: z.string(),
  subject: z.string(),
  task: z.string(),
  content: z.string(),
  outcome: outcome.optional(),
  metadata: jsonObject,
  valid_from: timestamp,
  recorded_at: timestamp,
  retired: retired.optional(),
  ...record,
  why: z.string().describe("One sentence: what matched, how it has done, how old it is"),
});
export type PathwayHit = z.infer<typeof hit>;

const idempotency = {
  idempotency_key: z.string().min(1).max(200).optional(),
};
const idempotencyHeader = { idempotency_key: "idempotency-key" } as const;

/** Of a request that was sent before with the same Idempotency-Key: its reply is given again. */
const replayed = z.boolean();

export const pathway = {
  add: op({
    method: "POST",
    path: "/v1/pathway/traces",
    summary: "Record how something was done",
    description:
      "A near-duplicate of a trace of the same kind and subject is not stored a second time: action says whether the trace is new (add), became a version of an older one (update), was merged into one that says the same (merge), or says nothing new at all (noop).",
    input: z.strictObject({
      kind,
      subject,
      task,
      steps: steps.default([]),
      content,
      outcome: outcome.optional(),
      metadata: jsonObject.default({}),
      actor: actor.optional(),
      valid_from: validFrom.optional(),
      ...idempotency,
    }),
    headers: idempotencyHeader,
    output: z.object({
      trace_id: z.string(),
      version: z.int(),
      action: z.enum(["add", "update", "merge", "noop"]),
      similar: z
        .array(z.object({ trace_id: z.string(), version: z.int(), similarity: z.number() }))
        .optional()
        .describe("Traces of the same kind and subject that are alike, the likest first"),
      replayed,
    }),
    status: 201,
    errors: ["conflict", "rejected"],
    scope: "write",
  }),
  traces: op({
    method: "GET",
    path: "/v1/pathway/traces",
    summary: "List traces, the newest first",
    input: z.strictObject({
      kind: kind.optional(),
      subject: subject.optional(),
      include_retired: z.boolean().default(false),
      ...pageInput,
    }),
    output: z.object({ traces: z.array(trace), next_cursor: z.string().optional() }),
    errors: [],
    scope: "read",
  }),
  trace: op({
    method: "GET",
    path: "/v1/pathway/traces/{trace_id}",
    summary: "Read a trace: the newest version, a given one, or as it was known at a moment",
    description:
      "as_of is a moment of recording: the trace is given as this call would have given it then. valid_at is a moment in the world: the version that held then, as far as it is known, or was known at as_of.",
    input: z.strictObject({
      trace_id: traceId,
      version: z.int().min(1).optional(),
      as_of: moment.optional(),
      valid_at: moment.optional(),
    }),
    output: trace,
    errors: ["not_found"],
    scope: "read",
  }),
  history: op({
    method: "GET",
    path: "/v1/pathway/traces/{trace_id}/history",
    summary: "List everything that happened to a trace, the oldest first",
    input: z.strictObject({ trace_id: traceId, ...pageInput }),
    output: z.object({ events: z.array(event), next_cursor: z.string().optional() }),
    errors: ["not_found"],
    scope: "read",
  }),
  revise: op({
    method: "POST",
    path: "/v1/pathway/traces/{trace_id}/revise",
    summary: "Make a new version of a trace; what is left out stays as it was",
    input: z.strictObject({
      trace_id: traceId,
      task: task.optional(),
      steps: steps.optional(),
      content: content.optional(),
      outcome: outcome.optional(),
      metadata: jsonObject.optional(),
      actor: actor.optional(),
      valid_from: validFrom.optional(),
      if_version: z.int().min(1).optional().describe("Refused when the newest version is another"),
      ...idempotency,
    }),
    headers: idempotencyHeader,
    output: z.object({
      trace_id: z.string(),
      version: z.int(),
      action: z.enum(["update", "noop"]),
      replayed,
    }),
    errors: ["not_found", "conflict", "rejected"],
    scope: "write",
  }),
  retire: op({
    method: "POST",
    path: "/v1/pathway/traces/{trace_id}/retire",
    summary: "Take a trace out of searches; it stays readable with its history",
    input: z.strictObject({
      trace_id: traceId,
      reason: line(1_000),
      actor: actor.optional(),
      ...idempotency,
    }),
    headers: idempotencyHeader,
    output: z.object({ trace_id: z.string(), version: z.int(), retired, replayed }),
    errors: ["not_found", "conflict"],
    scope: "write",
  }),
  feedback: op({
    method: "POST",
    path: "/v1/pathway/traces/{trace_id}/feedback",
    summary: "Say how it went when a trace was used",
    input: z.strictObject({
      trace_id: traceId,
      ...outcome.shape,
      actor: actor.optional(),
      ...idempotency,
    }),
    headers: idempotencyHeader,
    output: z.object({ trace_id: z.string(), version: z.int(), ...record, replayed }),
    errors: ["not_found", "conflict"],
    scope: "write",
  }),
  search: op({
    method: "POST",
    path: "/v1/pathway/search",
    summary: "Find traces by words and meaning; what worked and is recent comes first among equals",
    description:
      "With as_of the search is made over what was known at that moment, and gives the hits it gave then.",
    input: z.strictObject({
      query: line(4_000),
      kind: kind.optional(),
      subject: subject.optional(),
      k: z.int().min(1).max(100).default(10),
      include_retired: z.boolean().default(false),
      as_of: moment.optional(),
    }),
    output: z.object({
      hits: z.array(hit),
      as_of: timestamp.describe("The moment of what was searched: given as as_of, it gives these hits again"),
      /** Why the ranking lacks a part, as the meaning of the query when embedd does not respond. */
      degraded: z.string().optional(),
      took_ms: z.number(),
    }),
    idempotent: true,
    errors: [],
    scope: "read",
  }),
  stats: op({
    method: "GET",
    path: "/v1/pathway/stats",
    summary: "How much is remembered",
    input: z.strictObject({}),
    output: z.object({
      traces: z.int(),
      retired: z.int(),
      versions: z.int(),
      events: z.int(),
      unembedded: z.int().describe("Versions that are found by words alone, until embedd responds"),
      bytes_memory: z.int().describe("Of the index"),
    }),
    errors: [],
    scope: "read",
  }),
  verify: op({
    method: "POST",
    path: "/v1/pathway-verify",
    summary: "Read every record and compare it with its checksum",
    input: z.strictObject({}),
    output: z.object({
      records: z.int(),
      damaged: z.array(z.object({ name: z.string(), problem: z.string() })),
    }),
    idempotent: true,
    timeoutMs: 600_000,
    errors: [],
    scope: "admin",
    internal: true,
  }),
};

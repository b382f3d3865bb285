// filld: an order from its first words to its outcome. A fill is the work on one order; its truth is its events in the
// journal, and what is read here is the fold of them.

import { z } from "zod";
import { op } from "#rpc/contract";
import { fourDigitYear, jsonObject, pageInput, plainName, timestamp } from "./shapes.ts";
import { finding, timeZone } from "./validate.ts";

const moment = fourDigitYear;
const name = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}]*$/u, "must not have control characters");
const workerId = z.string().min(1).max(500);
const text = z.string().max(10_000);

/** What an order says. Everything may be missing; `missing` of the fill names what a proposal needs. */
export const fillOrder = z.strictObject({
  order_id: name.optional().describe("The caller's own number; the fill's id unless given"),
  client_id: name.optional(),
  site_id: name.optional(),
  role: z.string().min(1).max(500).optional(),
  soc: z.string().max(20).optional(),
  city: z.string().max(500).optional(),
  state: z.string().max(100).optional(),
  postal_code: z.string().max(20).optional(),
  lat: z.number().min(-90).max(90).optional(),
  lon: z.number().min(-180).max(180).optional(),
  start_at: moment.optional(),
  end_at: moment.optional(),
  timezone: timeZone.optional().describe("IANA name; that of the place unless given"),
  headcount: z.int().min(1).max(1000).optional(),
  pay_rate: z.number().nonnegative().optional().describe("US dollars an hour"),
  ot_rate: z.number().nonnegative().optional(),
  bill_rate: z.number().nonnegative().optional(),
  required_certs: z.array(z.string().max(500)).max(100).optional(),
  required_screenings: z
    .array(z.strictObject({ name: z.string().max(500), max_age_days: z.number().nonnegative().optional() }))
    .max(100)
    .optional(),
  languages: z.array(z.string().max(20)).max(20).optional().describe("ISO 639 codes"),
  max_miles: z.number().positive().optional().describe("50 unless given"),
  notes: text.optional(),
});
export type FillOrder = z.infer<typeof fillOrder>;

export const FILL_STATUSES = [
  "open",
  "proposed",
  "validated",
  "contacted",
  "partially_filled",
  "filled",
  "completed",
  "cancelled",
  "lost",
] as const;
const fillStatus = z.enum(FILL_STATUSES);
export type FillStatus = z.infer<typeof fillStatus>;

export const SEAT_STATUSES = [
  "proposed",
  "contacted",
  "confirmed",
  "completed",
  "declined",
  "no_show",
  "late_cancel",
  "blocked",
  "cancelled",
  "replaced",
] as const;
const seatStatus = z.enum(SEAT_STATUSES);
export type SeatStatus = z.infer<typeof seatStatus>;

const seat = z.object({
  worker_id: z.string(),
  corpus: z.string(),
  name: z.string().optional(),
  status: seatStatus,
  backup: z.boolean().optional().describe("Stands by: held, and counted only once confirmed"),
  since: timestamp,
  held_until: timestamp.optional().describe("Until then other fills cannot propose the person"),
  messages: z.int().describe("Drafts that were made for the person"),
  rating: z.int().optional(),
  reason: z.string().optional(),
});
export type Seat = z.infer<typeof seat>;

const candidate = z.object({
  rank: z.int(),
  base_rank: z.int().describe("The rank without playbooks"),
  worker_id: z.string(),
  corpus: z.string(),
  name: z.string().optional(),
  role: z.string().optional(),
  city: z.string().optional(),
  state: z.string().optional(),
  miles: z.number().optional(),
  score: z.number(),
  boost: z.object({ factor: z.number(), playbook_id: z.string() }).optional(),
  why: z.string(),
  lacks: z.array(z.string()).optional().describe("What the order names and the person does not have"),
  checks: z.array(finding.omit({ kind: true, path: true, fix: true })).describe("Warnings of the fill rules"),
  standby: z.boolean().optional().describe("Was a backup of this fill"),
  metadata: jsonObject,
});
export type Candidate = z.infer<typeof candidate>;

const excluded = z.object({
  worker_id: z.string(),
  name: z.string().optional(),
  code: z.string().describe("The rule: fill.dnr, fill.status, fill.double_booked, fill.no_show, ..."),
  message: z.string(),
  miles: z.number().optional(),
});
export type Excluded = z.infer<typeof excluded>;

const reading = z.object({
  role: z.string().nullable(),
  confidence: z.number(),
  further: z
    .array(z.object({ role: z.string(), headcount: z.int().optional() }))
    .describe("Further requests of the same text: each is a fill of its own"),
  unread: z.array(z.string()),
  corrections: z.array(z.object({ typed: z.string(), read: z.string() })),
  not_applied: z.array(z.string()),
});
export type FillReading = z.infer<typeof reading>;

const shortlist = z.object({
  shortlist: z.array(candidate),
  excluded: z
    .array(excluded)
    .describe(
      "People of the role within twice the radius whom a rule keeps out, the nearest first, 200 at most",
    ),
  order_findings: z
    .array(finding)
    .describe("What the rules refuse of the order itself: until it is corrected no proposal passes"),
  unchecked: z.array(z.string()).describe("Rules that could not be looked at, and what they need, in words"),
});
export type Shortlist = z.infer<typeof shortlist>;

const refusedDraft = z.object({
  status: z.string().describe("no_json, validation_failed or provider_error"),
  findings: z.array(finding),
});
export type RefusedDraft = z.infer<typeof refusedDraft>;
const refusedDrafts = z
  .array(refusedDraft)
  .optional()
  .describe("What a model drafted before, and why that was refused");

const proposal = z.object({
  at: timestamp,
  by: z.enum(["hand", "auto", "model"]),
  actor: z.string().optional(),
  ok: z.boolean(),
  findings: z.array(finding),
  unfilled: z
    .object({ places: z.int(), reasons: z.record(z.string(), z.int()) })
    .optional()
    .describe("Places that nobody could be proposed for, and how many candidates each rule kept out"),
  refused: refusedDrafts,
});
export type Proposal = z.infer<typeof proposal>;

const assumption = z.object({ field: z.string(), value: z.unknown(), why: z.string() });
export type Assumption = z.infer<typeof assumption>;

export const fill = z.object({
  fill_id: z.string(),
  version: z.int(),
  status: fillStatus,
  order_text: z.string().optional(),
  order: fillOrder,
  corpus: z.string(),
  reading: reading.optional(),
  missing: z.array(z.string()).describe("Fields of the order without which nobody can be proposed"),
  assumed: z.array(assumption).describe("What the order does not say and was taken to be so"),
  short: z.int().describe("Places that nobody has confirmed yet"),
  seats: z.array(seat),
  proposal: proposal.optional(),
  closed: z.object({ result: z.enum(["cancelled", "lost"]), reason: z.string().optional() }).optional(),
  actor: z.string().optional().describe("Who opened it"),
  created_at: timestamp,
  updated_at: timestamp,
});
export type Fill = z.infer<typeof fill>;

export const CHANNELS = ["email", "sms"] as const;
export const PURPOSES = ["offer", "confirm", "reminder", "cancel"] as const;
const channel = z.enum(CHANNELS);
const purpose = z.enum(PURPOSES);
export type Channel = z.infer<typeof channel>;
export type Purpose = z.infer<typeof purpose>;

const message = z.object({
  message_id: z.string(),
  worker_id: z.string(),
  channel,
  purpose,
  language: z.string(),
  to: z.string().optional(),
  subject: z.string().optional(),
  body: z.string(),
  by: z.enum(["template", "model", "hand"]),
  ok: z.boolean().describe("No finding is an error; nothing is sent by the house in any case"),
  findings: z.array(finding),
  refused: refusedDrafts,
  drafted_at: timestamp,
});
export type Message = z.infer<typeof message>;

export const RESULTS = [
  "confirmed",
  "declined",
  "no_show",
  "late_cancel",
  "completed",
  "blocked",
  "cancelled",
] as const;
const result = z.enum(RESULTS);
export type OutcomeResult = z.infer<typeof result>;

const fillEvent = z.object({
  seq: z.int(),
  id: z.string(),
  type: z.string(),
  at: timestamp,
  actor: z.string().optional(),
  version: z.int(),
  data: jsonObject,
});

const fillName = { fill_id: z.string().min(1).max(100) };
const seen = {
  version: z.int().min(1).describe("The version that the caller has seen; another one is a conflict"),
};
const actor = name.optional().describe("Who does it; the API key unless given");

/** Reading, searching and checking thousands of people. */
const WORK_TIMEOUT_MS = 60_000;
/** A model may draft for each of many people. */
const MODEL_TIMEOUT_MS = 605_000;

export const PEOPLE_MAX = 500;

const fillBlock = z.object({
  block_id: z.string(),
  /** The fill whose outcome it is. */
  fill_id: z.string(),
  worker_id: z.string(),
  scope: z.enum(["client", "site", "system"]),
  client_id: z.string().optional(),
  site_id: z.string().optional(),
  reason: z.string(),
  start_at: timestamp,
});

export const fills = {
  open: op({
    method: "POST",
    path: "/v1/fills",
    summary: "Open a fill for an order: read it, rank people for it, and check each with the fill rules",
    description:
      "Give order_text as it came, or order with its fields, or both: fields go before what is read. People whom a rule keeps out are in excluded with the rule.",
    input: z.strictObject({
      fill_id: plainName.optional().describe("A name of the caller's own; one that is taken is a conflict"),
      order_text: z.string().min(1).max(4000).optional(),
      order: fillOrder.optional(),
      corpus: plainName.optional().describe("Whom to look among; the first corpus of people unless given"),
      k: z.int().min(1).max(200).default(20),
      now: moment.optional().describe("When the text was written; now unless given"),
      actor,
    }),
    output: fill.extend(shortlist.shape),
    status: 201,
    timeoutMs: WORK_TIMEOUT_MS,
    errors: ["not_found", "conflict", "too_large", "upstream"],
    scope: "write",
  }),
  list: op({
    method: "GET",
    path: "/v1/fills",
    summary: "The board: fills by the start of their shift, those without one first",
    input: z.strictObject({
      status: fillStatus.optional(),
      client: name.optional(),
      before: moment.optional().describe("Shifts that start before then"),
      ...pageInput,
    }),
    output: z.object({ fills: z.array(fill), next_cursor: z.string().optional() }),
    errors: [],
    scope: "read",
  }),
  boardEvents: op({
    method: "GET",
    path: "/v1/fills",
    summary: "Follow the board: each fill as it changes",
    reply: "events",
    accept: ["text/event-stream"],
    input: z.strictObject({ client: name.optional() }),
    output: fill,
    errors: [],
    scope: "read",
  }),
  state: op({
    method: "GET",
    path: "/v1/fills/{fill_id}",
    summary: "A fill as it is, or as it was at a moment",
    input: z.strictObject({ ...fillName, as_of: moment.optional() }),
    output: fill,
    errors: ["not_found"],
    scope: "read",
  }),
  shortlist: op({
    method: "GET",
    path: "/v1/fills/{fill_id}/shortlist",
    summary: "Rank people for a fill as things are now",
    input: z.strictObject({ ...fillName, k: z.int().min(1).max(200).default(20) }),
    output: shortlist.extend({ version: z.int() }),
    timeoutMs: WORK_TIMEOUT_MS,
    errors: ["not_found", "upstream"],
    scope: "read",
  }),
  correct: op({
    method: "PATCH",
    path: "/v1/fills/{fill_id}",
    summary: "Correct the order of a fill; null takes a field away",
    description:
      "What the order was before and why it was changed stay in the fill's events. Text that was read otherwise is no longer searched for: the corrected order is.",
    input: z.strictObject({
      ...fillName,
      ...seen,
      order: z
        .record(z.string().max(100), z.unknown())
        .describe("The fields to change, of the same form as order"),
      reason: text.optional(),
      actor,
    }),
    output: fill,
    errors: ["not_found", "conflict", "rejected", "too_large"],
    scope: "write",
  }),
  propose: op({
    method: "POST",
    path: "/v1/fills/{fill_id}/propose",
    summary: "Propose people for a fill, checked as a whole; they are held for it for a while",
    description:
      "Exactly one of worker_ids, auto and model. A proposal with errors is kept and told, and holds nobody. auto takes the best by rank under all rules, and says what it could not fill and why; people whom another fill takes meanwhile are replaced by the next. A model that gives no draft is upstream, with its reason, and the fill stays as it was.",
    input: z.strictObject({
      ...fillName,
      ...seen,
      worker_ids: z.array(workerId).min(1).max(PEOPLE_MAX).optional(),
      backup_ids: z.array(workerId).max(PEOPLE_MAX).optional().describe("Stand by, beside worker_ids"),
      auto: z.literal(true).optional(),
      model: z.string().max(200).optional().describe("The model that drafts it, as in /v1/chat"),
      actor,
    }),
    output: fill,
    timeoutMs: MODEL_TIMEOUT_MS,
    errors: ["not_found", "conflict", "rejected", "too_large", "upstream"],
    scope: "write",
  }),
  draft: op({
    method: "POST",
    path: "/v1/fills/{fill_id}/messages",
    summary: "Draft messages to people of a fill, each checked; nothing is sent",
    description:
      "From the house's templates, a template of the caller's with {fields}, or a model. A draft with an error is told with its findings and is not counted as contact; where a model gives none, the body is empty and a finding says why.",
    input: z.strictObject({
      ...fillName,
      worker_ids: z.array(workerId).min(1).max(PEOPLE_MAX),
      channel,
      purpose,
      language: z
        .enum(["en", "es"])
        .optional()
        .describe("That of the person where the roster says it, else en"),
      template: text.optional().describe("With {fields}; an e-mail's first line is its subject"),
      model: z.string().max(200).optional(),
      agency: z.string().max(200).optional().describe("The sender's name in the message"),
      send_at: moment.optional().describe("When it is to be sent, for quiet hours; now unless given"),
      actor,
    }),
    output: z.object({ version: z.int(), messages: z.array(message) }),
    timeoutMs: MODEL_TIMEOUT_MS,
    errors: ["not_found", "rejected", "upstream"],
    scope: "write",
  }),
  messages: op({
    method: "GET",
    path: "/v1/fills/{fill_id}/messages",
    summary: "The drafts of a fill",
    input: z.strictObject(fillName),
    output: z.object({ messages: z.array(message) }),
    errors: ["not_found"],
    scope: "read",
  }),
  exportMessages: op({
    method: "GET",
    path: "/v1/fills/{fill_id}/messages",
    summary: "The drafts of a fill without errors as a file: CSV, or mbox for mail programs",
    reply: "raw",
    accept: ["text/csv", "application/mbox"],
    produces: ["text/csv", "application/mbox"],
    input: z.strictObject({ ...fillName, accept: z.string().max(1000).default("text/csv") }),
    headers: { accept: "accept" },
    output: z.unknown(),
    errors: ["not_found"],
    scope: "read",
  }),
  outcome: op({
    method: "POST",
    path: "/v1/fills/{fill_id}/outcomes",
    summary: "Record what became of a person's place",
    description:
      "completed, no_show and late_cancel also become a playbook (or its mirror) and a trace, so that the next ranking knows. blocked keeps the person from this client, site or everywhere.",
    input: z.strictObject({
      ...fillName,
      ...seen,
      worker_id: workerId,
      result,
      rating: z.int().min(1).max(5).optional().describe("5 is best; with completed"),
      reason: z.string().max(2000).optional(),
      scope: z.enum(["client", "site", "system"]).optional().describe("With blocked; client unless given"),
      actor,
    }),
    output: fill,
    errors: ["not_found", "conflict", "rejected"],
    scope: "write",
  }),
  backfill: op({
    method: "POST",
    path: "/v1/fills/{fill_id}/backfill",
    summary: "Open the missing places again: people ranked for speed, without those who failed",
    description:
      "Ranked by miles, standing by, and past confirmations at short notice. Propose some of them next.",
    input: z.strictObject({ ...fillName, ...seen, k: z.int().min(1).max(200).default(20), actor }),
    output: fill.extend(shortlist.shape),
    timeoutMs: WORK_TIMEOUT_MS,
    errors: ["not_found", "conflict", "rejected", "upstream"],
    scope: "write",
  }),
  close: op({
    method: "POST",
    path: "/v1/fills/{fill_id}/close",
    summary: "End a fill that will not be filled: the client cancelled it, or it is lost",
    input: z.strictObject({
      ...fillName,
      ...seen,
      result: z.enum(["cancelled", "lost"]),
      reason: z.string().max(2000).optional(),
      actor,
    }),
    output: fill,
    errors: ["not_found", "conflict", "rejected"],
    scope: "write",
  }),
  history: op({
    method: "GET",
    path: "/v1/fills/{fill_id}/events",
    summary: "Everything that happened to a fill, the oldest first",
    input: z.strictObject(fillName),
    output: z.object({ events: z.array(fillEvent) }),
    errors: ["not_found"],
    scope: "read",
  }),
  fillEvents: op({
    method: "GET",
    path: "/v1/fills/{fill_id}/events",
    summary: "Follow a fill: each of its events, from the first on",
    description: "A client that reconnects with Last-Event-ID misses none and gets none twice.",
    reply: "events",
    accept: ["text/event-stream"],
    input: z.strictObject({
      ...fillName,
      after: z.int().min(0).optional().describe("Events with a higher seq"),
      last_event_id: z
        .string()
        .regex(/^\d{1,16}$/, "must be the id of an event of this stream")
        .optional()
        .describe("Goes before after"),
    }),
    headers: { last_event_id: "last-event-id" },
    output: fillEvent,
    eventId: ({ seq }) => String(seq),
    errors: ["not_found"],
    scope: "read",
  }),
  blocks: op({
    method: "GET",
    path: "/v1/fill-blocks",
    summary: "Who is blocked, where and why",
    input: z.strictObject({ client: name.optional() }),
    output: z.object({ blocks: z.array(fillBlock) }),
    errors: [],
    scope: "read",
  }),
  liftBlock: op({
    method: "POST",
    path: "/v1/fill-blocks/{block_id}/lift",
    summary: "Let a blocked person be proposed again",
    description:
      "The block and its end stay in the events of the fill. On that fill the person's place counts as replaced, so it can be proposed and confirmed again.",
    input: z.strictObject({ block_id: name, reason: z.string().trim().min(1).max(2000), actor }),
    output: fillBlock,
    errors: ["not_found"],
    scope: "write",
  }),
  published: op({
    method: "GET",
    path: "/v1/fill-publish",
    summary:
      "How many fills are newer than their rows in the datasets, and outcomes and corrections not learnt from yet",
    input: z.strictObject({}),
    output: z.object({ fills: z.int(), assignments: z.int(), contacts: z.int(), outcomes: z.int() }),
    timeoutMs: 300_000,
    errors: ["upstream"],
    scope: "read",
  }),
  publish: op({
    method: "POST",
    path: "/v1/fill-publish",
    summary: "Bring the datasets fills, assignments and contacts up to what the fills are now",
    description:
      "The same happens by itself, soon after a fill changed. This also compares every row with its fill, and learns from outcomes first.",
    input: z.strictObject({}),
    output: z.object({ fills: z.int(), assignments: z.int(), contacts: z.int() }),
    idempotent: true,
    timeoutMs: 300_000,
    errors: ["upstream"],
    scope: "write",
  }),
};

// journald: what happened, in order, each event chained to the one before it by its hash.
//
// An event's hash is the SHA-256, as hexadecimal, of its `prev_hash` followed by the event itself without `hash`, in
// canonical JSON (RFC 8785). The first event's `prev_hash` is 64 zeros. Whoever holds the events can compute the chain.

import { z } from "zod";
import { op } from "#rpc/contract";
import { fourDigitYear, jsonObject, pageInput, timestamp, snapshotId } from "./shapes.ts";

/** Events of one append, and of one page. */
const EVENTS_MAX = 1000;
/** A thousand events of usual size are half a mebibyte. */
const APPEND_BYTES_MAX = 8 * 1024 * 1024;
/** One event in canonical JSON: a long message and its model's reply fit, a file belongs into the object store. */
export const EVENT_BYTES_MAX = 256 * 1024;

const eventId = z
  .string()
  .regex(/^[!-~]{1,200}$/, "must be 1 to 200 visible ASCII characters")
  .describe("Unique in the journal; the same event sent again under its id is recorded once");
const eventType = z
  .string()
  .max(100)
  .regex(
    /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$/,
    "must be lower-case words separated by dots, such as order.received",
  );
const name = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}]*$/u, "must not have control characters");
const subject = name.describe("What the event is about: an order, a worker, a fill");
const eventFields = {
  id: eventId.optional(),
  type: eventType,
  subject,
  actor: name.optional().describe("Who or what did it"),
  at: fourDigitYear
    .optional()
    .describe("When it happened; when it was recorded unless given. Kept in UTC, to the millisecond"),
  data: jsonObject.default({}),
  causation_id: eventId.optional().describe("The id of the event that this one follows from"),
};

/** How the ids of events begin from which a service makes its state, and the service: others do not record under them. */
export const OWNED_EVENT_IDS = { "fill-": "filld", pb_: "matrixd" } as const;

export const newEvent = z.strictObject(eventFields);
export type NewEvent = z.input<typeof newEvent>;

export const journalEvent = z.object({
  /** From 1, without gaps. */
  seq: z.int(),
  id: z.string(),
  type: z.string(),
  subject: z.string(),
  actor: z.string().optional(),
  at: timestamp,
  data: jsonObject,
  causation_id: z.string().optional(),
  prev_hash: z.string(),
  hash: z.string(),
});
export type JournalEvent = z.infer<typeof journalEvent>;

const seq = z.int().min(0);
const until = z
  .union([seq, z.string().regex(/^\d{1,16}$/), z.iso.datetime({ offset: true })], {
    error: "must be a sequence number, or a time with its offset",
  })
  .optional()
  .describe("A sequence number, included; or a time, for events that did not happen later");
const last = z
  .int()
  .min(0)
  .max(EVENTS_MAX)
  .optional()
  .describe("From so many of the newest of these events on; goes before after");
const which = {
  after: seq.optional().describe("Events with a higher sequence number"),
  type: eventType.optional(),
  subject: subject.optional(),
};

const events = z.array(newEvent).min(1).max(EVENTS_MAX);
const idempotency_key = z.string().min(1).max(200).optional();

const appended = z.object({
  first_seq: z.int(),
  last_seq: z.int(),
  /** The hash of the last of these events. */
  head_hash: z.string(),
  replayed: z.boolean(),
});

const lostEvents = z.object({ from: z.int(), to: z.int() });

export const journal = {
  append: op({
    method: "POST",
    path: "/v1/journal/events",
    summary: "Record an event, or up to 1,000 at once: all of them or none",
    description:
      "The body is one event, an array of events, or an object with the field events. What is acknowledged is on the disk. Sent again with the same Idempotency-Key, or under ids that are there already with the same content, events are recorded once.",
    input: z
      .strictObject({
        ...newEvent.partial().shape,
        data: jsonObject.optional(),
        events: events.optional(),
        idempotency_key,
      })
      .superRefine(({ events, idempotency_key: _key, ...event }, context) => {
        const wrong = (field: string, message: string): void =>
          context.addIssue({ code: "custom", path: [field], message });
        if (events !== undefined) {
          for (const field of Object.keys(event)) wrong(field, "cannot be given beside events");
          return;
        }
        if (event.type === undefined) wrong("type", "is missing; it must be a string");
        if (event.subject === undefined) wrong("subject", "is missing; it must be a string");
      }),
    listBody: "events",
    headers: { idempotency_key: "idempotency-key" },
    bodyBytesMax: APPEND_BYTES_MAX,
    output: appended,
    status: 201,
    replyHeaders: (output): Readonly<Record<string, string>> =>
      output.replayed ? { "idempotent-replay": "true" } : {},
    errors: ["forbidden", "conflict", "too_large"],
    scope: "write",
  }),
  record: op({
    method: "POST",
    path: "/v1/journal-record",
    summary: "Record events of the house's own services, under their own ids too",
    input: z.strictObject({ events, idempotency_key }),
    bodyBytesMax: APPEND_BYTES_MAX,
    output: appended,
    errors: ["conflict", "too_large"],
    scope: "write",
    internal: true,
  }),
  events: op({
    method: "GET",
    path: "/v1/journal/events",
    summary: "List events in their order, by type, subject and range",
    input: z.strictObject({
      ...which,
      until,
      last,
      limit: z.int().min(1).max(EVENTS_MAX).default(100),
      cursor: pageInput.cursor,
    }),
    output: z.object({ events: z.array(journalEvent), next_cursor: z.string().optional() }),
    errors: [],
    scope: "read",
  }),
  event: op({
    method: "GET",
    path: "/v1/journal/events/{id}",
    summary: "The event of an id",
    input: z.strictObject({ id: eventId }),
    output: journalEvent,
    errors: ["not_found"],
    scope: "read",
  }),
  tail: op({
    method: "GET",
    path: "/v1/journal/tail",
    summary: "Follow the journal: each event as it is recorded",
    description:
      "Begins with the next event unless after or last is given. Each carries its sequence number as its id: a client that reconnects with Last-Event-ID misses none and gets none twice.",
    reply: "events",
    accept: ["text/event-stream"],
    input: z.strictObject({
      ...which,
      last,
      last_event_id: z
        .string()
        .regex(/^\d{1,16}$/, "must be the id of an event of this stream")
        .optional()
        .describe("Goes before after and last"),
    }),
    headers: { last_event_id: "last-event-id" },
    output: journalEvent,
    eventId: ({ seq }) => String(seq),
    errors: [],
    scope: "read",
  }),
  status: op({
    method: "GET",
    path: "/v1/journal",
    summary: "How many events there are, where the chain ends, and how much of it SQL sees",
    input: z.strictObject({}),
    output: z.object({
      events: z.int(),
      head_hash: z.string(),
      /** The last event in the dataset `journal`; null when the catalog has not been asked yet. */
      sealed_seq: z.int().nullable(),
      segments: z.int(),
      bytes: z.int(),
      /** Events that a repair could not bring back. */
      lost: z.array(lostEvents),
    }),
    errors: [],
    scope: "read",
  }),
  verify: op({
    method: "GET",
    path: "/v1/journal/verify",
    summary: "Read every event and compute the chain again",
    input: z.strictObject({}),
    output: z.object({
      ok: z.boolean(),
      /** Events that verified, from the first on. */
      events: z.int(),
      head_hash: z.string(),
      first_bad_seq: z.int().optional(),
      problem: z.string().optional(),
      /** Events that a repair could not bring back: the journal says so, and ok does not count them. */
      lost: z.array(lostEvents).optional(),
    }),
    timeoutMs: 600_000,
    errors: [],
    scope: "read",
  }),
  seal: op({
    method: "POST",
    path: "/v1/journal/seal",
    summary: "Put all events so far into the dataset journal, for SQL",
    description: "The same happens by itself, soon after events were recorded.",
    input: z.strictObject({}),
    output: z.object({
      sealed_seq: z.int(),
      /** Rows that this call added. */
      rows: z.int(),
      snapshot_id: snapshotId.nullable(),
    }),
    idempotent: true,
    timeoutMs: 600_000,
    errors: ["conflict"],
    scope: "write",
  }),
  export: op({
    method: "GET",
    path: "/v1/journal/export",
    summary: "Events as lines of JSON, without a limit on their number",
    reply: "raw",
    produces: ["application/x-ndjson"],
    input: z.strictObject({ ...which, until }),
    output: z.unknown(),
    work: "stream",
    timeoutMs: 600_000,
    errors: [],
    scope: "read",
  }),
  repair: op({
    method: "POST",
    path: "/v1/journal/repair",
    summary:
      "Make a damaged journal whole again from what verifies of it; one that is whole is left as it is",
    description:
      "Events that are in the dataset journal are taken from there when they fit the chain. What is nowhere is named, and a journal.repaired event records it.",
    input: z.strictObject({}),
    output: z.object({
      damage: z.array(z.string()),
      lost: z.array(lostEvents),
      restored: z.int(),
      kept_as: z.string().optional(),
    }),
    timeoutMs: 600_000,
    errors: [],
    scope: "admin",
  }),
};

// observerd: what services, tools and models did, for people who watch. Nobody waits for it: what it cannot take it drops
// and counts.

import { z } from "zod";
import { op } from "#rpc/contract";
import { jsonObject, plainName, timestamp } from "./shapes.ts";

export const EVENT_LEVELS = ["debug", "info", "warn", "error"] as const;
const level = z.enum(EVENT_LEVELS);
const source = z.string().min(1).max(100).describe("What reports: gateway, chatd, a script");
const kind = z.string().min(1).max(100).describe("What happened: request, chat, queue, drift");
const subject = z.string().max(300).optional().describe("What it happened to");

/** Events that a neighbour sends at once. */
export const OBSERVED_BATCH_MAX = 500;

const observed = z.strictObject({
  source,
  kind,
  subject,
  level: level.default("info"),
  at: timestamp.max(40).optional().describe("When it happened, RFC 3339; when it was received unless given"),
  data: jsonObject.default({}),
});
/** What a caller reports. */
export type Observed = z.input<typeof observed>;
/** Takes an event and returns at once, whatever becomes of it. */
export type Observe = (event: Observed) => void;

export const observedEvent = z.object({
  seq: z.int().describe("Counts up by one for each event that was taken"),
  at: timestamp,
  source: z.string(),
  kind: z.string(),
  subject: z.string().optional(),
  level,
  data: jsonObject,
});
export type ObservedEvent = z.infer<typeof observedEvent>;

const filters = {
  source: source.optional(),
  kind: kind.optional(),
  subject,
  level: level.optional().describe("This level and those above it"),
} as const;

const alertTraits = {
  rule: plainName,
  measure: z
    .enum(["error_rate", "latency", "drift", "queue_growth", "count"])
    .describe(
      "error_rate: events of level error by all; latency: a quantile of a field, in its unit; drift: the mean of a field against that of the window before, relative; queue_growth: growth of a field a minute; count: events",
    ),
  source: source.optional(),
  kind: kind.optional(),
  field: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe(
      "The number in data that is measured, dotted; took_ms for latency and depth for queue_growth unless given",
    ),
  quantile: z.number().gt(0).lt(1).default(0.99),
  threshold: z.number().describe("Fires above it"),
  window_s: z.int().min(1).max(86_400).default(300),
  min_events: z.int().min(1).max(1_000_000).default(10).describe("Below so many events nothing is judged"),
  level: level.default("warn").describe("Level of the event that says so"),
} as const;
export const alertRule = z.strictObject(alertTraits);
export type AlertRule = z.infer<typeof alertRule>;

const alert = alertRule.extend({
  state: z.enum(["ok", "firing", "no_data"]),
  value: z.number().nullable().describe("As measured last; null without enough events"),
  since: timestamp.describe("When it came into this state"),
});
export type Alert = z.infer<typeof alert>;

const exporter = z.object({
  name: z.enum(["otlp", "langfuse"]),
  sent: z.int(),
  dropped: z.int(),
  failures: z.int(),
  last_error: z.string().optional(),
});

export const observe = {
  record: op({
    method: "POST",
    path: "/v1/observer/events",
    summary: "Report an event; the answer is always 202",
    description:
      "When there is no room, or more than 64 KiB are left of it without its content, the event is dropped and counted, and the answer says so.",
    input: observed,
    output: z.object({ dropped: z.boolean(), seq: z.int().optional() }),
    status: 202,
    idempotent: false,
    unheld: true,
    errors: [],
    scope: "write",
  }),
  recordBatch: op({
    method: "POST",
    path: "/v1/observer-events",
    summary: "Report several events at once, as neighbours do",
    input: z.strictObject({
      events: z.array(observed).min(1).max(OBSERVED_BATCH_MAX),
      dropped: z.int().min(0).default(0).describe("Events that the sender has dropped since its last batch"),
    }),
    bodyBytesMax: 8 * 1024 * 1024,
    output: z.object({ dropped: z.int() }),
    status: 202,
    idempotent: false,
    unheld: true,
    timeoutMs: 2000,
    errors: [],
    scope: "write",
    internal: true,
  }),
  events: op({
    method: "GET",
    path: "/v1/observer/events",
    summary: "List events after a sequence number, oldest first; the newest without one",
    input: z.strictObject({
      ...filters,
      after: z.int().min(0).optional(),
      limit: z.int().min(1).max(1000).default(100),
    }),
    output: z.object({
      events: z.array(observedEvent),
      /** Where to go on: events after it were not looked at. */
      next_after: z.int(),
      /** Events of the range that was looked at which are no longer there: expired, or damaged on disk. */
      missing: z.int(),
    }),
    errors: [],
    scope: "read",
  }),
  tail: op({
    method: "GET",
    path: "/v1/observer/tail",
    summary: "Follow events as they come",
    reply: "events",
    input: z.strictObject(filters),
    output: z.union([
      z.object({
        event: z.literal("begin"),
        after: z.int().describe("The last event before the stream: those up to it can be listed"),
      }),
      observedEvent.extend({ event: z.literal("observed") }),
      z.object({
        event: z.literal("missed"),
        count: z.int().describe("Events that the listener was too slow for"),
      }),
    ]),
    errors: ["rate_limited"],
    scope: "read",
  }),
  stats: op({
    method: "GET",
    path: "/v1/observer/stats",
    summary: "What was received, dropped, kept and exported",
    input: z.strictObject({}),
    output: z.object({
      received: z.int(),
      dropped: z.int().describe("Here and by senders, since the start"),
      unwritten: z.int().describe("Taken, and lost before they were on the disk"),
      last_seq: z.int(),
      by_source: z.record(z.string(), z.object({ events: z.int(), errors: z.int() })),
      queue: z.object({ used: z.int(), max: z.int() }),
      memory: z.object({ events: z.int(), bytes: z.int(), bytes_max: z.int() }),
      disk: z.object({
        bytes: z.int(),
        bytes_max: z.int(),
        segments: z.int(),
        damaged_lines: z.int(),
        problem: z.string().optional(),
      }),
      exporters: z.array(exporter),
      alerts_firing: z.int(),
    }),
    errors: [],
    scope: "read",
  }),
  verify: op({
    method: "POST",
    path: "/v1/observer-verify",
    summary: "Read every event on disk and count those that are damaged or gone",
    input: z.strictObject({}),
    output: z.object({
      damaged_lines: z.int(),
      /** Numbers since the oldest event on disk that have no event: lost, damaged, or left out after a kill. */
      missing: z.int(),
    }),
    work: "bulk",
    idempotent: true,
    timeoutMs: 300_000,
    errors: [],
    scope: "read",
    internal: true,
  }),
  rules: op({
    method: "GET",
    path: "/v1/observer/rules",
    summary: "List alert rules with their state",
    input: z.strictObject({}),
    output: z.object({ rules: z.array(alert) }),
    errors: [],
    scope: "read",
  }),
  putRule: op({
    method: "PUT",
    path: "/v1/observer/rules/{rule}",
    summary: "Define an alert rule",
    input: alertRule,
    output: alert,
    errors: ["rejected"],
    scope: "write",
  }),
  dropRule: op({
    method: "DELETE",
    path: "/v1/observer/rules/{rule}",
    summary: "Remove an alert rule",
    input: z.strictObject({ rule: plainName }),
    output: z.null(),
    status: 204,
    errors: ["not_found"],
    scope: "write",
  }),
};

// validatord: what people and models propose, checked before it leaves the house. The verdict is code's alone: a model may
// draft, and nothing it writes about its own draft counts.

import { z } from "zod";
import { op } from "#rpc/contract";
import { datasetName, jsonObject } from "./shapes.ts";

export const ARTIFACT_KINDS = ["fill", "email", "playbook"] as const;
const kind = z.enum(ARTIFACT_KINDS);
export type ArtifactKind = z.infer<typeof kind>;

/** What kind of rule a finding is about, in the order in which findings come. */
export const FINDING_KINDS = ["schema", "completeness", "consistency", "policy"] as const;

export const finding = z.object({
  code: z.string().describe("Of the table of checks, or `rule.NAME` of a declared rule"),
  kind: z.enum(FINDING_KINDS),
  severity: z.enum(["error", "warning", "info"]),
  path: z.string().describe("Where in the artifact, `fills[2].worker_id`; `order...` is in the context"),
  message: z.string(),
  expected: z.unknown().optional(),
  actual: z.unknown().optional(),
  hint: z.string().optional().describe("What to do next"),
  law: z.string().optional().describe("What the check rests on"),
  fix: z
    .object({ path: z.string(), value: z.unknown() })
    .optional()
    .describe("A change of the artifact that settles the finding and needs no judgement"),
});
export type Finding = z.infer<typeof finding>;

/** RFC 3339 with an offset. */
const moment = z.iso.datetime({ offset: true });

function isZone(name: string): boolean {
  try {
    return Intl.DateTimeFormat("en-US", { timeZone: name }).format(0) !== "";
  } catch {
    return false;
  }
}

export const timeZone = z.string().refine(isZone, "must be an IANA time zone, such as America/Chicago");
const money = z.number().nonnegative();
const text = z.string().max(10_000);
const id = z.string().min(1).max(500);

/** Columns of an order that the house does not know are taken and not looked at. */
const order = z
  .looseObject({
    order_id: id,
    client_id: id,
    site_id: id.nullish(),
    role: z.string().min(1).max(500),
    soc_code: z.string().max(20).nullish(),
    city: z.string().max(500),
    state: z.string().max(100),
    lat: z.number().min(-90).max(90).nullish(),
    lon: z.number().min(-180).max(180).nullish(),
    start_at: moment,
    end_at: moment,
    timezone: timeZone,
    headcount: z.int().min(1).max(100_000),
    allow_partial: z.boolean().nullish(),
    pay_rate: money,
    ot_rate: money.nullish(),
    bill_rate: money.nullish(),
    required_certs: z.array(z.string().max(500)).max(100).nullish(),
    required_screenings: z
      .array(z.looseObject({ name: z.string().max(500), max_age_days: z.number().nonnegative().nullish() }))
      .max(100)
      .nullish(),
    max_miles: z.number().nonnegative().nullish(),
    notes: text.nullish(),
  })
  .refine(({ start_at, end_at }) => Date.parse(end_at) > Date.parse(start_at), {
    path: ["end_at"],
    message: "must be after start_at",
  });
export type Order = z.infer<typeof order>;

const assignment = z.looseObject({
  worker_id: id,
  order_id: z.string().nullish(),
  start_at: moment,
  end_at: moment,
  city: z.string().nullish(),
  state: z.string().nullish(),
  lat: z.number().nullish(),
  lon: z.number().nullish(),
  status: z.string().nullish(),
});
export type Assignment = z.infer<typeof assignment>;

const block = z.looseObject({
  worker_id: id,
  client_id: z.string().nullish(),
  site_id: z.string().nullish(),
  scope: z.enum(["system", "client", "site"]),
  reason: z.string().nullish(),
  start_at: moment.nullish(),
  end_at: moment.nullish(),
});
export type Block = z.infer<typeof block>;

const policy = z.strictObject({
  max_hours: z.number().positive().optional().describe("Hours a week above which nobody is sent"),
  gate: z.enum(["strict", "adjacent", "off"]).optional().describe("Whether a role may stand for another"),
  allowed_hosts: z.array(z.string().min(1)).max(1000).optional().describe("Hosts that links may lead to"),
  agency: z.string().min(1).optional().describe("The sender's name, which a message must have"),
  suppressed: z.array(z.string()).max(100_000).optional().describe("Addresses that are not written to"),
  travel_minutes_per_mile: z.number().nonnegative().optional().describe("1.5 unless given"),
  rest_hours: z.number().nonnegative().optional().describe("Hours between two shifts; 8 unless given"),
});
export type Policy = z.infer<typeof policy>;

export const CONTEXT_ROWS_MAX = 100_000;

const contextFields = {
  order: order.optional(),
  assignments: z.array(assignment).max(CONTEXT_ROWS_MAX).optional(),
  blocks: z.array(block).max(CONTEXT_ROWS_MAX).optional(),
  now: moment.optional().describe("When the artifact is judged; the clock's unless given"),
  policy: policy.optional(),
};
const context = z.strictObject(contextFields);
export type Context = z.infer<typeof context>;

/** A worker as rosters have them and checks see them. */
const rosterName = datasetName.describe("A dataset of workers; the house's own roster unless given");

const ruleFailure = z.object({ rule: z.string(), message: z.string() });

const verdict = {
  ok: z.boolean().describe("No finding is an error"),
  kind,
  findings: z
    .array(finding)
    .describe("By kind, then row (those of the whole first), then the order of the table"),
  checked: z.array(z.string()).describe("Codes that were looked at; the rest needed what was not given"),
  roster_version: z.string().nullable().describe("Null where no worker was looked up"),
  rules_failed: z.array(ruleFailure).optional().describe("Declared rules that could not be run"),
};

export const validated = z.object({ ...verdict, took_ms: z.number() });
export type Validated = z.infer<typeof validated>;

export const WORKERS_SCREENED_MAX = 20_000;

/** A finding of many: what differs from one worker to the next. */
const screenFinding = finding.omit({ kind: true, path: true, fix: true });

const rosterStatus = z.object({
  roster: z.string(),
  source: z.enum(["dataset", "jsonl", "parquet"]),
  status: z.enum(["ready", "loading", "failed", "absent"]),
  version: z.string().nullable(),
  workers: z.int(),
  reading: z
    .object({
      read: z.int(),
      of: z.int().nullable().describe("Rows that there are; null where that is not known"),
    })
    .optional()
    .describe("Of a load that is under way"),
  bytes: z.int().describe("Memory that it takes"),
  loaded_at: z.string().nullable(),
  load_ms: z.number().nullable(),
  skipped: z.int().describe("Rows that have no id, or an id that an earlier row has"),
  error: z.string().optional().describe("Why the last load failed; what was loaded before still serves"),
});
export type RosterStatus = z.infer<typeof rosterStatus>;

/** The `reason` of a fault whose roster is being read, and will serve in a moment. */
export const ROSTER_LOADING = "roster_loading";

const usage = z.object({ input_tokens: z.int(), output_tokens: z.int(), cost_usd: z.number().optional() });
export type IterateUsage = z.infer<typeof usage>;

const attempt = z.object({
  iteration: z.int(),
  status: z.enum(["accepted", "no_json", "validation_failed", "provider_error"]),
  findings: z.array(finding).optional(),
  fixes: z
    .array(z.object({ code: z.string(), path: z.string(), value: z.unknown() }))
    .optional()
    .describe("Changes that code made to the draft before it was judged again"),
  error: z.string().optional(),
  raw: z.string().describe("What the model wrote, cut at 64 KiB"),
  provider: z.string().optional(),
  model: z.string().optional(),
  usage,
  ms: z.number(),
});
export type IterateAttempt = z.infer<typeof attempt>;

const iterateFields = {
  kind,
  prompt: z.string().min(1).max(200_000),
  context: context.optional(),
  roster: rosterName.optional(),
  provider: z.string().max(100).optional(),
  model: z.string().max(200).optional(),
  escalate_model: z.string().max(200).optional().describe("The model of the last try, a tier up"),
  max_iterations: z.int().min(1).max(8).default(3),
  temperature: z.number().min(0).max(2).optional(),
  seed: z.int().optional(),
  deadline_ms: z.int().min(1).max(600_000).default(120_000),
};

const stream = z.boolean().optional().describe("Server-sent events instead of one JSON reply");

const iterated = z.object({
  ok: z.boolean(),
  artifact: z.unknown().describe("The accepted draft, or the last one; null where there was none"),
  iterations: z.int(),
  findings: z.array(finding),
  history: z.array(attempt),
  stopped: z
    .enum([
      "accepted",
      "max_iterations",
      "same_artifact",
      "protected_term",
      "order_at_fault",
      "deadline",
      "provider_error",
    ])
    .describe("Why it ended"),
  trace_id: z.string(),
  untraced: z
    .literal(true)
    .optional()
    .describe("The trace could not be recorded in time: trace_id is the run's id in the journal"),
  usage,
  took_ms: z.number(),
});
export type Iterated = z.infer<typeof iterated>;

/** What the longest `deadline_ms` allows, and a little for the last check. */
const ITERATE_TIMEOUT_MS = 605_000;
/** 1 MiB of text, each of whose bytes may be six as JSON writes it (`\u0000`). */
const EXTRACT_BODY_BYTES_MAX = 6 * 1024 * 1024 + 1024;
const VALIDATE_BODY_BYTES_MAX = 8 * 1024 * 1024;
const ROSTER_LOAD_TIMEOUT_MS = 120_000;

const verdictStatus = { status: ({ ok }: { ok: boolean }) => (ok ? 200 : 422), statuses: [200, 422] };

export const validate = {
  validate: op({
    method: "POST",
    path: "/v1/validate",
    summary: "Check a fill, a message or a playbook before it leaves the house",
    description:
      "200 when no finding is an error, 422 with the same body when one is. A schema finding of one row does not stop the checks of the others; checks that need what was not given (an order, assignments) are left out of `checked`. An unknown kind, and a context of the wrong form, is 400; a roster that is not loaded 503.",
    input: z.strictObject({
      kind,
      artifact: z.unknown().optional(),
      context: context.optional(),
      roster: rosterName.optional(),
    }),
    output: validated,
    ...verdictStatus,
    idempotent: true,
    bodyBytesMax: VALIDATE_BODY_BYTES_MAX,
    errors: ["too_large"],
    scope: "read",
  }),
  screen: op({
    method: "POST",
    path: "/v1/validate/workers",
    summary: "Check many workers for one order, each as if it were its only fill",
    description:
      "The fill checks that concern one worker and those of the order's pay, over up to 20,000 workers of the roster. The reply has only workers with findings; a worker that is not named there has none, and `excluded` counts those with an error.",
    input: z.strictObject({
      worker_ids: z.array(z.string()).max(WORKERS_SCREENED_MAX),
      context: z.strictObject({ ...contextFields, order }),
      roster: rosterName.optional(),
      severity: z
        .enum(["error", "warning"])
        .default("warning")
        .describe("The least severity that is told; `error` is quicker"),
    }),
    output: z.object({
      order: z.array(finding).describe("Findings of the order itself"),
      workers: z.record(z.string(), z.array(screenFinding)),
      screened: z.int(),
      excluded: z.int(),
      checked: z.array(z.string()),
      roster_version: z.string(),
      took_ms: z.number(),
    }),
    idempotent: true,
    bodyBytesMax: VALIDATE_BODY_BYTES_MAX,
    errors: ["too_large"],
    scope: "read",
  }),
  extract: op({
    method: "POST",
    path: "/v1/validate/extract",
    summary: "Find the JSON object in what a model wrote",
    description:
      "The first fenced block that holds an object, else the first object in the text outside of <think>. What is not JSON is repaired where that is possible; `repaired` tells it, as it tells numbers that a double would change (they become strings) and NaN (null).",
    input: z.strictObject({ text: z.string() }),
    output: z.object({
      matched: z.boolean(),
      value: jsonObject.nullable(),
      repaired: z.literal(true).optional(),
    }),
    idempotent: true,
    bodyBytesMax: EXTRACT_BODY_BYTES_MAX,
    errors: ["too_large"],
    scope: "read",
  }),
  iterate: op({
    method: "POST",
    path: "/v1/iterate",
    summary: "Let a model draft, check the draft, and have it corrected until it passes",
    description:
      "200 when a draft passed, 422 with the same body when none did. The verdict is that of the checks and of nothing else.",
    input: z.strictObject({ ...iterateFields, stream }),
    output: iterated,
    streamedBy: { field: "stream", operation: "iterateEvents" },
    ...verdictStatus,
    timeoutMs: ITERATE_TIMEOUT_MS,
    bodyBytesMax: VALIDATE_BODY_BYTES_MAX,
    errors: ["upstream"],
    scope: "write",
  }),
  iterateEvents: op({
    method: "POST",
    path: "/v1/iterate",
    summary: "The same, and follow the attempts as they are made",
    description: "Events `attempt` as each one ends, then `done` with what the plain call returns.",
    input: z.strictObject({ ...iterateFields, stream }),
    reply: "events",
    accept: ["text/event-stream"],
    output: z.discriminatedUnion("event", [
      attempt.extend({ event: z.literal("attempt") }),
      iterated.extend({ event: z.literal("done") }),
    ]),
    bodyBytesMax: VALIDATE_BODY_BYTES_MAX,
    errors: ["upstream"],
    scope: "write",
  }),
  checks: op({
    method: "GET",
    path: "/v1/validate/checks",
    summary: "List every check: code, kind, severity, what it tests, the law it rests on",
    input: z.strictObject({ artifact: kind.optional() }),
    output: z.object({
      checks: z.array(
        z.object({
          code: z.string(),
          artifact: kind,
          kind: z.enum(FINDING_KINDS),
          severity: z.enum(["error", "warning"]),
          tests: z.string(),
          law: z.string().optional(),
        }),
      ),
    }),
    errors: [],
    scope: "read",
  }),
  rules: op({
    method: "GET",
    path: "/v1/validate/rules",
    summary: "List the rules that are declared as SQL, and what is wrong with those that do not run",
    input: z.strictObject({}),
    output: z.object({
      rules: z.array(
        z.object({
          name: z.string(),
          artifact: kind,
          kind: z.enum(FINDING_KINDS),
          severity: z.enum(["error", "warning", "info"]),
        }),
      ),
      broken: z.array(ruleFailure).describe("Files that are no rule, and why"),
    }),
    errors: [],
    scope: "read",
  }),
  rosters: op({
    method: "GET",
    path: "/v1/validate/rosters",
    summary: "Show the rosters that are loaded, and the house's own when it is not",
    input: z.strictObject({}),
    output: z.object({ rosters: z.array(rosterStatus) }),
    errors: [],
    scope: "read",
  }),
  loadRoster: op({
    method: "POST",
    path: "/v1/validate/rosters/{roster}/load",
    summary: "Load a roster, or load it again, and wait until it serves",
    description: "Validation goes on over what was loaded before. `default` is the house's own roster.",
    input: z.strictObject({ roster: datasetName }),
    output: rosterStatus,
    idempotent: true,
    timeoutMs: ROSTER_LOAD_TIMEOUT_MS,
    errors: ["not_found"],
    scope: "write",
  }),
};

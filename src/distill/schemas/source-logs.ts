// The twelve source logs: `data/_kb/NAME.jsonl`, one JSON object a line, append only. A line may say its schema; without
// it the log's own is meant. Further fields are allowed and not read.

import { z } from "zod";
import {
  finding,
  lineFields,
  madeBy,
  messages,
  moment,
  score,
  sha256,
  teacherFields,
  text,
} from "./shapes.ts";

const id = z.string().min(1);

function line<const Name extends string, Shape extends z.core.$ZodLooseShape>(name: Name, shape: Shape) {
  return z.looseObject({ schema: z.literal(`${name}.v1`).optional(), ...lineFields, ...shape });
}

export const chatLine = line("chat", {
  call_id: id,
  task: text.optional(),
  messages: messages.optional().describe("Absent where content is not captured"),
  reply: text.optional(),
  finish_reason: z.string().optional(),
  ...teacherFields,
});

export const iterateLine = line("iterate", {
  run_id: id,
  kind: id,
  entity: id.optional().describe("What the draft was for: an order's id"),
  prompt: text.optional(),
  ok: z.boolean(),
  stopped: z.string().optional(),
  artifact: text.nullish().describe("The draft that passed"),
  attempts: z
    .array(
      z.looseObject({
        status: z.string(),
        draft: text,
        reasons: z.array(finding).optional(),
        provider: z.string().optional(),
        model: z.string().optional(),
      }),
    )
    .default([]),
  ...teacherFields,
});

export const validationLine = line("validation", {
  validation_id: id,
  kind: id,
  entity: id.optional(),
  ok: z.boolean(),
  artifact: text.optional(),
  findings: z.array(finding).default([]),
  corrected: text.optional().describe("The artifact with the fixes of its findings, which passed"),
  made_by: madeBy.optional(),
  ...teacherFields,
});

export const fillLine = line("fill", {
  fill_id: id,
  entity: id.optional(),
  order_text: text.optional(),
  order: z.looseObject({}).optional(),
  proposal: z
    .looseObject({
      ok: z.boolean(),
      findings: z.array(finding).default([]),
      by: z.enum(["hand", "auto", "model"]).optional(),
    })
    .optional(),
  places: z.array(z.looseObject({ worker_id: id })).default([]),
  result: id.describe("proposed, filled, completed, no_show, cancelled, lost, ..."),
  score: score.optional(),
  event_id: id.optional(),
  actor: z.string().optional(),
  ...teacherFields,
});

export const messageLine = line("message", {
  message_id: id,
  entity: id.optional().describe("The fill, or the order"),
  channel: z.enum(["email", "sms"]),
  purpose: id,
  language: z.string().optional(),
  instruction: text.optional(),
  subject: text.optional(),
  body: text.optional(),
  by: z.enum(["template", "model", "hand"]),
  ok: z.boolean(),
  findings: z.array(finding).default([]),
  ...teacherFields,
});

export const searchLine = line("search", {
  search_id: id,
  query_text: text.optional(),
  corpus: z.string().optional(),
  hits: z
    .array(z.looseObject({ id, text: text.optional(), title: text.optional(), score: z.number().optional() }))
    .default([]),
  chosen: z
    .array(z.looseObject({ id, score, result: z.string().optional() }))
    .default([])
    .describe("Hits with an outcome"),
  event_id: id.optional(),
});

export const playbookLine = line("playbook", {
  playbook_id: id,
  entity: id.optional(),
  query_text: text.optional(),
  answer_id: id,
  answer_text: text.optional(),
  result: id,
  score,
  uses: z.int().min(0).optional(),
  event_id: id.optional(),
  actor: z.string().optional(),
});

export const pathwayLine = line("pathway", {
  pathway_id: id,
  version: z.int().optional(),
  kind: id,
  subject: id,
  task: text.optional(),
  steps: z.array(z.unknown()).optional(),
  content: text.optional(),
  outcome: z.looseObject({ result: id, score }).optional(),
  use_count: z.int().min(0).optional(),
  success_low: z.number().optional(),
  made_by: madeBy.optional(),
  ...teacherFields,
});

export const journalLine = line("journal", {
  event_id: id,
  type: id.describe("shift.completed, no_show, late_cancel, ..."),
  subject: id,
  at: moment.optional(),
  worker_id: id.optional(),
  status: z.string().optional(),
  score: score.optional(),
  rating: z.number().optional(),
  reason: text.optional(),
  query_text: text.optional(),
  actor: z.string().optional(),
});

export const truthLine = line("truth", {
  decision_id: id.optional(),
  entity: id,
  attribute: id,
  value: z.unknown(),
  actor: id,
  reason: text,
  claims: z.array(z.looseObject({ source: id, value: z.unknown() })).default([]),
});

export const reviewLine = line("review", {
  review_id: id,
  entity: id.optional(),
  prompt: text.optional(),
  draft: text.optional(),
  corrected: text.optional(),
  rating: z.number().min(1).max(5).optional(),
  reviewer: id,
  reviewer_is_model: z.boolean().optional().describe("A judge model's opinion counts little"),
  comment: text.optional(),
  draft_by: madeBy.optional(),
  ...teacherFields,
});

/** `data/_kb/replay_runs.jsonl`, written by `distill replay`. */
export const replayRun = z.looseObject({
  schema: z.literal("replay_run.v1"),
  ...lineFields,
  run_id: id,
  evidence_id: sha256,
  prompt_sha256: sha256,
  provider: z.string(),
  model: z.string(),
  requested: z.string().optional().describe("The model as the replay named it"),
  prompt: text.optional(),
  reply: text,
  verdict: z.looseObject({ ok: z.boolean(), findings: z.array(finding) }),
  recorded_ok: z.boolean().nullable().optional(),
  cost_usd: z.number().nullable().optional(),
  ms: z.number().optional(),
});

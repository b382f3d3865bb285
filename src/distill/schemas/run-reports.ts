// What a run leaves beside its receipts: what it is and how it ended (`run.json`), its audit, its replay.

import { z } from "zod";
import { AUDIT_METRICS, distillAuditCheck, metricDrift } from "#contracts/distill";
import { finding, moment, sha256 } from "./shapes.ts";

const count = z.int().min(0);

export const runRecord = z.looseObject({
  schema: z.literal("distill_run.v1"),
  run_id: z.string(),
  status: z.enum(["running", "succeeded", "failed", "cancelled"]),
  stages: z.array(z.string()),
  actor: z.string().optional(),
  started_at: moment,
  ended_at: moment.optional(),
  problem: z.string().optional(),
  progress: z.object({ stage: z.string(), done: count, total: count.optional() }).optional(),
});
export type RunRecord = z.infer<typeof runRecord>;

export const auditReport = z.looseObject({
  schema: z.literal("audit.v1"),
  run_id: z.string(),
  recorded_at: moment,
  ok: z.boolean(),
  checks: z.array(distillAuditCheck),
  metrics: z.record(z.enum(AUDIT_METRICS), z.number()),
  drift: z.array(metricDrift),
  baselines: count,
});
export type AuditReport = z.infer<typeof auditReport>;

const interval = z.tuple([z.number(), z.number()]);

/** What a model made of the evidence that was replayed. */
const modelResult = z.object({
  model: z.string(),
  answered: count,
  passed: count,
  pass_rate: z.number().nullable(),
  pass_rate_95: interval.nullable().describe("Wilson score interval"),
  failed_calls: count,
  cost_usd: z.number(),
  ms_median: z.number().nullable(),
});

/** Two models over the same evidence. */
const pairResult = z.object({
  a: z.string(),
  b: z.string(),
  pairs: count,
  both_pass: count,
  only_a: count,
  only_b: count,
  neither: count,
  difference: z.number().nullable().describe("Pass rate of b less that of a"),
  difference_95: interval.nullable().describe("Newcombe's interval for paired proportions"),
  p_value: z.number().nullable().describe("Exact test of McNemar"),
  cost_difference_usd: z.number().nullable().describe("Mean of b less a"),
  cost_difference_95: interval.nullable().describe("Student's t over the pairs"),
  ms_difference: z.number().nullable(),
  ms_difference_95: interval.nullable(),
  flipped: z.array(z.object({ evidence_id: sha256, a_ok: z.boolean(), b_ok: z.boolean() })),
});

export const replayReport = z.looseObject({
  schema: z.literal("replay.v1"),
  run_id: z.string(),
  replay_id: z.string().describe("The run that it began with: what its lines are logged under"),
  recorded_at: moment,
  evidence: count,
  left_out: z.record(z.string(), count),
  stopped: z.enum(["done", "budget"]),
  models: z.array(modelResult),
  pairs: z.array(pairResult),
  changed: z
    .array(z.object({ evidence_id: sha256, model: z.string(), recorded_ok: z.boolean(), ok: z.boolean() }))
    .describe("Verdicts that are not what was recorded"),
  findings: z.array(finding.extend({ model: z.string(), count })),
});
export type ReplayReport = z.infer<typeof replayReport>;
export type ModelResult = z.infer<typeof modelResult>;
export type PairResult = z.infer<typeof pairResult>;

// What stages write about themselves: receipts, summaries, quarantine, and what stands beside an export.

import { z } from "zod";
import { AUDIT_METRICS } from "#contracts/distill";
import { moment, sha256 } from "./shapes.ts";

const count = z.int().min(0);

export const STAGES = ["materialize", "score", "export"] as const;
export type Stage = (typeof STAGES)[number];

export const quarantined = z.looseObject({
  reason: z.string(),
  stage: z.string(),
  source_file: z.string(),
  line_offset: count,
  raw: z.string(),
  encoding: z.enum(["utf8", "base64"]).optional().describe("Of raw; utf8 unless given"),
  replay: z.string().describe("The command that tries it again"),
});

const file = z.object({ path: z.string(), sha256, bytes: count });
export type FileDigest = z.infer<typeof file>;

const counts = { in: count, out: count, duplicates: count, quarantined: count };

export const receipt = z.object({
  schema: z.literal("receipt.v1"),
  run_id: z.string(),
  stage: z.string(),
  started_at: moment,
  ended_at: moment,
  git_commit: z.string().nullable(),
  /** Lines of this run: in = out + duplicates + quarantined. */
  ...counts,
  /** The same for everything that is there after the run. */
  totals: z.object(counts),
  /** Of what goes out, by name: categories, classes, why rows were left out. */
  detail: z.record(z.string(), count),
  notes: z.array(z.string()),
  inputs: z.array(file),
  outputs: z.array(file),
});
export type Receipt = z.infer<typeof receipt>;

const summaryCounts = z.object({
  records_in: count,
  records_out: count,
  duplicates: count,
  quarantined: count,
});
export const runSummary = z.looseObject({
  schema: z.literal("run_summary.v1"),
  run_id: z.string(),
  started_at: moment,
  ended_at: moment,
  git_commit: z.string().nullable(),
  collect: summaryCounts.optional(),
  score: summaryCounts.optional(),
  export: summaryCounts.optional(),
});

export const provenanceLine = z.looseObject({
  row: count.describe("The row of the file, from 0"),
  row_sha256: sha256,
  evidence_id: sha256,
  source_file: z.string(),
  line_offset: count,
  source_sha256: sha256,
  group: z.string(),
  source_class: z.string(),
  score: z.number(),
});
export type ProvenanceLine = z.infer<typeof provenanceLine>;

export const certificate = z.looseObject({
  schema: z.literal("contamination.v1"),
  train: file,
  holdout: file,
  against: z.array(file),
  overlap_8: count.describe("8-grams of words that stand on both sides, templates left out"),
  overlap_13: count,
  removed: z.array(z.object({ evidence_id: sha256, overlap: z.string() })),
  /** n-grams that stand in at least half of one side's rows. */
  templates_8: count,
  templates_13: count,
  groups_on_both_sides: count,
  command: z.string(),
});
export type Certificate = z.infer<typeof certificate>;

export const manifest = z.looseObject({
  schema: z.literal("export.v1"),
  kind: z.enum(["sft", "preference", "kto", "rag"]),
  target: z.string(),
  scorer_version: z.string(),
  terms_sha256: sha256,
  rows: z.record(z.string(), count),
  left_out: z.record(z.string(), count),
  options: z.record(z.string(), z.unknown()),
  inputs_sha256: sha256,
  files: z.array(file),
});
export type Manifest = z.infer<typeof manifest>;

export type Metric = (typeof AUDIT_METRICS)[number];
export type Metrics = Readonly<Record<Metric, number>>;

const metrics = Object.fromEntries(AUDIT_METRICS.map((name) => [name, z.number().min(0)])) as Record<
  Metric,
  z.ZodNumber
>;
export const baseline = z.looseObject({
  recorded_at: z.string(),
  git_commit: z.string().nullish(),
  run_id: z.string().nullish(),
  ...metrics,
});

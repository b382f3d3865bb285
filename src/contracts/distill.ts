// Distillation over HTTP: runs of its stages, what they found, and where each row came from. Served by the gateway itself, in
// both topologies: distillation is files below the data folder, and whatever is heavy runs in a child process.
//
// `root` names a folder of the data folder: `distill`, or one whose name begins with `distill-`. No other place of the
// server's disk can be named.

import { z } from "zod";
import { op } from "#rpc/contract";
import { jsonObject, pageInput, timestamp } from "./shapes.ts";

/** In the order in which a run goes through them. */
export const RUN_STAGES = ["capture", "materialize", "score", "export", "replay", "accept", "audit"] as const;
export type RunStage = (typeof RUN_STAGES)[number];
export const DISTILL_STAGES_DEFAULT = ["materialize", "score", "export"] as const satisfies RunStage[];

export const EXPORT_KINDS = ["sft", "preference", "kto", "rag"] as const;
export const TRAINERS = ["trl", "openai", "axolotl", "llamafactory", "native"] as const;

const root = z
  .string()
  .regex(/^distill(-[A-Za-z0-9_-]{1,60})?$/, "must be distill, or distill- and a name")
  .default("distill")
  .describe("A folder of the data folder");
const runId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/, "must be the id of a run")
  .describe("As a run's reply names it");
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in hexadecimal");
const count = z.int();

export const RUN_STATUSES = ["running", "succeeded", "failed", "cancelled"] as const;
const runStatus = z.enum(RUN_STATUSES);
export type RunStatus = z.infer<typeof runStatus>;

const modelName = z.string().min(1).max(200);
/** A person waits for the table, and every evidence is a call of each model. */
const REPLAY_EVIDENCE_MAX = 10_000;
/** More of them are a study, not a decision between two. */
const REPLAY_MODELS_MAX = 8;

export const replayOptions = z.strictObject({
  models: z
    .array(modelName)
    .max(REPLAY_MODELS_MAX)
    .default([])
    .describe("As in /v1/chat; the recorded answers are validated again where none is named"),
  limit: z
    .int()
    .min(1)
    .max(REPLAY_EVIDENCE_MAX)
    .default(100)
    .describe("Evidence that is replayed, the lowest ids first"),
  kinds: z
    .array(z.string().max(40))
    .max(12)
    .optional()
    .describe("Kinds of evidence; all that can be replayed"),
  evidence_ids: z.array(sha256).max(REPLAY_EVIDENCE_MAX).optional(),
  budget_usd: z.number().nonnegative().optional().describe("No further call is made once they cost so much"),
  corpus: z.string().max(100).optional().describe("What is retrieved from; nothing unless given"),
});
export type ReplayOptions = z.infer<typeof replayOptions>;

const counts = { in: count, out: count, duplicates: count, quarantined: count };
const file = z.object({ path: z.string(), sha256: z.string(), bytes: count });
export const distillReceipt = z.looseObject({
  run_id: z.string(),
  stage: z.string(),
  started_at: timestamp,
  ended_at: timestamp,
  ...counts,
  totals: z.object(counts),
  detail: z.record(z.string(), z.number()),
  notes: z.array(z.string()),
  inputs: z.array(file),
  outputs: z.array(file),
});

const progress = z.object({
  stage: z.string(),
  done: count.describe("Lines, rows or calls so far"),
  total: count.optional(),
});
export type RunProgress = z.infer<typeof progress>;

export const distillRun = z.object({
  run_id: z.string(),
  root: z.string(),
  status: runStatus,
  stages: z.array(z.string()),
  actor: z.string().optional().describe("The key that started it, or cli"),
  started_at: timestamp,
  ended_at: timestamp.optional(),
  problem: z.string().optional().describe("Why it failed, and what it left"),
  progress: progress.optional().describe("Of a run that is under way"),
  /** Of the stages that have ended. */
  receipts: z.array(z.object({ stage: z.string(), ...counts, totals: z.object(counts) })),
  reports: z.array(z.string()).describe("What reports/{report} gives of it"),
});
export type DistillRun = z.infer<typeof distillRun>;

/** What an audit computes, in the order of a line of `audit_baselines.jsonl`, which older programs write too. */
export const AUDIT_METRICS = [
  "p2_evidence_rows",
  "p2_evidence_skips",
  "p3_accepted",
  "p3_partial",
  "p3_rejected",
  "p3_human",
  "p4_rag_rows",
  "p4_sft_rows",
  "p4_pref_pairs",
  "p4_total_quarantined",
] as const;

export const distillAuditCheck = z.object({
  phase: z.int(),
  name: z.string(),
  required: z.boolean(),
  result: z.enum(["pass", "fail", "skip"]),
  reason: z.string(),
});
const compared = z.object({
  baseline: z.number(),
  change: z.number().nullable().describe("A share; null where the baseline is 0 and the value is not"),
});
export const metricDrift = z.object({
  metric: z.string(),
  value: z.number(),
  last: compared.optional(),
  median: compared.optional(),
  same_commit: compared.optional(),
  drifted: z.boolean(),
});

const exported = z.object({
  name: z.string(),
  kind: z.enum(EXPORT_KINDS),
  target: z.string(),
  scorer_version: z.string(),
  written_at: timestamp,
  rows: z.record(z.string(), count).describe("in, train, holdout, duplicates, left_out"),
  left_out: z.record(z.string(), count).describe("Rows by why they were left out"),
  certified: z.boolean().describe("No n-gram and no group stands on both sides"),
  files: z.array(file),
});

const quarantinedLine = z.object({
  stage: z.string(),
  reason: z.string(),
  source_file: z.string(),
  line_offset: count,
  bytes: count.describe("Of what was put into quarantine"),
  encoding: z.enum(["utf8", "base64"]),
  replay: z.string().describe("The command that tries it again"),
  raw: z.string().optional().describe("Only where raw was asked for; not redacted"),
});

const provenance = z.looseObject({
  source_file: z.string(),
  line_offset: count,
  source_sha256: z.string(),
});

/** Reads files of any number and size. */
const READ_MS = 120_000;

export const REPORT_NAMES = [
  "summary.json",
  "report.md",
  "audit.json",
  "replay.json",
  "replay.md",
  "acceptance.json",
] as const;

export const distill = {
  start: op({
    method: "POST",
    path: "/v1/distill/runs",
    summary: "Start a run of distillation: source logs to evidence, scores, and files that train",
    description:
      "The run goes on when its caller goes away: read it, follow its events, or cancel it. One run at a time works on a root; another one is a conflict that names it. Where every stage ended, the datasets evidence, scored_runs and exports are brought up to date (of the root distill).",
    input: z.strictObject({
      stages: z
        .array(z.enum(RUN_STAGES))
        .min(1)
        .default([...DISTILL_STAGES_DEFAULT])
        .describe("Run in the order capture, materialize, score, export, replay, accept, audit"),
      root,
      targets: z.array(z.enum(TRAINERS)).min(1).default(["trl"]).describe("The forms of the exported rows"),
      kinds: z
        .array(z.enum(EXPORT_KINDS))
        .min(1)
        .optional()
        .describe("What is exported; all four unless given"),
      holdout_percent: z.int().min(0).max(90).optional(),
      holdout_after: z.iso.datetime({ offset: true }).optional(),
      append_baseline: z
        .boolean()
        .default(false)
        .describe("With the stage audit: its metrics become a baseline"),
      breaches: z
        .boolean()
        .default(false)
        .describe(
          "With the stage accept: also plants a breach of each invariant, and checks that it is found",
        ),
      replay: replayOptions.optional().describe("With the stage replay"),
    }),
    output: distillRun,
    status: 202,
    errors: ["conflict", "not_found"],
    scope: "write",
  }),
  runs: op({
    method: "GET",
    path: "/v1/distill/runs",
    summary: "List the runs of a root, the newest first",
    input: z.strictObject({ root, status: runStatus.optional(), ...pageInput }),
    output: z.object({ runs: z.array(distillRun), next_cursor: z.string().optional() }),
    timeoutMs: READ_MS,
    work: "quick",
    errors: [],
    scope: "read",
  }),
  run: op({
    method: "GET",
    path: "/v1/distill/runs/{run_id}",
    summary: "A run, its progress and its receipts",
    input: z.strictObject({ run_id: runId, root }),
    output: distillRun.extend({ receipts: z.array(distillReceipt) }),
    timeoutMs: READ_MS,
    work: "quick",
    errors: ["not_found"],
    scope: "read",
  }),
  runEvents: op({
    method: "GET",
    path: "/v1/distill/runs/{run_id}",
    summary: "Follow a run: as it is now, then as it changes, until it has ended",
    description: "A run that has ended is one event.",
    reply: "events",
    accept: ["text/event-stream"],
    input: z.strictObject({ run_id: runId, root }),
    output: distillRun,
    errors: ["not_found"],
    scope: "read",
  }),
  cancel: op({
    method: "POST",
    path: "/v1/distill/runs/{run_id}/cancel",
    summary: "End a run; the next one continues where it was",
    description: "A run that has ended stays what it is. One that the command line started is a conflict.",
    input: z.strictObject({ run_id: runId, root }),
    output: distillRun,
    idempotent: true,
    timeoutMs: READ_MS,
    work: "quick",
    errors: ["not_found", "conflict"],
    scope: "write",
  }),
  report: op({
    method: "GET",
    path: "/v1/distill/runs/{run_id}/reports/{report}",
    summary: "A report of a run, as the file it is",
    reply: "raw",
    produces: ["application/json", "text/markdown"],
    input: z.strictObject({ run_id: runId, report: z.enum(REPORT_NAMES), root }),
    output: z.unknown(),
    errors: ["not_found"],
    scope: "read",
  }),
  audit: op({
    method: "GET",
    path: "/v1/distill/audit",
    summary: "The newest audit of a root: its checks by phase, ten metrics, and their drift",
    description: "Audits run as the stage audit of a run.",
    input: z.strictObject({ root, run_id: runId.optional().describe("The newest audit unless given") }),
    output: z.object({
      run_id: z.string(),
      recorded_at: timestamp,
      ok: z.boolean(),
      checks: z.array(distillAuditCheck),
      metrics: z.record(z.string(), z.number()),
      drift: z.array(metricDrift).describe("Against the baselines that there were"),
      baselines: count,
    }),
    timeoutMs: READ_MS,
    work: "quick",
    errors: ["not_found"],
    scope: "read",
  }),
  quarantine: op({
    method: "GET",
    path: "/v1/distill/quarantine",
    summary: "What stages could not use, by stage and reason",
    description:
      "With raw=true the bytes themselves, which are not redacted: that needs a key of the scope admin.",
    input: z.strictObject({
      root,
      stage: z.string().max(100).optional(),
      reason: z.string().max(500).optional(),
      raw: z.boolean().default(false),
      ...pageInput,
    }),
    output: z.object({
      entries: z.array(quarantinedLine),
      counts: z
        .array(z.object({ stage: z.string(), reason: z.string(), entries: count }))
        .optional()
        .describe("Of all entries, with the first page"),
      next_cursor: z.string().optional(),
    }),
    timeoutMs: READ_MS,
    work: "quick",
    errors: ["forbidden"],
    scope: "read",
  }),
  exports: op({
    method: "GET",
    path: "/v1/distill/exports",
    summary: "List the exports of a root, the newest first",
    input: z.strictObject({ root, kind: z.enum(EXPORT_KINDS).optional(), ...pageInput }),
    output: z.object({ exports: z.array(exported), next_cursor: z.string().optional() }),
    timeoutMs: READ_MS,
    work: "quick",
    errors: [],
    scope: "read",
  }),
  export: op({
    method: "GET",
    path: "/v1/distill/exports/{name}",
    summary: "An export with its contamination certificate",
    input: z.strictObject({ name: runId, root }),
    output: exported.extend({ certificate: jsonObject }),
    timeoutMs: READ_MS,
    work: "quick",
    errors: ["not_found"],
    scope: "read",
  }),
  exportFile: op({
    method: "GET",
    path: "/v1/distill/exports/{name}/files/{file+}",
    summary: "Download a file of an export",
    reply: "raw",
    produces: ["application/x-ndjson", "application/json", "text/tab-separated-values"],
    input: z.strictObject({ name: runId, file: z.string().min(1).max(200), root }),
    output: z.unknown(),
    errors: ["not_found"],
    scope: "read",
  }),
  evidence: op({
    method: "GET",
    path: "/v1/distill/evidence/{evidence_id}",
    summary: "A row of evidence: its score, its source line, and the exports that have it",
    input: z.strictObject({ evidence_id: sha256, root }),
    output: z.object({
      evidence: z.looseObject({ evidence_id: z.string(), kind: z.string(), provenance }),
      scored: z
        .looseObject({ category: z.string(), score: z.number(), reasons: z.array(z.string()) })
        .nullable(),
      source_line: z.string().nullable(),
      exports: z.array(z.object({ file: z.string(), row: count })),
      broken: z.array(z.string()).describe("What does not fit any more, in words"),
    }),
    timeoutMs: READ_MS,
    work: "bulk",
    errors: ["not_found"],
    scope: "read",
  }),
  trace: op({
    method: "GET",
    path: "/v1/distill/trace",
    summary: "From a row of an export back to the line that it came from",
    input: z.strictObject({
      root,
      file: z
        .string()
        .max(500)
        .regex(/^exports\/(?!.*\.\.)[\w./-]+$/, "must be a file of an export, as exports/sft/NAME/sft.jsonl"),
      row: z.int().min(0).describe("From 0"),
    }),
    output: z.object({
      row: z.unknown(),
      provenance: provenance.extend({ evidence_id: z.string(), row: count, row_sha256: z.string() }),
      evidence: jsonObject.nullable(),
      scored: jsonObject.nullable(),
      source_line: z.string().nullable(),
      broken: z.array(z.string()),
    }),
    timeoutMs: READ_MS,
    work: "bulk",
    errors: ["not_found"],
    scope: "read",
  }),
  refreshDatasets: op({
    method: "POST",
    path: "/v1/distill/datasets",
    summary: "Bring the datasets evidence, scored_runs and exports up to date, for SQL",
    description:
      "The same happens at the end of each run of the root distill. Nothing is written where nothing changed.",
    input: z.strictObject({}),
    output: z.object({
      evidence: count.describe("Rows that were written"),
      scored_runs: count,
      exports: count,
    }),
    idempotent: true,
    timeoutMs: 3_600_000,
    work: "bulk",
    errors: ["conflict"],
    scope: "write",
  }),
};

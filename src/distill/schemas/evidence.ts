// `evidence.v1`: one row for one line of a source log, with what leads back to that line.

import { z } from "zod";
import { finding, madeBy, messages, moment, score, sha256, usage } from "./shapes.ts";

export const KINDS = [
  "chat",
  "iterate",
  "validation",
  "fill",
  "message",
  "search",
  "playbook",
  "pathway",
  "journal",
  "truth",
  "review",
  "replay",
] as const;

/** Source classes that an SFT file takes rows from. */
export const SFT_CLASSES = [
  "iterate_accepted",
  "fill_accepted",
  "message_accepted",
  "validation_correction",
  "review_correction",
  "playbook_proven",
  "pathway_success",
  "truth_decision",
] as const;

const OTHER_CLASSES = [
  "chat_call",
  "iterate_failed",
  "fill_outcome",
  "message_draft",
  "validation_verdict",
  "review_rating",
  "search_outcome",
  "playbook_recorded",
  "pathway_trace",
  "shift_outcome",
  "replay_verdict",
] as const;

const sourceClass = z.enum([...SFT_CLASSES, ...OTHER_CLASSES]);
export type SourceClass = z.infer<typeof sourceClass>;

const draft = z.object({
  text: z.string(),
  labels: z.array(z.string()),
  /** Where another model wrote it than the row's. */
  teacher: z.object({ provider: z.string(), model: z.string() }).optional(),
});
export type Draft = z.infer<typeof draft>;

const judged = z.object({
  id: z.string(),
  text: z.string(),
  title: z.string(),
  /** What came of it, 0 to 1; null for one that nothing is known of. */
  score: z.number().nullable(),
});

const input = z.object({
  /** What it was about; rows about one thing stay on one side of a split. */
  entity: z.string().optional(),
  messages: messages.optional(),
});

const output = z.object({
  text: z.string().optional(),
  made_by: madeBy,
  /** Drafts that did not pass, with the codes of their findings. */
  rejected: z.array(draft).optional(),
  /** Of a search: its hits in order, with outcomes. */
  ranking: z.array(judged).optional(),
  /** A person's rating, 1 to 5, or a judge model's. */
  rating: z.number().optional(),
});

export const teacher = z.object({
  provider: z.string(),
  model: z.string(),
  response_id: z.string().optional(),
  /** As the table of terms stood when the row was made; exports look it up again. */
  terms: z.enum(["allowed", "forbidden"]),
});

export const provenance = z.object({
  source_file: z.string(),
  line_offset: z.int().min(0),
  source_sha256: sha256,
  recorded_at: moment,
  git_commit: z.string().optional(),
});

export const evidence = z.object({
  schema: z.literal("evidence.v1"),
  evidence_id: sha256,
  kind: z.enum(KINDS),
  source_class: sourceClass,
  task: z.string(),
  input,
  output,
  /** Citations: ids of what the output rests on. */
  context: z.array(z.string()),
  outcome: z.object({ result: z.string(), score, event_id: z.string().optional() }).optional(),
  validation: z.object({ ok: z.boolean(), findings: z.array(finding) }).optional(),
  teacher: teacher.optional(),
  usage: usage.optional(),
  trace_id: z.string().optional(),
  provenance,
});
export type Evidence = z.infer<typeof evidence>;
/** What a transform makes of a line; the rest follows from where the line stands. */
export type Transformed = Omit<Evidence, "schema" | "evidence_id" | "provenance" | "teacher"> & {
  readonly teacher?: { readonly provider: string; readonly model: string; readonly response_id?: string };
};

export const CATEGORIES = ["accepted", "partially_accepted", "rejected", "needs_human_review"] as const;
export type Category = (typeof CATEGORIES)[number];

export const scoredRun = z.object({
  schema: z.literal("scored_run.v1"),
  evidence_id: sha256,
  category: z.enum(CATEGORIES),
  /** 4 decimals. */
  score,
  reasons: z.array(z.string()),
  scorer_version: z.string(),
});
export type ScoredRun = z.infer<typeof scoredRun>;

// Evidence, scores and exports as rows for SQL. Types are fixed, so that a column whose first values are all missing is what
// it will be; what has a shape of its own is JSON text, which SQL's JSON functions read.

import type { FoundExport } from "../runs/reads/exports.ts";
import type { ScoredEvidence } from "../export/scored-evidence.ts";

export type Row = Readonly<Record<string, string | number | boolean | null>>;

const TEXT = "VARCHAR";
const TIME = "TIMESTAMP WITH TIME ZONE";

export interface Table {
  readonly key: string;
  readonly types: Readonly<Record<string, string>>;
}

export const TABLES = {
  evidence: {
    key: "evidence_id",
    types: {
      evidence_id: TEXT,
      kind: TEXT,
      source_class: TEXT,
      task: TEXT,
      entity: TEXT,
      messages: TEXT,
      output_text: TEXT,
      made_by: TEXT,
      output: TEXT,
      context: TEXT,
      outcome: TEXT,
      outcome_score: "DOUBLE",
      event_id: TEXT,
      validation_ok: "BOOLEAN",
      findings: TEXT,
      provider: TEXT,
      model: TEXT,
      terms: TEXT,
      input_tokens: "BIGINT",
      output_tokens: "BIGINT",
      cost_usd: "DOUBLE",
      trace_id: TEXT,
      source_file: TEXT,
      line_offset: "BIGINT",
      source_sha256: TEXT,
      recorded_at: TIME,
    },
  },
  scored_runs: {
    key: "evidence_id",
    types: {
      evidence_id: TEXT,
      category: TEXT,
      score: "DOUBLE",
      reasons: TEXT,
      scorer_version: TEXT,
    },
  },
  exports: {
    key: "name",
    types: {
      name: TEXT,
      kind: TEXT,
      target: TEXT,
      scorer_version: TEXT,
      train_rows: "BIGINT",
      holdout_rows: "BIGINT",
      duplicates: "BIGINT",
      left_out: "BIGINT",
      left_out_by: TEXT,
      certified: "BOOLEAN",
      overlap_8: "BIGINT",
      overlap_13: "BIGINT",
      folder: TEXT,
      sha256: TEXT,
    },
  },
} as const satisfies Record<string, Table>;

export type TableName = keyof typeof TABLES;

export function evidenceRow({ evidence: row }: ScoredEvidence): Row {
  const { input, output, outcome, validation, teacher, usage, provenance } = row;
  return {
    evidence_id: row.evidence_id,
    kind: row.kind,
    source_class: row.source_class,
    task: row.task,
    entity: input.entity ?? null,
    messages: input.messages === undefined ? null : JSON.stringify(input.messages),
    output_text: output.text ?? null,
    made_by: output.made_by,
    output: JSON.stringify(output),
    context: JSON.stringify(row.context),
    outcome: outcome?.result ?? null,
    outcome_score: outcome?.score ?? null,
    event_id: outcome?.event_id ?? null,
    validation_ok: validation?.ok ?? null,
    findings: validation === undefined ? null : JSON.stringify(validation.findings),
    provider: teacher?.provider ?? null,
    model: teacher?.model ?? null,
    terms: teacher?.terms ?? null,
    input_tokens: usage?.input_tokens ?? null,
    output_tokens: usage?.output_tokens ?? null,
    cost_usd: usage?.cost_usd ?? null,
    trace_id: row.trace_id ?? null,
    source_file: provenance.source_file,
    line_offset: provenance.line_offset,
    source_sha256: provenance.source_sha256,
    recorded_at: provenance.recorded_at,
  };
}

/** No column but the id that evidence has too: the two are joined by it. */
export function scoredRow({ scored }: ScoredEvidence): Row | undefined {
  if (scored === undefined) return undefined;
  return {
    evidence_id: scored.evidence_id,
    category: scored.category,
    score: scored.score,
    reasons: JSON.stringify(scored.reasons),
    scorer_version: scored.scorer_version,
  };
}

export function exportRow({ rows, certificate, files, ...found }: FoundExport): Row {
  const main = files.find(({ path }) => path === `${found.kind}.jsonl`);
  return {
    name: found.name,
    kind: found.kind,
    target: found.target,
    scorer_version: found.scorer_version,
    train_rows: rows["train"] ?? 0,
    holdout_rows: rows["holdout"] ?? 0,
    duplicates: rows["duplicates"] ?? 0,
    left_out: rows["left_out"] ?? 0,
    left_out_by: JSON.stringify(found.left_out),
    certified: found.certified,
    overlap_8: certificate?.overlap_8 ?? null,
    overlap_13: certificate?.overlap_13 ?? null,
    folder: found.folder,
    sha256: main?.sha256 ?? null,
  };
}

// The phases of an audit, 0 to 7, each with its checks; and how a metric moved.

import type { distill } from "#contracts/distill";
import type { OutputOf } from "#rpc/contract";

export type Audit = OutputOf<typeof distill.audit>;
type Check = Audit["checks"][number];
export type Drift = Audit["drift"][number];

const PHASE_TITLES = [
  "Sources",
  "Schemas",
  "Evidence",
  "Scores",
  "Exports",
  "Summaries",
  "Acceptance",
  "Replay",
] as const;

export interface Phase {
  readonly number: number;
  readonly title: string;
  readonly checks: readonly Check[];
  /** The worst of its checks; one that was left out has nothing to look at. */
  readonly result: Check["result"];
}

/** All eight, also where an older audit has no check of one. */
export function phasesOf(checks: readonly Check[]): readonly Phase[] {
  return PHASE_TITLES.map((title, number) => {
    const own = checks.filter(({ phase }) => phase === number);
    const results = new Set(own.map(({ result }) => result));
    return {
      number,
      title,
      checks: own,
      result: results.has("fail") ? "fail" : results.has("pass") ? "pass" : "skip",
    };
  });
}

const METRIC_WORDS: Readonly<Record<string, string>> = {
  p2_evidence_rows: "Rows of evidence",
  p2_evidence_skips: "Source lines that gave none",
  p3_accepted: "Accepted",
  p3_partial: "Accepted in part",
  p3_rejected: "Rejected",
  p3_human: "For a person to look at",
  p4_rag_rows: "Rows for retrieval",
  p4_sft_rows: "Rows for training",
  p4_pref_pairs: "Pairs of better and worse",
  p4_total_quarantined: "In quarantine",
};

export function metricWords(metric: string): string {
  return METRIC_WORDS[metric] ?? metric.replaceAll("_", " ");
}

/** "+12 % of 40"; a change from nothing has no share. */
export function changeText(compared: Drift["last"]): string {
  if (compared === undefined) return "";
  const { baseline, change } = compared;
  const of = `of ${baseline.toLocaleString("en-US")}`;
  if (change === null) return "from 0";
  const percent = Math.round(change * 1000) / 10;
  return `${percent > 0 ? "+" : ""}${percent} % ${of}`;
}

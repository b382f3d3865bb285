// Grades that a person gave to hits, kept in this browser until weights are learnt from them.

import { createStore } from "../parts/store.ts";
import { type Judgement, withJudgement } from "./search-words.ts";

const KEPT_AS = "lakehouse.search.judgements";
/** Some thousand clicks; a list from elsewhere is pasted where weights are learnt. */
const JUDGEMENTS_KEPT_MAX = 5000;

function read(): readonly Judgement[] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEPT_AS) ?? "[]");
    return Array.isArray(value) ? (value as Judgement[]) : [];
  } catch {
    // Cut, or of another version: grades begin again.
    return [];
  }
}

export const judgementsOf = createStore(read());

function keep(judgements: readonly Judgement[]): void {
  const kept = judgements.slice(-JUDGEMENTS_KEPT_MAX);
  judgementsOf.set(kept);
  localStorage.setItem(KEPT_AS, JSON.stringify(kept));
}

/** Without a grade, the one that was given is taken back. */
export function judge({
  query_text,
  id,
  grade,
}: {
  query_text: string;
  id: string;
  grade: number | undefined;
}): void {
  if (grade === undefined)
    keep(judgementsOf.value().filter((one) => one.query_text !== query_text || one.id !== id));
  else keep(withJudgement(judgementsOf.value(), { query_text, id, grade }));
}

export function forgetJudgements(): void {
  keep([]);
}

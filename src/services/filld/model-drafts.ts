// What became of a model's drafts. Those before the last, and why the rules refused them, are kept with it, so that a person
// sees what was corrected, and as short as an event of the journal wants it. Where there is none, it is told why.

import type { RefusedDraft } from "#contracts/fill";
import type { IterateAttempt, Iterated } from "#contracts/validate";

const FINDINGS_A_DRAFT = 20;

/** Nothing where the first draft is the last. */
export function refusedIn(history: readonly IterateAttempt[]): { refused?: RefusedDraft[] } {
  const refused = history
    .slice(0, -1)
    .map(({ status, findings = [] }) => ({ status, findings: findings.slice(0, FINDINGS_A_DRAFT) }));
  return refused.length === 0 ? {} : { refused };
}

/** Why no reply of a model held a draft, by its last try; undefined where one did. */
export function noDraft({ artifact, history }: Iterated, model: string): string | undefined {
  if (artifact !== null) return undefined;
  const tries = history.length === 1 ? "" : ` in ${history.length} tries`;
  return `${model} drafted nothing${tries}: ${history.at(-1)?.error ?? "It was not asked in time."}`;
}

export const WITHOUT_MODEL = "Take another model, or do it without one.";

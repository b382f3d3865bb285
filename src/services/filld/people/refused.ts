// What a model drafted before its last draft, and why the rules refused it: kept with the last one, so that a person sees
// what was corrected, and as short as an event of the journal wants it.

import type { RefusedDraft } from "#contracts/fill";
import type { IterateAttempt } from "#contracts/validate";

const FINDINGS_A_DRAFT = 20;

/** Nothing where the first draft is the last. */
export function refusedIn(history: readonly IterateAttempt[]): { refused?: RefusedDraft[] } {
  const refused = history
    .slice(0, -1)
    .map(({ status, findings = [] }) => ({ status, findings: findings.slice(0, FINDINGS_A_DRAFT) }));
  return refused.length === 0 ? {} : { refused };
}

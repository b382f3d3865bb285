// What became of a model's drafts. Those before the last, and why the rules refused them, are kept with it, so that a person
// sees what was corrected, and as short as an event of the journal wants it. A model without a draft is a fault, and no
// proposal of nobody.

import type { RefusedDraft } from "#contracts/fill";
import type { IterateAttempt, Iterated } from "#contracts/validate";
import { Fault } from "#rpc/fault";

const FINDINGS_A_DRAFT = 20;

/** Nothing where the first draft is the last. */
export function refusedIn(history: readonly IterateAttempt[]): { refused?: RefusedDraft[] } {
  const refused = history
    .slice(0, -1)
    .map(({ status, findings = [] }) => ({ status, findings: findings.slice(0, FINDINGS_A_DRAFT) }));
  return refused.length === 0 ? {} : { refused };
}

/** Throws `upstream` with the reason of the last try where no reply held a draft. */
export function assertDrafted({ artifact, history }: Iterated, model: string): void {
  if (artifact !== null) return;
  const tries = history.length === 1 ? "" : ` in ${history.length} tries`;
  const why = history.at(-1)?.error ?? "it was not asked in time";
  throw new Fault(
    "upstream",
    `${model} drafted nothing${tries}: ${why} Take another model, or do it without one.`,
  );
}

// What settles a finding of the rules with one click: other people, or a correction of the order.

import type { Candidate } from "#contracts/fill";
import type { Finding } from "#contracts/validate";
import { fieldWord } from "./order-words.ts";

export interface Settling {
  readonly label: string;
  /** Proposes these instead. */
  readonly propose?: readonly string[];
  /** Or corrects the order so. */
  readonly correct?: Readonly<Record<string, unknown>>;
}

export interface Situation {
  readonly proposedIds: readonly string[];
  readonly nextBest: readonly Pick<Candidate, "worker_id" | "name">[];
  readonly nameOf: (workerId: string) => string;
}

const ROW = /^fills\[(\d+)\]/;
const ORDER_FIELD = /^order\.(\w+)$/;

/** The place in a proposal that a path names. */
export function rowOf(path: string): number | undefined {
  const row = ROW.exec(path)?.[1];
  return row === undefined ? undefined : Number(row);
}

/** What a person may do about a finding with one click, the gentlest first. */
export function settlings(finding: Finding, { proposedIds, nextBest, nameOf }: Situation): Settling[] {
  const { code, path, fix, severity, expected, actual } = finding;
  const field = fix === undefined ? undefined : ORDER_FIELD.exec(fix.path)?.[1];
  if (fix !== undefined && field !== undefined) {
    return [{ label: `Set ${fieldWord(field)} to ${String(fix.value)}`, correct: { [field]: fix.value } }];
  }
  const row = rowOf(path);
  const workerId = row === undefined ? undefined : proposedIds[row];
  const [next] = nextBest;
  if (workerId !== undefined && severity === "error") {
    const without = proposedIds.filter((_, index) => index !== row);
    return [
      ...(next === undefined
        ? []
        : [
            {
              label: `Take ${next.name ?? next.worker_id} instead`,
              propose: proposedIds.map((id, index) => (index === row ? next.worker_id : id)),
            },
          ]),
      ...(without.length === 0 ? [] : [{ label: `Take ${nameOf(workerId)} out`, propose: without }]),
    ];
  }
  if (code === "fill.headcount_short" && typeof expected === "number" && typeof actual === "number") {
    const more = nextBest.slice(0, expected - actual).map(({ worker_id }) => worker_id);
    if (more.length > 0)
      return [{ label: `Add the next best ${more.length}`, propose: [...proposedIds, ...more] }];
  }
  if (code === "fill.headcount_over" && typeof expected === "number" && expected > 0) {
    return [{ label: `Keep the first ${expected}`, propose: proposedIds.slice(0, expected) }];
  }
  return [];
}

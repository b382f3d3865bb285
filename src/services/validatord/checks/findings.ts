// Findings in their order: by kind (schema, completeness, consistency, policy), then by row, those of the whole first, then
// by the table of checks. The first error of the list decides what a wire that holds only one error says.

import { FINDING_KINDS, type Finding } from "#contracts/validate";
import { type Check, type CheckTraits, findingOf, type Tell } from "./check.ts";

/** More than a person reads, and enough for a model to correct; what is left out is counted in the last one. */
export const FINDINGS_MAX = 2000;
const WHOLE = -1;

interface Placed {
  readonly finding: Finding;
  readonly row: number;
  readonly check: number;
}

export class Findings {
  readonly #placed: Placed[] = [];
  readonly #checked = new Set<string>();
  readonly #rowsWithErrors = new Set<number>();

  /** Notes that a check was made. */
  checked(code: string): void {
    this.#checked.add(code);
  }

  add(check: CheckTraits, order: number, tells: Iterable<Tell>, row = WHOLE): void {
    for (const tell of tells) this.put(findingOf(check, tell), order, row);
  }

  put(finding: Finding, order: number, row = WHOLE): void {
    if (finding.severity === "error") this.#rowsWithErrors.add(row);
    this.#placed.push({ finding, row, check: order });
  }

  hasError(row: number): boolean {
    return this.#rowsWithErrors.has(row);
  }

  get codes(): string[] {
    return [...this.#checked];
  }

  inOrder(): Finding[] {
    const kinds = new Map<string, number>(FINDING_KINDS.map((kind, place) => [kind, place]));
    const rank = ({ finding: { kind } }: Placed): number => kinds.get(kind) ?? 0;
    const sorted = this.#placed.sort((a, b) => rank(a) - rank(b) || a.row - b.row || a.check - b.check);
    if (sorted.length <= FINDINGS_MAX) return sorted.map(({ finding }) => finding);
    // Errors are never what is left out.
    const errors = sorted.filter(({ finding }) => finding.severity === "error");
    const kept = new Set(errors.length >= FINDINGS_MAX ? errors.slice(0, FINDINGS_MAX) : errors);
    for (const placed of sorted) if (kept.size < FINDINGS_MAX) kept.add(placed);
    return sorted.filter((placed) => kept.has(placed)).map(({ finding }) => finding);
  }
}

/** Runs the checks of a table over a subject and its rows; checks of the whole come after those of the rows. */
export function runChecks<S, R extends { readonly index: number }>(
  table: readonly Check<S, R>[],
  subject: S,
  rows: readonly R[],
  findings: Findings,
): void {
  for (const [order, check] of table.entries()) {
    if (check.applies?.(subject) === false) continue;
    findings.checked(check.code);
    const { row } = check;
    if (row !== undefined)
      for (const each of rows) findings.add(check, order, row(each, subject), each.index);
  }
  for (const [order, check] of table.entries()) {
    if (check.whole === undefined || check.applies?.(subject) === false) continue;
    findings.add(check, order, check.whole(subject));
  }
}

// How many of the proposed count. The rules count people without an error, also without one that judges only what stands in
// for what the order does not say; those errors are moot, and so people are counted here without them.

import type { Finding } from "#contracts/validate";

const COUNTS = new Set(["fill.headcount_short", "fill.headcount_over"]);

/** The findings without moot ones, and with the counts that are right then. `partial`: too few are no error. */
export function withoutMoot(
  findings: readonly Finding[],
  moot: ReadonlySet<string>,
  { workerIds, headcount, partial }: { workerIds: readonly string[]; headcount: number; partial: boolean },
): Finding[] {
  const heeded = findings.filter(({ code }) => !moot.has(code));
  if (heeded.length === findings.length) return heeded;
  const wrong = new Set(heeded.flatMap(({ severity, path }) => (severity === "error" ? [rowOf(path)] : [])));
  const counted = new Set(workerIds.filter((_, row) => !wrong.has(row))).size;
  return [
    ...heeded.filter(({ code }) => !COUNTS.has(code)),
    ...(counted < headcount ? [tooFew(counted, headcount, partial)] : []),
    ...(counted > headcount ? [tooMany(counted, headcount)] : []),
  ];
}

/** The row of a proposal that a finding is about. */
export function rowOf(path: string): number | undefined {
  const row = /^fills\[(\d+)\]/.exec(path)?.[1];
  return row === undefined ? undefined : Number(row);
}

function tooFew(actual: number, expected: number, partial: boolean): Finding {
  return {
    code: "fill.headcount_short",
    kind: "completeness",
    severity: partial ? "warning" : "error",
    path: "fills",
    message: `${actual} of ${expected} workers are proposed without an error`,
    expected,
    actual,
    hint: `Propose ${expected - actual} more, or correct those that have errors.`,
  };
}

function tooMany(actual: number, expected: number): Finding {
  return {
    code: "fill.headcount_over",
    kind: "consistency",
    severity: "error",
    path: "fills",
    message: `${actual} workers are proposed for ${expected} places`,
    expected,
    actual,
    hint: "Move those who are too many to the backups.",
  };
}

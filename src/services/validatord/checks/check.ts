// A check as data: its code, what kind of rule it is, how bad a finding is, what it tests and the law it rests on, and the
// function. Checks are pure: what they look at, the clock included, is their subject. A check concerns the whole artifact,
// or each of its rows, or both.

import type { ArtifactKind, Finding } from "#contracts/validate";

/** What a check says of a place; kind, severity and law are the check's own where it says nothing else. */
export interface Tell {
  readonly path: string;
  readonly message: string;
  readonly severity?: Finding["severity"];
  readonly expected?: unknown;
  readonly actual?: unknown;
  readonly hint?: string;
  /** Null where this finding does not rest on the check's law. */
  readonly law?: string | null;
  readonly fix?: { readonly path: string; readonly value: unknown };
}

export interface CheckTraits {
  readonly code: string;
  readonly kind: Finding["kind"];
  readonly severity: "error" | "warning";
  /** One sentence for the table of checks. */
  readonly tests: string;
  readonly law?: string;
}

/** What most rows come to: one list for all of them, since checks run over many thousands. */
export const NOTHING: readonly Tell[] = [];

/** `S` is what is looked at, `R` one row of it. */
export interface Check<S, R = never> extends CheckTraits {
  /** Whether the subject has what the check needs; it always has where this is absent. */
  readonly applies?: (subject: S) => boolean;
  readonly whole?: (subject: S) => Iterable<Tell>;
  readonly row?: (row: R, subject: S) => Iterable<Tell>;
}

export interface NamedCheck extends CheckTraits {
  readonly artifact: ArtifactKind;
}

/** Findings of one check on a row, or on the whole. */
export function findingOf(check: CheckTraits, tell: Tell): Finding {
  const { path, message, severity = check.severity, law = check.law } = tell;
  const { expected, actual, hint, fix } = tell;
  return {
    code: check.code,
    kind: check.kind,
    severity,
    path,
    message,
    ...(expected === undefined ? {} : { expected }),
    ...(actual === undefined ? {} : { actual }),
    ...(hint === undefined ? {} : { hint }),
    ...(law === undefined || law === null ? {} : { law }),
    ...(fix === undefined ? {} : { fix: { path: fix.path, value: fix.value } }),
  };
}

// A rule of a scorer, as data: to which source classes it applies, what it tests in the evidence, and what follows: points,
// or a category that holds whatever the points say. A judge model's opinion has points like any other reason, and no rule
// gives it a category.

import type { Category, Evidence, SourceClass } from "../schemas/evidence.ts";

export interface Rule {
  /** Told as the reason. */
  readonly reason: string;
  /** All classes unless given. */
  readonly classes?: readonly SourceClass[];
  readonly when: Condition;
  readonly points?: number;
  readonly category?: Category;
}

export type Condition =
  | { readonly has: string }
  | { readonly lacks: string }
  | { readonly path: string; readonly is: string | number | boolean }
  | { readonly path: string; readonly atLeast: number }
  | { readonly path: string; readonly below: number }
  | { readonly findingLike: string }
  | { readonly all: readonly Condition[] };

export interface Scorer {
  readonly version: string;
  readonly base: number;
  readonly rules: readonly Rule[];
  /** The least score of a category, the highest first; below all of them a row is rejected. */
  readonly thresholds: readonly (readonly [Category, number])[];
}

export interface Score {
  readonly category: Category;
  /** 0 to 1, 4 decimals. */
  readonly score: number;
  readonly reasons: readonly string[];
}

export function scoreOf(evidence: Evidence, { base, rules, thresholds }: Scorer): Score {
  let score = base;
  let forced: Category | undefined;
  const reasons: string[] = [];
  for (const { classes, when, points = 0, category, reason } of rules) {
    if (classes !== undefined && !classes.includes(evidence.source_class)) continue;
    if (!holds(evidence, when)) continue;
    reasons.push(reason);
    score += points;
    forced ??= category;
  }
  const rounded = Math.round(Math.min(1, Math.max(0, score)) * 10_000) / 10_000;
  const byScore = thresholds.find(([, least]) => rounded >= least)?.[0] ?? "rejected";
  return { category: forced ?? byScore, score: rounded, reasons };
}

function holds(evidence: Evidence, condition: Condition): boolean {
  if ("all" in condition) return condition.all.every((each) => holds(evidence, each));
  if ("has" in condition) return valueAt(evidence, condition.has) !== undefined;
  if ("lacks" in condition) return valueAt(evidence, condition.lacks) === undefined;
  if ("findingLike" in condition) {
    const { findingLike } = condition;
    return (evidence.validation?.findings ?? []).some(({ code }) => code.includes(findingLike));
  }
  const value = valueAt(evidence, condition.path);
  if ("is" in condition) return value === condition.is;
  if (typeof value !== "number") return false;
  return "atLeast" in condition ? value >= condition.atLeast : value < condition.below;
}

function valueAt(evidence: Evidence, path: string): unknown {
  let value: unknown = evidence;
  for (const step of path.split(".")) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[step];
  }
  return value;
}

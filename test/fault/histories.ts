// The simulations by name, and many seeds of one of them in a row.

import { simulateCatalog } from "./catalog-simulation.ts";
import { simulateLog } from "./log-simulation.ts";
import type { Outcome } from "./world.ts";

/** Each from a seed alone: the same seed is the same history, step by step. */
export const HISTORIES = {
  commits: (seed) => simulateCatalog(seed, "commits"),
  drops: (seed) => simulateCatalog(seed, "drops"),
  log: (seed) => simulateLog(seed),
} as const satisfies Readonly<Record<string, (seed: number) => Promise<Outcome>>>;

export type HistoryName = keyof typeof HISTORIES;
export const HISTORY_NAMES = Object.keys(HISTORIES) as HistoryName[];

export interface Ran {
  /** The first seed that failed; the ones after it were not run. */
  readonly failed: { readonly seed: number; readonly outcome: Outcome } | undefined;
  readonly seeds: number;
  readonly acknowledged: number;
  readonly crashes: number;
}

export async function runHistories(name: HistoryName, first: number, count: number): Promise<Ran> {
  let acknowledged = 0;
  let crashes = 0;
  for (let n = 0; n < count; n += 1) {
    const outcome = await HISTORIES[name](first + n);
    acknowledged += outcome.acknowledged;
    crashes += outcome.crashes;
    if (outcome.violations.length > 0)
      return { failed: { seed: first + n, outcome }, seeds: n + 1, acknowledged, crashes };
  }
  return { failed: undefined, seeds: count, acknowledged, crashes };
}

// Figures from a noisy machine. Subject and reference are measured by turns, in short rounds, and compared
// within a round: what the neighbours do to one they do to the other. The order turns round every time, so
// that drift favours no subject. The median of the rounds is the figure, the quartiles are its spread.

import { assert, present } from "#lib/assert";

/** Fewer say nothing about a spread. */
export const ROUNDS_MIN = 5;

export interface Spread {
  readonly median: number;
  /** First and third quartile. */
  readonly low: number;
  readonly high: number;
}

/** The value below which `share` (0..1) of the values lie, interpolated. */
function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const below = present(sorted[Math.floor(at)], "a value");
  const above = present(sorted[Math.ceil(at)], "a value");
  return below + (above - below) * (at - Math.floor(at));
}

export function spreadOf(values: readonly number[]): Spread {
  assert(values.length > 0, "a spread is of something");
  const sorted = values.toSorted((a, b) => a - b);
  return { median: quantile(sorted, 0.5), low: quantile(sorted, 0.25), high: quantile(sorted, 0.75) };
}

export function medianOf(values: readonly number[]): number {
  return spreadOf(values).median;
}

/** `rounds` results of each of the runs, taken by turns; a round before them that is not counted warms all up. */
export async function inTurns<N extends string, T>(
  rounds: number,
  runs: Readonly<Record<N, () => Promise<T>>>,
): Promise<Record<N, T[]>> {
  assert(rounds >= ROUNDS_MIN, `${ROUNDS_MIN} rounds at least`);
  const names = Object.keys(runs) as N[];
  const results = Object.fromEntries(names.map((name): [N, T[]] => [name, []])) as Record<N, T[]>;
  for (const name of names) await runs[name]();
  for (let round = 0; round < rounds; round += 1) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) results[name].push(await runs[name]());
  }
  return results;
}

/** The ratios of the rounds, subject to reference. */
export function ratioOf<T>(
  subject: readonly T[],
  reference: readonly T[],
  figure: (result: T) => number,
): Spread {
  assert(subject.length === reference.length, "rounds come in pairs");
  return spreadOf(
    subject.map((result, round) => figure(result) / figure(present(reference[round], "its pair"))),
  );
}

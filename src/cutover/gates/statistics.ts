// The statistics of the gates: an upper bound for a rate, and one for the ratio of two p99 that were measured in pairs.

import { yieldToEventLoop } from "#lib/event-loop";
import type { Random } from "#lib/random";

/** One-sided 95 %. */
const Z = 1.644_853_626_951;
const RESAMPLES = 200;
const CONFIDENCE = 0.95;
const YIELD_EVERY = 10;

/** Upper end of the Wilson score interval (Wilson 1927), one-sided at 95 %: 0 of 3,000 is 0.09 %. 1 of none. */
export function wilsonUpper(hits: number, total: number): number {
  if (total === 0) return 1;
  const rate = hits / total;
  const z2 = Z * Z;
  const centre = rate + z2 / (2 * total);
  const spread = Z * Math.sqrt((rate * (1 - rate)) / total + z2 / (4 * total * total));
  return Math.min(1, (centre + spread) / (1 + z2 / total));
}

/** The value below which a share `q` lies, by rank; NaN of none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? NaN;
}

/** Of one call: what the upstream and this house took, in milliseconds. */
export type Pair = readonly [there: number, here: number];

/**
 * Upper end of a 95 % bootstrap interval of p99 here against p99 there; pairs stay together (Efron 1979). Infinity of
 * none. Gives the event loop room, for it takes some ten milliseconds for 1,000 pairs.
 */
export async function p99RatioUpper(pairs: readonly Pair[], random: Random): Promise<number> {
  if (pairs.length === 0) return Infinity;
  const held = [...pairs];
  const ratios: number[] = [];
  for (let made = 0; made < RESAMPLES; made += 1) {
    const sample = held.map(() => random.pick(held));
    const [there, here] = [0, 1].map((side) =>
      quantile(
        sample.map((pair) => pair[side as 0 | 1]),
        0.99,
      ),
    );
    ratios.push((here ?? 0) / (there ?? 1));
    if (made % YIELD_EVERY === 0) await yieldToEventLoop();
  }
  return quantile(ratios, CONFIDENCE);
}

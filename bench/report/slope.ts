// The slope of a line through noisy points, after Theil and Sen: the median of the slopes between all pairs of them.
// A garbage collection or a burst moves a few points and not the median. Its spread is the distribution-free
// interval that Sen gives (Journal of the American Statistical Association 63, 1968), taken at one half, so that
// `low` and `high` are quartiles as everywhere in these benches. Quadratic: for a few thousand points at most.

import { assert, present } from "#lib/assert";
import type { Spread } from "./rounds.ts";

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Of the normal distribution: half of it lies within so many standard deviations. */
const QUARTILE_Z = 0.6745;

export function slopeOf(points: readonly Point[]): Spread {
  const slopes: number[] = [];
  for (const [place, a] of points.entries()) {
    for (const b of points.slice(place + 1)) if (b.x !== a.x) slopes.push((b.y - a.y) / (b.x - a.x));
  }
  assert(slopes.length > 0, "a slope is that of two points at least");
  const sorted = Float64Array.from(slopes).sort();
  const count = points.length;
  const reach = QUARTILE_Z * Math.sqrt((count * (count - 1) * (2 * count + 5)) / 18);
  const at = (rank: number): number =>
    present(sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(rank)))], "a slope");
  const middle = (sorted.length - 1) / 2;
  return { median: at(middle), low: at(middle - reach / 2), high: at(middle + reach / 2) };
}

// What a record does to a hit: pure arithmetic. A good one lifts by `factor = 1 - 0.5 * score * weight * decay`, so that the
// same query with a fresh record of score 1 halves the distance exactly; a bad one pushes down by the mirror of it, and one
// of score 0 adds half. Of several records the strongest counts, never their product: many weak or equal records are
// worth no more than one.

import type { PlaybookRecord } from "#contracts/matrix";

export type Effect = "lift" | "push_down";

/** Results that push down, when the score is below the middle. */
const BAD_RESULTS: ReadonlySet<string> = new Set(["bad", "no_show", "rejected"]);
const MIDDLE = 0.5;
/** The share of a distance that the strongest record takes away, or adds. */
const STRONGEST = 0.5;
/** A query half as far as the greatest distance is another query more often than not: its answers count an eighth. */
const STEEPNESS = 3;

export function effectOf({ score, outcome }: Pick<PlaybookRecord, "score" | "outcome">): Effect {
  const result = outcome?.result
    ?.trim()
    .toLowerCase()
    .replaceAll(/[\s-]+/g, "_");
  return score < MIDDLE && result !== undefined && BAD_RESULTS.has(result) ? "push_down" : "lift";
}

/** 1 for the same query, falling to 0 at `distanceMax`: steeply, since of two orders for one role the place may differ. */
export function weightAt(distance: number, distanceMax: number): number {
  if (distanceMax <= 0) return distance <= 0 ? 1 : 0;
  return Math.min(1, Math.max(0, 1 - distance / distanceMax)) ** STEEPNESS;
}

/** What age leaves of a record: half of it at each half-life. */
export function decayAt(ageMs: number, halfLifeMs: number): number {
  return 0.5 ** (Math.max(0, ageMs) / halfLifeMs);
}

export interface Recorded {
  readonly effect: Effect;
  readonly score: number;
  readonly weight: number;
  readonly decay: number;
}

/** What distances are multiplied with: 0.5 to 1 lifts, 1 to 1.5 pushes down. */
export function factorOf({ effect, score, weight, decay }: Recorded): number {
  return effect === "lift"
    ? 1 - STRONGEST * score * weight * decay
    : 1 + STRONGEST * (1 - score) * weight * decay;
}

/** How a factor acts on a score; on a distance it acts as it is. */
export function boostedScore(score: number, factor: number): number {
  return 1 - factor * (1 - score);
}

// What a trace is worth besides fitting the query: whether it worked, by the lower end of Wilson's interval, so that nine of
// ten counts for more than one of one; and how recently it was recorded or used. Both only decide among traces that fit
// alike.

import type { Moment } from "../moments.ts";
import type { TrackRecord } from "../index/traces.ts";

/** Two-sided 95 %. */
const Z = 1.96;
/** The worth of what was never tried: above what failed, below what worked once (0.21). */
const UNTRIED = 0.15;
/** At most so much is gained by success, as a share of the score. */
const SUCCESS_WEIGHT = 0.25;
const RECENCY_WEIGHT = 0.05;
const DAY_MICROS = 86_400_000_000;
/** After so long half of what recency gives is gone. */
const RECENCY_HALF_LIFE = 90 * DAY_MICROS;

/** The lower end of Wilson's score interval of a mean of values between 0 and 1 (Wilson 1927); 0 for none. */
export function wilsonLow(sum: number, count: number): number {
  if (count === 0) return 0;
  const p = sum / count;
  const z2 = (Z * Z) / count;
  const low = (p + z2 / 2 - Z * Math.sqrt((p * (1 - p)) / count + z2 / (4 * count))) / (1 + z2);
  return Math.max(0, low);
}

/** A factor of the score, around 1. */
export function worthOf({ uses, sum, lastAt }: TrackRecord, recordedAt: Moment, now: Moment): number {
  const success = uses === 0 ? UNTRIED : wilsonLow(sum, uses);
  const age = Math.max(0, now - Math.max(recordedAt, lastAt ?? 0));
  const recency = 2 ** (-age / RECENCY_HALF_LIFE);
  return (1 + SUCCESS_WEIGHT * (success - UNTRIED)) * (1 + RECENCY_WEIGHT * recency);
}

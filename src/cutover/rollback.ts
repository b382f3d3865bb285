// Rollback by itself: while this house answers a route that an upstream could answer, its failures and its p99 are watched,
// and when one leaves its band and is still outside a moment later, the route goes back to the upstream. A pure core:
// it is told of calls and of time, and says when.

import { quantile } from "./gates/statistics.ts";

/** What is judged: the newest calls of a route. */
const CALLS_MAX = 200;
const WINDOW_MS = 30_000;
/** Fewer show nothing. */
const FAILED_MIN = 5;
const CALLS_MIN = 10;
/** Above it the route leaves the band; it is back inside only below half of it, so that it does not flap. */
const FAILED_SHARE_MAX = 0.05;
const P99_CALLS_MIN = 100;
/** p99 that leaves the band: so many times what the upstream took in shadow, and so many milliseconds. */
const P99_RATIO_MAX = 2;
const P99_EXTRA_MS = 50;
/** Outside for that long: one burst is no trend, and a rollback still comes within a second. */
export const CONFIRM_MS = 200;

interface Call {
  readonly at: number;
  readonly failed: boolean;
  readonly ms: number;
}

export interface Watch {
  note(call: Call): void;
  /** Why the route must go back, or undefined. */
  verdict(now: number): string | undefined;
}

/** `referenceMs` is the p99 of the upstream; undefined where it is not known. */
export function createWatch(referenceMs: number | undefined): Watch {
  let calls: Call[] = [];
  let outsideSince: number | undefined;

  const problem = (now: number): string | undefined => {
    calls = calls.filter(({ at }) => at > now - WINDOW_MS);
    const failed = calls.filter((call) => call.failed).length;
    const share = failed / calls.length;
    const limit = outsideSince === undefined ? FAILED_SHARE_MAX : FAILED_SHARE_MAX / 2;
    if (calls.length >= CALLS_MIN && failed >= FAILED_MIN && share > limit) {
      return `${failed} of the last ${calls.length} calls failed here, above ${FAILED_SHARE_MAX * 100} %`;
    }
    if (referenceMs === undefined || calls.length < P99_CALLS_MIN) return undefined;
    const p99 = quantile(
      calls.map(({ ms }) => ms),
      0.99,
    );
    const most = referenceMs * P99_RATIO_MAX + P99_EXTRA_MS;
    if (p99 <= most) return undefined;
    return `p99 here is ${p99.toFixed(0)} ms, above ${most.toFixed(0)} ms`;
  };

  return {
    note: (call) => {
      calls.push(call);
      if (calls.length > CALLS_MAX) calls.shift();
    },
    verdict: (now) => {
      const found = problem(now);
      if (found === undefined) {
        outsideSince = undefined;
        return undefined;
      }
      outsideSince ??= now;
      return now - outsideSince >= CONFIRM_MS ? found : undefined;
    },
  };
}

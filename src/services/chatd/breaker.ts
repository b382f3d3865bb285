// A circuit breaker for one model of one provider: after some failures in a row it is open, and calls are turned away at
// once instead of waiting for a provider that is down. When its time is over it lets a single call through, the probe;
// that call's success closes it, its failure opens it for twice as long. A caller that goes away says nothing of the
// provider and counts as neither.

import type { BreakerState } from "#contracts/chat";

/** In a row; a few errors under load are not an outage. */
const FAILURES_MAX = 5;
const OPEN_MS_FIRST = 5000;
/** An outage that ends is noticed within this time. */
const OPEN_MS_MAX = 120_000;

/** The right to make one call; exactly one of its functions is called. */
export interface Permit {
  succeed(): void;
  /** `openMs` opens it at once and for that long: the provider itself said when to come back. */
  fail(openMs?: number): void;
  /** Nothing was learnt. */
  abandon(): void;
}

export interface Breaker {
  state(): BreakerState;
  /** Milliseconds until a probe is let through; 0 when calls are. */
  opensInMs(): number;
  /** Undefined while calls are turned away. */
  permit(): Permit | undefined;
}

/** `now` is in milliseconds, of any epoch. */
export function createBreaker(now: () => number): Breaker {
  let failures = 0;
  let openMs = 0;
  let openUntil = 0;
  let probing = false;

  const open = (forMs: number): void => {
    openMs = forMs;
    openUntil = now() + forMs;
  };
  const isOpen = (): boolean => openMs > 0;

  const permitOf = (probe: boolean): Permit => ({
    succeed: () => {
      failures = 0;
      if (probe || !isOpen()) openMs = 0;
      if (probe) probing = false;
    },
    fail: (forMs) => {
      failures += 1;
      if (probe) {
        probing = false;
        open(Math.max(forMs ?? 0, Math.min(OPEN_MS_MAX, openMs * 2)));
      } else if (forMs !== undefined) open(Math.max(forMs, openUntil - now()));
      else if (!isOpen() && failures >= FAILURES_MAX) open(OPEN_MS_FIRST);
    },
    abandon: () => {
      if (probe) probing = false;
    },
  });

  return {
    state: () => (isOpen() ? (now() >= openUntil ? "half_open" : "open") : "closed"),
    opensInMs: () => (isOpen() ? Math.max(0, openUntil - now()) : 0),
    permit: () => {
      if (!isOpen()) return permitOf(false);
      if (now() < openUntil || probing) return undefined;
      probing = true;
      return permitOf(true);
    },
  };
}

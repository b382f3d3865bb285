// When requests are due. A closed loop's next request is due whenever a client is free; an open loop's are due
// at fixed moments, whatever the server does. Both say for each request when it was meant to start, which is
// what its latency counts from. Times are milliseconds of one monotonic clock.

export interface Arrivals {
  /** The moment the next request was meant to start, once that moment is there; null when none is due now. */
  take(now: number): number | null;
  /** True when no further request will ever be due. */
  ended(now: number): boolean;
  /** The moment of the next request; null when nothing need be waited for. */
  readonly nextAt: number | null;
  /** Requests that are due and were not taken. */
  owed(now: number): number;
}

/** As many as the clients manage until `endAt`, or until `requestsMax` were sent. */
export function closedLoop(endAt: number, requestsMax: number): Arrivals {
  let taken = 0;
  const ended = (now: number): boolean => now >= endAt || taken >= requestsMax;
  return {
    take: (now) => {
      if (ended(now)) return null;
      taken += 1;
      return now;
    },
    ended,
    nextAt: null,
    owed: () => 0,
  };
}

/** Exactly `requests` of them, evenly from `startAt` on, `rate` a second. */
export function openLoop(startAt: number, rate: number, requests: number): Arrivals {
  let taken = 0;
  const at = (index: number): number => startAt + (index * 1000) / rate;
  return {
    take: (now) => {
      const due = at(taken);
      if (taken >= requests || due > now) return null;
      taken += 1;
      return due;
    },
    ended: () => taken >= requests,
    get nextAt() {
      return taken >= requests ? null : at(taken);
    },
    owed: (now) => Math.max(0, Math.min(requests, Math.floor(((now - startAt) * rate) / 1000) + 1) - taken),
  };
}

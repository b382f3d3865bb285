// When the work of a load is due. A closed loop's next piece is due whenever a client is free; an open loop's are due at
// fixed moments, whatever the server does. Both say for each piece when it was meant to start, which is what its latency
// counts from: a server that stands still for a second shows it in everything that was due in that second (no coordinated
// omission). What is due and not yet taken is a number, and no list: a backlog costs no memory. Times are milliseconds of
// one monotonic clock.

export interface Arrivals {
  /** The moment the next piece was meant to start, once that moment is there; null when none is due now. */
  take(now: number): number | null;
  /** True when nothing further will ever be due. */
  ended(now: number): boolean;
  /** The moment of the next piece; null when nothing need be waited for. */
  readonly nextAt: number | null;
  /** Pieces that are due and were not taken. */
  owed(now: number): number;
}

/** As many as the clients manage until `endAt`, or until `most` were taken. */
export function closedLoop(endAt: number, most: number): Arrivals {
  let taken = 0;
  const ended = (now: number): boolean => now >= endAt || taken >= most;
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

/** Exactly `most` of them, evenly from `startAt` on, `rate` a second. */
export function openLoop(startAt: number, rate: number, most: number): Arrivals {
  let taken = 0;
  const at = (index: number): number => startAt + (index * 1000) / rate;
  return {
    take: (now) => {
      const due = at(taken);
      if (taken >= most || due > now) return null;
      taken += 1;
      return due;
    },
    ended: () => taken >= most,
    get nextAt() {
      return taken >= most ? null : at(taken);
    },
    owed: (now) => Math.max(0, Math.min(most, Math.floor(((now - startAt) * rate) / 1000) + 1) - taken),
  };
}

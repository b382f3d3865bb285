// Time is an argument, so that tests and simulations own it. Production code takes `systemClock`.

export interface Clock {
  /** Milliseconds since the Unix epoch, UTC. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

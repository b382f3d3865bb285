// The monotonic clock of a load, and waiting for a moment on it. Tests have one of their own, whose time they move.

import { pause } from "#lib/abort";

export interface LoadClock {
  /** Milliseconds. */
  now(): number;
  /** Resolves at that moment, or as soon as the signal fires. */
  until(at: number, signal: AbortSignal): Promise<void>;
}

/** Timers know whole milliseconds; the rest of the last one is waited for turn by turn of the event loop. */
export const systemLoadClock: LoadClock = {
  now: () => performance.now(),
  until: async (at, signal) => {
    const wholeMs = Math.floor(at - performance.now());
    if (wholeMs >= 1) await pause(wholeMs, signal);
    while (performance.now() < at && !signal.aborted) await turn();
  },
};

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

// The one statement that an engine is running. Whoever stops it must know when it has really ended, because
// only then may the next one start: so every call into DuckDB is a step, and stopping waits for the step that
// is under way. Between steps nothing runs, even when a stream's reader has stopped reading.

import type { Duckdb } from "#adapters/duckdb";
import { Fault } from "#rpc/fault";

/** An interrupt that comes before DuckDB has started is lost, so it is sent again this often. */
const INTERRUPT_EVERY_MS = 10;

export interface Running {
  /** Fires when the statement is stopped. */
  readonly signal: AbortSignal;
  /** Does one step, unless the statement was stopped. */
  step<T>(work: () => Promise<T>): Promise<T>;
  /** Ends the statement; resolves when nothing of it runs any more. */
  stop(): Promise<void>;
}

export function running(db: () => Duckdb | undefined): Running {
  const controller = new AbortController();
  const { signal } = controller;
  let underWay: Promise<unknown> = Promise.resolve();
  return {
    signal,
    step: (work) => {
      if (signal.aborted) return Promise.reject(new Fault("cancelled", "The query was stopped."));
      const done = work();
      underWay = done.catch(() => undefined);
      return done;
    },
    stop: async () => {
      controller.abort(new Fault("cancelled", "The query was stopped."));
      db()?.interrupt();
      const again = setInterval(() => db()?.interrupt(), INTERRUPT_EVERY_MS);
      await underWay;
      clearInterval(again);
    },
  };
}

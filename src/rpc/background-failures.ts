// Work that nobody waits for: a worker that is started ahead, stored files that are removed, an index that is built again.
// When it fails no caller gets the error, so it is logged where it happens and counted for the daemon's health.

import type { Log } from "#lib/log";
import { traceOf } from "./fault.ts";

export class BackgroundFailures {
  readonly #log: Log | undefined;
  readonly #counts = new Map<string, number>();

  constructor(log: Log | undefined) {
    this.#log = log;
  }

  /** By the name of the work, since the start: `failures` of a daemon's stats. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  /** `work` is one of a few names; what differs from time to time goes into `fields`. */
  note(work: string, error: unknown, fields: Readonly<Record<string, unknown>> = {}): void {
    this.count(work);
    this.#log?.warn("background work failed", { work, ...fields, ...traceOf(error) });
  }

  /** For work that is tried again every few seconds, and would fill the log. */
  count(work: string): void {
    this.#counts.set(work, (this.#counts.get(work) ?? 0) + 1);
  }
}

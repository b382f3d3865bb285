// Work that nobody waits for: a worker that is started ahead, stored files that are taken back. When it fails no caller gets
// the error, so it is logged once, where it happens, and counted for the daemon's health.

import type { Log } from "#lib/log";
import { traceOf } from "#rpc/fault";

export class BackgroundFailures {
  readonly #log: Log | undefined;
  #count = 0;

  constructor(log: Log | undefined) {
    this.#log = log;
  }

  /** How many there were since the start. */
  get count(): number {
    return this.#count;
  }

  note(what: string, error: unknown): void {
    this.#count += 1;
    this.#log?.warn(what, traceOf(error));
  }
}

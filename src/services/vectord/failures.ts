// Background work that failed: logged once each time, counted by the name of the work, and reported until the same
// work succeeds. Searches and writes go on meanwhile.

import type { Log } from "#lib/log";
import { traceOf } from "#rpc/fault";

export type BackgroundWork =
  | "graph build"
  | "partition build"
  | "graph file"
  | "snapshot"
  | "garbage collection"
  | "calibration"
  | "log head"
  | "table"
  | "upkeep"
  | "recall";

export class Failures {
  readonly #log: Log;
  readonly #counts = new Map<BackgroundWork, number>();
  readonly #current = new Map<BackgroundWork, string>();

  constructor(log: Log) {
    this.#log = log;
  }

  failed(work: BackgroundWork, error: unknown): void {
    this.#counts.set(work, (this.#counts.get(work) ?? 0) + 1);
    this.#current.set(work, error instanceof Error ? error.message : "unknown");
    this.#log.warn("background work failed", { work, ...traceOf(error) });
  }

  succeeded(work: BackgroundWork): void {
    this.#current.delete(work);
  }

  get counts(): ReadonlyMap<BackgroundWork, number> {
    return this.#counts;
  }

  /** The first thing that has failed and not succeeded since. */
  get current(): string | null {
    const [first] = this.#current.values();
    return first ?? null;
  }
}

// Background work on tables: merging small files soon after they were appended, and at intervals all that
// `maintain` does. One table at a time; what fails is logged, counted and tried again the next time.

import type { BackgroundFailures } from "#rpc/background-failures";
import { toFault } from "#rpc/fault";
import { MERGED_MIN } from "./plan.ts";

export interface BackgroundDeps {
  readonly compact: (name: string) => Promise<unknown>;
  readonly maintainAll: (signal: AbortSignal) => Promise<void>;
  readonly failures: BackgroundFailures;
}

/** Snapshots expire by the day, so a few looks a day are enough; the first is late, for a house that starts. */
const INTERVAL_MS = 6 * 60 * 60 * 1000;
/** Tables with appends that were not looked at yet; beyond that the intervals must do. */
const WAITING_MAX = 10_000;

export class Background {
  readonly #deps: BackgroundDeps;
  readonly #appends = new Map<string, number>();
  readonly #waiting = new Set<string>();
  readonly #stop = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  #running: Promise<void> | undefined;
  #maintaining: Promise<void> | undefined;

  constructor(deps: BackgroundDeps) {
    this.#deps = deps;
    this.#timer = setInterval(() => {
      // One that takes longer than an interval is waited for.
      this.#maintaining ??= this.#attempt("maintenance", "all", () =>
        deps.maintainAll(this.#stop.signal),
      ).finally(() => (this.#maintaining = undefined));
    }, INTERVAL_MS);
    this.#timer.unref();
  }

  /** A small file was appended. After some of them the table's small files are merged. */
  appended(name: string): void {
    const appends = (this.#appends.get(name) ?? 0) + 1;
    if (appends < MERGED_MIN) {
      if (this.#appends.size < WAITING_MAX || this.#appends.has(name)) this.#appends.set(name, appends);
      return;
    }
    this.#appends.delete(name);
    this.#waiting.add(name);
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
  }

  async #run(): Promise<void> {
    for (const name of this.#waiting) {
      if (this.#stop.signal.aborted) return;
      this.#waiting.delete(name);
      await this.#attempt("compaction", name, () => this.#deps.compact(name));
    }
  }

  async #attempt(work: string, dataset: string, run: () => Promise<unknown>): Promise<void> {
    try {
      await run();
    } catch (error) {
      // A table that was dropped or replaced meanwhile needs no work, and a house that ends does none.
      const { code } = toFault(error);
      if (this.#stop.signal.aborted || code === "not_found" || code === "conflict") return;
      this.#deps.failures.note(work, error, { dataset });
    }
  }

  /** Resolves when nothing runs any more. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#stop.abort();
    await Promise.all([this.#running, this.#maintaining]);
  }
}

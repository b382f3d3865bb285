// What loads in progress hold: an Idempotency-Key, a file's content, the right to commit to a dataset. A load
// reserves its names before it begins, and a second one with the same name waits for the first to end: then the
// snapshot's summary says what became of it. Reservations live in memory, so that none outlives its process;
// between processes the catalog's commit is what decides.

import { Semaphore } from "#lib/semaphore";
import { Fault } from "#rpc/fault";

/** Loads that wait for one name, each with its file on disk. */
const WAITING_MAX = 64;
/** As long as the load that is waited for may take. */
const WAIT_MS_MAX = 3_600_000;

export class Reservations {
  readonly #names = new Map<string, Semaphore>();

  /** Runs `work` while it alone holds all the names. Throws the signal's reason when it fires before. */
  async within<R>(names: readonly string[], signal: AbortSignal, work: () => Promise<R>): Promise<R> {
    const held: (() => void)[] = [];
    try {
      // In one order everywhere: two that want the same names never wait for each other.
      for (const name of [...new Set(names)].sort()) held.push(await this.#take(name, signal));
      return await work();
    } finally {
      for (const release of held.reverse()) release();
    }
  }

  async #take(name: string, signal: AbortSignal): Promise<() => void> {
    const semaphore = this.#names.get(name) ?? new Semaphore(1, WAITING_MAX);
    this.#names.set(name, semaphore);
    try {
      const release = await semaphore.take(WAIT_MS_MAX, signal);
      if (release !== undefined) {
        return () => {
          release();
          this.#forgetUnused(name, semaphore);
        };
      }
    } catch (error) {
      this.#forgetUnused(name, semaphore);
      throw error;
    }
    throw new Fault("unavailable", "Too many loads wait for the same one. Try again in a moment.", {
      retryAfterMs: 5000,
    });
  }

  #forgetUnused(name: string, semaphore: Semaphore): void {
    if (semaphore.used === 0 && this.#names.get(name) === semaphore) this.#names.delete(name);
  }
}

// The objects known to be damaged or lost, and those that cannot be compared because their checksums are damaged. Damage is
// recorded once, by a read or by the scrub, and reported by health until the object is stored again, removed, or found
// intact; it is logged once.

import type { Log } from "#lib/log";
import { Fault } from "#rpc/fault";

/** Further keys are counted and not recorded, so that a lost disk does not fill the memory. */
const KEYS_MAX = 1000;
/** Keys that health names. */
const NAMED_MAX = 20;

export class Damage {
  readonly #problems = new Map<string, string>();
  readonly #log: Log | undefined;
  #unnamed = 0;

  constructor(log: Log | undefined) {
    this.#log = log;
  }

  /** Runs the work on an object, and records damage when it throws `internal`; rethrows whatever it throws. */
  async watch<T>(key: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      if (thrown instanceof Fault && thrown.code === "internal") this.note(key, thrown.message);
      throw thrown;
    }
  }

  /** The object is intact again, or was removed on purpose. */
  cleared(key: string): void {
    this.#problems.delete(key);
  }

  get count(): number {
    return this.#problems.size + this.#unnamed;
  }

  get keys(): string[] {
    return [...this.#problems.keys()].slice(0, NAMED_MAX);
  }

  note(key: string, problem: string): void {
    if (this.#problems.has(key)) return;
    if (this.#problems.size >= KEYS_MAX) {
      this.#unnamed += 1;
      return;
    }
    this.#problems.set(key, problem);
    this.#log?.error("object is damaged", { key, problem });
  }
}

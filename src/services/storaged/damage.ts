// What is known to be damaged or lost in the store. A damage is found once, by a read or by the scrub, and told until its
// object is put again, removed, or found whole: health has it, and the log has it once.

import type { Log } from "#lib/log";
import { Fault } from "#rpc/fault";

/** More keys than that are counted and not named: a lost disk is one damage, not a million. */
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

  /** Does the work on an object and remembers when it fails because the object is damaged; throws what it throws. */
  async watch<T>(key: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      if (thrown instanceof Fault && thrown.code === "internal") this.#found(key, thrown.message);
      throw thrown;
    }
  }

  /** The object is whole again, or meant to be gone. */
  mended(key: string): void {
    this.#problems.delete(key);
  }

  get count(): number {
    return this.#problems.size + this.#unnamed;
  }

  get keys(): string[] {
    return [...this.#problems.keys()].slice(0, NAMED_MAX);
  }

  #found(key: string, problem: string): void {
    if (this.#problems.has(key)) return;
    if (this.#problems.size >= KEYS_MAX) {
      this.#unnamed += 1;
      return;
    }
    this.#problems.set(key, problem);
    this.#log?.error("object is damaged", { key, problem });
  }
}

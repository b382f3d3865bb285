// What a commit leaves behind it once it is made: the hint, for readers without a catalog and as a second proof at the next
// start, and metadata files that have left the log. Nobody waits for either, and for neither does a commit fail: a hint
// that is late names a version that is whole, and a file that stays is removed by maintenance. Commits that come while a
// table's hint is written share the next one.

import { bytesOf } from "#adapters/objects/objects";
import type { storage } from "#contracts/storage";
import type { BackgroundFailures } from "#rpc/background-failures";
import type { Service } from "#rpc/contract";
import { hintKey } from "./place.ts";

interface Left {
  readonly version: number;
  /** Keys of metadata files that nothing names any more. */
  readonly unlogged: readonly string[];
}

export class AfterCommits {
  readonly #storage: Service<typeof storage>;
  readonly #failures: BackgroundFailures;
  /** By the prefix of the table. */
  readonly #left = new Map<string, Left>();
  readonly #running = new Map<string, Promise<void>>();

  constructor(store: Service<typeof storage>, failures: BackgroundFailures) {
    this.#storage = store;
    this.#failures = failures;
  }

  add(prefix: string, { version, unlogged }: Left): void {
    this.#left.set(prefix, { version, unlogged: [...(this.#left.get(prefix)?.unlogged ?? []), ...unlogged] });
    if (!this.#running.has(prefix)) this.#running.set(prefix, this.#run(prefix));
  }

  /** Resolves when nothing is left of a table, or of any. */
  async settled(prefix?: string): Promise<void> {
    await (prefix === undefined ? Promise.all(this.#running.values()) : this.#running.get(prefix));
  }

  async #run(prefix: string): Promise<void> {
    for (let left = this.#left.get(prefix); left !== undefined; left = this.#left.get(prefix)) {
      this.#left.delete(prefix);
      const hint = hintKey(prefix);
      const body = bytesOf(String(left.version));
      await Promise.all([
        this.#noted("version hint", this.#storage.put({ key: hint, body }), hint),
        ...left.unlogged.map((key) => this.#noted("removal of metadata", this.#storage.remove({ key }), key)),
      ]);
    }
    this.#running.delete(prefix);
  }

  async #noted(work: string, running: Promise<unknown>, key: string): Promise<void> {
    try {
      await running;
    } catch (error) {
      this.#failures.note(work, error, { key });
    }
  }
}

// Work of one name, one after the other, in the order in which it was asked for; work of different names runs side by side.

export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** What failed before does not keep the next from its turn. */
  async take<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#last.set(name, mine);
    try {
      return await mine;
    } finally {
      if (this.#last.get(name) === mine) this.#last.delete(name);
    }
  }
}

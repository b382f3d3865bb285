// Progress of work that is under way, as it is asked for: only the newest note waits, so a slow reader neither
// holds the work up nor finds a backlog.

/** Notes closer together than this are dropped: nobody reads faster. */
const NOTE_MS_MIN = 100;

export class Progress<N> {
  #newest: N | undefined;
  #notedAt = 0;
  #wake: (() => void) | undefined;

  /** Replaces the note that waits. `always` is for notes that must not be dropped for being too soon. */
  note(note: N, always = false): void {
    const now = Date.now();
    if (!always && now - this.#notedAt < NOTE_MS_MIN) return;
    this.#notedAt = now;
    this.#newest = note;
    this.#wake?.();
  }

  /** The notes while `work` goes on, then its result; throws what it throws. */
  async *during<R>(work: Promise<R>): AsyncGenerator<{ note: N } | { result: R }> {
    const state = { ended: false };
    const end = (): void => {
      state.ended = true;
      this.#wake?.();
    };
    work.then(end, end);
    while (!state.ended) {
      if (this.#newest === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      }
      const note = this.#newest;
      this.#newest = undefined;
      if (note !== undefined) yield { note };
    }
    yield { result: await work };
  }
}

// Texts of all callers, asked of a model together: a question over a network costs the same for one text as for a
// hundred. A text waits some milliseconds for company. What a provider refuses as a batch is asked in halves, so
// that one text that is too long does not spoil its neighbours'.

import { Fault } from "#rpc/fault";

/** More than this gains nothing on any provider, and some take no more. */
const TEXTS_MAX = 128;
/** What a lone text loses by waiting; small beside any model's answer. */
const WAIT_MS = 5;
/** Questions at once: providers answer some in parallel, and one slow batch must not hold all others back. */
const FLIGHTS_MAX = 4;
/** Eight full requests; who comes later is told to come again. */
const WAITING_MAX = 4096;
/** In characters: half the memory that the texts of a busy second may hold. */
const WAITING_CHARS_MAX = 16 * 1024 * 1024;

interface Waiting {
  readonly text: string;
  readonly answered: PromiseWithResolvers<Float32Array>;
}

export class Batches {
  readonly #question: (texts: readonly string[]) => Promise<readonly Float32Array[]>;
  readonly #waiting: Waiting[] = [];
  #chars = 0;
  #flights = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `question` gives as many vectors as it got texts. */
  constructor(question: (texts: readonly string[]) => Promise<readonly Float32Array[]>) {
    this.#question = question;
  }

  /** Its vector. Rejects with the question's fault, or `unavailable` when too many wait. */
  async ask(text: string): Promise<Float32Array> {
    if (this.#waiting.length >= WAITING_MAX || this.#chars >= WAITING_CHARS_MAX) {
      throw new Fault("unavailable", "Too many texts wait for this model. Send them again later.", {
        retryAfterMs: 1000,
      });
    }
    this.#chars += text.length;
    const answered = Promise.withResolvers<Float32Array>();
    this.#waiting.push({ text, answered });
    if (this.#waiting.length >= TEXTS_MAX) this.#fly();
    else this.#timer ??= setTimeout(() => this.#fly(), WAIT_MS);
    return answered.promise;
  }

  #fly(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#waiting.length > 0 && this.#flights < FLIGHTS_MAX) {
      const batch = this.#waiting.splice(0, TEXTS_MAX);
      this.#flights += 1;
      for (const { text } of batch) this.#chars -= text.length;
      void this.#answer(batch).then(() => {
        this.#flights -= 1;
        this.#fly();
      });
    }
  }

  async #answer(batch: readonly Waiting[]): Promise<void> {
    try {
      // No caller's signal: others may wait for the same texts, and what was asked is kept.
      const vectors = await this.#question(batch.map(({ text }) => text));
      for (const [place, { answered }] of batch.entries()) answered.resolve(vectors[place] as Float32Array);
    } catch (error) {
      const half = batch.length >> 1;
      if (half === 0 || !(error instanceof Fault && error.code === "invalid")) {
        for (const { answered } of batch) answered.reject(error);
        return;
      }
      await this.#answer(batch.slice(0, half));
      await this.#answer(batch.slice(half));
    }
  }
}

// Batches the texts of all callers into one request to a model: over a network, a request costs the same for one text as
// for a hundred. A text waits some milliseconds for others to join it. A batch that a provider refuses is split in half
// and sent again, so that one text that is too long does not fail the others.

import { Fault } from "#rpc/fault";

/** More than this gains nothing on any provider, and some take no more. */
const TEXTS_MAX = 128;
/** How long a single text waits for others; small beside any model's latency. */
const WAIT_MS = 5;
/** Concurrent requests: providers work on some in parallel, and one slow batch must not hold up all others. */
const REQUESTS_MAX = 4;
/** Eight full requests; further texts are refused with `unavailable` and a retry delay. */
const WAITING_MAX = 4096;
/** In characters: half the memory that the texts of a busy second may hold. */
const WAITING_CHARS_MAX = 16 * 1024 * 1024;

interface Waiting {
  readonly text: string;
  readonly vector: PromiseWithResolvers<Float32Array>;
}

export class Batches {
  readonly #embed: (texts: readonly string[]) => Promise<readonly Float32Array[]>;
  readonly #waiting: Waiting[] = [];
  #chars = 0;
  #inFlight = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `embed` returns as many vectors as it gets texts. */
  constructor(embed: (texts: readonly string[]) => Promise<readonly Float32Array[]>) {
    this.#embed = embed;
  }

  /** The text's vector. Rejects with the request's fault, or `unavailable` when the queue is full. */
  async vectorOf(text: string): Promise<Float32Array> {
    if (this.#waiting.length >= WAITING_MAX || this.#chars >= WAITING_CHARS_MAX) {
      throw new Fault("unavailable", "Too many texts wait for this model. Send them again later.", {
        retryAfterMs: 1000,
      });
    }
    this.#chars += text.length;
    const vector = Promise.withResolvers<Float32Array>();
    this.#waiting.push({ text, vector });
    if (this.#waiting.length >= TEXTS_MAX) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), WAIT_MS);
    return vector.promise;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#waiting.length > 0 && this.#inFlight < REQUESTS_MAX) {
      const batch = this.#waiting.splice(0, TEXTS_MAX);
      this.#inFlight += 1;
      for (const { text } of batch) this.#chars -= text.length;
      void this.#resolve(batch).then(() => {
        this.#inFlight -= 1;
        this.#flush();
      });
    }
  }

  async #resolve(batch: readonly Waiting[]): Promise<void> {
    try {
      // No caller's signal: others may wait for the same texts, and the vectors are cached.
      const vectors = await this.#embed(batch.map(({ text }) => text));
      for (const [place, { vector }] of batch.entries()) vector.resolve(vectors[place] as Float32Array);
    } catch (error) {
      const half = batch.length >> 1;
      if (half === 0 || !(error instanceof Fault && error.code === "invalid")) {
        for (const { vector } of batch) vector.reject(error);
        return;
      }
      await this.#resolve(batch.slice(0, half));
      await this.#resolve(batch.slice(half));
    }
  }
}

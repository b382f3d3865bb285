// A model at work: where its vectors come from when the memory does not have them, and what is refused of what it
// answers, so that nonsense is never cached or indexed. A model that is computed here is asked at once. One that is
// asked over a network is asked in batches, and its answers are kept on disk.

import type { EmbedModel } from "#adapters/embed/embed-model";
import type { VectorKey, VectorStore } from "#adapters/embed/vector-store";
import { assert } from "#lib/assert";
import { Fault } from "#rpc/fault";
import { Batches } from "./batches.ts";

export class ModelClient {
  readonly model: EmbedModel;
  readonly #store: VectorStore | undefined;
  readonly #batches: Batches | undefined;
  #dimension: number;

  constructor(model: EmbedModel, store: VectorStore | undefined) {
    this.model = model;
    this.#store = model.remote ? store : undefined;
    this.#batches = model.remote ? new Batches((texts) => this.#asked(texts)) : undefined;
    this.#dimension = model.dimension || (this.#store?.dimensionOf(model.provider, model.name) ?? 0);
  }

  /** 0 until the model was asked for the first time, if it does not say before. */
  get dimension(): number {
    return this.#dimension;
  }

  /** What a run before this one left on disk. */
  stored(text: string): Float32Array | undefined {
    return this.#dimension === 0 ? undefined : this.#store?.get(this.#keyOf(text));
  }

  /** A promise for each text, so that one that fails does not take the others along. */
  ask(texts: readonly string[]): Promise<Float32Array>[] {
    const batches = this.#batches;
    if (batches === undefined) {
      const answered = this.#asked(texts);
      return texts.map(async (_text, place) => this.#checked((await answered)[place]));
    }
    return texts.map(async (text) => {
      const vector = this.#checked(await batches.ask(text));
      this.#store?.put(this.#keyOf(text), vector);
      return vector;
    });
  }

  async #asked(texts: readonly string[]): Promise<readonly Float32Array[]> {
    const vectors = await this.model.embed(texts);
    if (vectors.length === texts.length) return vectors;
    throw this.#nonsense(`${vectors.length} vectors for ${texts.length} texts`);
  }

  #checked(vector: Float32Array | undefined): Float32Array {
    assert(vector instanceof Float32Array, "a model answers Float32Array");
    let squares = 0;
    for (const number of vector) squares += number * number;
    if (!Number.isFinite(squares)) throw this.#nonsense("a vector with numbers that are not finite");
    if (squares === 0) throw this.#nonsense("a vector of zeros");
    if (this.#dimension === 0) this.#dimension = vector.length;
    if (vector.length === this.#dimension) return vector;
    throw this.#nonsense(
      `a vector of ${vector.length} numbers instead of ${this.#dimension}, so it is another model now: give it another name`,
    );
  }

  #nonsense(what: string): Fault {
    return new Fault("upstream", `The model ${this.model.name} answered ${what}.`);
  }

  #keyOf(text: string): VectorKey {
    const { provider, name } = this.model;
    return { provider, model: name, dimension: this.#dimension, text };
  }
}

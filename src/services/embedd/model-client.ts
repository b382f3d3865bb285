// Where a model's vectors come from when the cache in memory misses, and validation of what the model returns, so that
// invalid vectors are never cached or indexed. A local model is called at once; a remote one in batches, and its vectors
// are kept on disk.

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
    this.#batches = model.remote ? new Batches((texts) => this.#embed(texts)) : undefined;
    this.#dimension = model.dimension || (this.#store?.dimensionOf(model.provider, model.name) ?? 0);
  }

  /** 0 until the first response of a model that does not declare it. */
  get dimension(): number {
    return this.#dimension;
  }

  /** The vector that an earlier run stored on disk. */
  stored(text: string): Float32Array | undefined {
    return this.#dimension === 0 ? undefined : this.#store?.get(this.#keyOf(text));
  }

  /** One promise per text, so that a text that fails does not fail the others. */
  vectorsOf(texts: readonly string[]): Promise<Float32Array>[] {
    const batches = this.#batches;
    if (batches === undefined) {
      const vectors = this.#embed(texts);
      return texts.map(async (_text, place) => this.#checked((await vectors)[place]));
    }
    return texts.map(async (text) => {
      const vector = this.#checked(await batches.vectorOf(text));
      this.#store?.put(this.#keyOf(text), vector);
      return vector;
    });
  }

  async #embed(texts: readonly string[]): Promise<readonly Float32Array[]> {
    const vectors = await this.model.embed(texts);
    if (vectors.length === texts.length) return vectors;
    throw this.#unusable(`${vectors.length} vectors for ${texts.length} texts`);
  }

  #checked(vector: Float32Array | undefined): Float32Array {
    assert(vector instanceof Float32Array, "a model returns Float32Array");
    let squares = 0;
    for (const number of vector) squares += number * number;
    if (!Number.isFinite(squares)) throw this.#unusable("a vector with numbers that are not finite");
    if (squares === 0) throw this.#unusable("a vector of zeros");
    if (this.#dimension === 0) this.#dimension = vector.length;
    if (vector.length === this.#dimension) return vector;
    throw this.#unusable(
      `a vector of ${vector.length} numbers instead of ${this.#dimension}, so the model has changed: give it another name`,
    );
  }

  #unusable(what: string): Fault {
    return new Fault("upstream", `The model ${this.model.name} returned ${what}.`);
  }

  #keyOf(text: string): VectorKey {
    const { provider, name } = this.model;
    return { provider, model: name, dimension: this.#dimension, text };
  }
}

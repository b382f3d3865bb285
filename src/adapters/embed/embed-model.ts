// What an embedding model is to the rest of the house: texts in, vectors out. Everything around it (caching, batching,
// asking equal texts once) is the business of the one service that owns models; a model only answers what it is asked.

export interface EmbedModel {
  /** As the provider calls it, tag included: "nomic-embed-text:latest". A change of its vectors is another name. */
  readonly name: string;
  /** "ollama", "openai", "hashed". */
  readonly provider: string;
  /** Asked over a network: worth asking for many texts at once, and keeping its answers on disk. */
  readonly remote: boolean;
  /** Numbers in a vector; 0 until the first answer of a model whose width is not known beforehand. */
  readonly dimension: number;
  /**
   * One vector a text, in the order given; each `dimension` long and of unit length, unless the model's own
   * documentation says that it keeps raw magnitudes. No text gives no vector and asks nobody. Equal texts give equal vectors only as far as
   * the model is deterministic.
   *
   * Throws Fault `invalid` when the provider refuses these texts, of which a part may do, `upstream` when it fails or
   * answers what cannot be read, `not_found` when it does not have the model, `timeout` when it takes too long, and
   * `cancelled` when the signal fires.
   */
  embed(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[]>;
}

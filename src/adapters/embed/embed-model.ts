// What an embedding model is to the rest of the house: texts in, vectors out. Caching, batching and deduplication are
// done by embedd, the one service that owns models; a model only computes vectors for the texts it is given.

export interface Prefixes {
  /** Before a text that is searched for; empty for none. */
  readonly query: string;
  /** Before a text that is found. */
  readonly document: string;
}

export interface EmbedModel {
  /**
   * As the provider calls it, tag included: "nomic-embed-text:latest", and for a model with prefixes a mark of these. A
   * change of its vectors is another name.
   */
  readonly name: string;
  /** "ollama", "openai", "static", "hashed". */
  readonly provider: string;
  /** Reached over a network: batching pays off, and so does keeping its vectors on disk. */
  readonly remote: boolean;
  /** Vector length; 0 until the first response of a model whose length is not known beforehand. */
  readonly dimension: number;
  /** Of an asymmetric model: the caller of `embed` puts them before the texts. */
  readonly prefixes?: Prefixes;
  /**
   * One vector per text, in the order given, each `dimension` long and of unit length unless the model's own
   * documentation says that it keeps raw magnitudes. An empty list returns an empty list without a request. Equal texts
   * give equal vectors only as far as the model is deterministic.
   *
   * Throws Fault `invalid` when the provider refuses these texts (a subset may be accepted), `upstream` when it fails or
   * its response cannot be read, `not_found` when it does not have the model, `timeout` when it takes too long, and
   * `cancelled` when the signal fires.
   */
  embed(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[]>;
}

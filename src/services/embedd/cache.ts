// Vectors that were computed before, each with the encoded JSON of the reply that carries it alone: the most frequent
// request is answered from these bytes without encoding. Bounded in bytes; the least recently used entry is evicted first.

import { LRUCache } from "lru-cache";
import { base64OfVector, jsonOfVector } from "#lib/vector-text";

export class CachedVector {
  readonly vector: Float32Array;
  /** The JSON reply to a request for this text alone. */
  readonly reply: Uint8Array<ArrayBuffer>;
  /** Where the vector's own JSON starts in the reply. */
  readonly #start: number;
  #base64: string | undefined;

  constructor(model: string, vector: Float32Array) {
    const start = replyStart(model, vector.length);
    this.vector = vector;
    this.reply = new TextEncoder().encode(start + jsonOfVector(vector) + REPLY_END);
    this.#start = Buffer.byteLength(start);
  }

  /** The vector as a JSON array, for a reply that carries several. */
  get json(): string {
    return Buffer.from(
      this.reply.buffer,
      this.#start,
      this.reply.byteLength - this.#start - REPLY_END.length,
    ).toString();
  }

  /** Only other services request it, and they cache it themselves. */
  get base64(): string {
    return (this.#base64 ??= base64OfVector(this.vector));
  }
}

export interface CacheStats {
  readonly hits: number;
  readonly misses: number;
  readonly coalesced: number;
  readonly evicted: number;
  readonly entries: number;
  readonly bytes: number;
  readonly bytes_max: number;
}

/** The JSON of a reply up to its first vector. */
export function replyStart(model: string, dimension: number): string {
  return `{"model":${JSON.stringify(model)},"dimension":${dimension},"vectors":[`;
}

export const REPLY_END = "]}";

/** What an entry costs besides its numbers: the map's own nodes and the objects around them. */
const ENTRY_BYTES = 256;

export class VectorCache {
  readonly #entries: LRUCache<string, CachedVector>;
  readonly #pending = new Map<string, Promise<CachedVector>>();
  readonly #bytesMax: number;
  #hits = 0;
  #misses = 0;
  #coalesced = 0;
  #evicted = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
    this.#entries = new LRUCache({
      maxSize: bytesMax,
      sizeCalculation: (entry, key) =>
        entry.vector.byteLength + entry.reply.byteLength + key.length * 2 + ENTRY_BYTES,
      dispose: (_entry, _key, reason) => {
        if (reason === "evict") this.#evicted += 1;
      },
    });
  }

  /** The cached entry, counted as a hit. */
  get(key: string): CachedVector | undefined {
    const entry = this.#entries.get(key);
    if (entry !== undefined) this.#hits += 1;
    return entry;
  }

  /** The entry that another call is computing already, counted as coalesced. */
  pending(key: string): Promise<CachedVector> | undefined {
    const promise = this.#pending.get(key);
    if (promise !== undefined) this.#coalesced += 1;
    return promise;
  }

  /** Adds a vector found in another cache, such as on disk; counted as a hit. */
  keep(key: string, model: string, vector: Float32Array): CachedVector {
    this.#hits += 1;
    const cached = new CachedVector(model, vector);
    this.#entries.set(key, cached);
    return cached;
  }

  /** Registers `vector` as being computed: kept when it resolves, forgotten when it rejects. */
  expect(key: string, model: string, vector: Promise<Float32Array>): Promise<CachedVector> {
    this.#misses += 1;
    const entry = vector.then((numbers) => {
      const cached = new CachedVector(model, numbers);
      this.#entries.set(key, cached);
      return cached;
    });
    this.#pending.set(key, entry);
    const forget = (): void => void this.#pending.delete(key);
    entry.then(forget, forget);
    return entry;
  }

  stats(): CacheStats {
    return {
      hits: this.#hits,
      misses: this.#misses,
      coalesced: this.#coalesced,
      evicted: this.#evicted,
      entries: this.#entries.size,
      bytes: this.#entries.calculatedSize,
      bytes_max: this.#bytesMax,
    };
  }
}

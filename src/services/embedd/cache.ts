// Vectors that were computed before, each with the encoded JSON of the reply that carries it alone: the most frequent
// request is answered from these bytes without encoding, on other wires too. Bounded in bytes; the least recently used
// entry is evicted first.

import { LRUCache } from "lru-cache";
import { base64OfVector, jsonOfVector } from "#lib/vector-text";
import type { KeptForm, KeptForms } from "#rpc/contract";

/** Three other wires, each with an encoding or two; one form more is made for each request. */
const FORMS_MAX = 8;

export class CachedVector implements KeptForms {
  readonly vector: Float32Array;
  /** The JSON reply to a request for this text alone. */
  readonly reply: Uint8Array<ArrayBuffer>;
  /** Where the vector's own JSON starts in the reply. */
  readonly #start: number;
  #base64: string | undefined;
  /** That reply on other wires. */
  readonly #forms = new Map<string, KeptForm>();
  readonly #grown: (entry: CachedVector) => void;

  /** `grown` is told when more is kept with it. */
  constructor(model: string, vector: Float32Array, grown: (entry: CachedVector) => void) {
    const start = replyStart(model, vector.length);
    this.vector = vector;
    this.reply = new TextEncoder().encode(start + jsonOfVector(vector) + REPLY_END);
    this.#start = Buffer.byteLength(start);
    this.#grown = grown;
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

  get(name: string): KeptForm | undefined {
    return this.#forms.get(name);
  }

  keep(name: string, form: KeptForm): void {
    if (this.#forms.size >= FORMS_MAX || this.#forms.has(name)) return;
    this.#forms.set(name, form);
    this.#grown(this);
  }

  get bytes(): number {
    let bytes = this.vector.byteLength + this.reply.byteLength;
    for (const form of this.#forms.values()) bytes += form.body.byteLength;
    return bytes;
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
      sizeCalculation: (entry, key) => entry.bytes + key.length * 2 + ENTRY_BYTES,
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
    return this.#add(key, model, vector);
  }

  /** Registers `vector` as being computed: kept when it resolves, forgotten when it rejects. */
  expect(key: string, model: string, vector: Promise<Float32Array>): Promise<CachedVector> {
    this.#misses += 1;
    const entry = vector.then((numbers) => this.#add(key, model, numbers));
    this.#pending.set(key, entry);
    const forget = (): void => void this.#pending.delete(key);
    entry.then(forget, forget);
    return entry;
  }

  #add(key: string, model: string, vector: Float32Array): CachedVector {
    const added = new CachedVector(model, vector, (entry) => {
      // Evicted meanwhile, it is no longer counted.
      if (this.#entries.peek(key) !== entry) return;
      // An entry that is set again as it is keeps the size that it had.
      this.#entries.delete(key);
      this.#entries.set(key, entry);
    });
    this.#entries.set(key, added);
    return added;
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

// Vectors that were computed before, each with the encoded JSON of the reply that carries it alone, once it was asked for:
// the most frequent request is answered from these bytes without encoding, on other wires too. Bounded in bytes; the least
// recently used entry is evicted first.

import { LRUCache } from "lru-cache";
import type { CacheFigures } from "#lib/figures";
import { base64OfVector, jsonOfVector } from "#lib/vector-text";
import type { KeptForm, KeptForms } from "#rpc/contract";

/** Three other wires; one form more is made for each request. */
const FORMS_MAX = 8;

/** One reply on other wires. */
class Forms implements KeptForms {
  readonly #forms = new Map<string, KeptForm>();
  readonly #grown: () => void;

  constructor(grown: () => void) {
    this.#grown = grown;
  }

  get(name: string): KeptForm | undefined {
    return this.#forms.get(name);
  }

  keep(name: string, form: KeptForm): void {
    if (this.#forms.size >= FORMS_MAX || this.#forms.has(name)) return;
    this.#forms.set(name, form);
    this.#grown();
  }

  get bytes(): number {
    return [...this.#forms.values()].reduce((bytes, { body }) => bytes + body.byteLength, 0);
  }
}

export class CachedVector {
  readonly vector: Float32Array;
  /** What other wires make of the reply to a request for this text alone, by its encoding. */
  readonly forms: { readonly float: KeptForms; readonly base64: KeptForms };
  readonly #model: string;
  readonly #grown: (entry: CachedVector) => void;
  readonly #kept: readonly Forms[];
  #reply: Uint8Array<ArrayBuffer> | undefined;
  #base64: string | undefined;

  /** `grown` is told when it has come to hold more. */
  constructor(model: string, vector: Float32Array, grown: (entry: CachedVector) => void) {
    this.vector = vector;
    this.#model = model;
    this.#grown = grown;
    const [float, base64] = [new Forms(() => grown(this)), new Forms(() => grown(this))];
    this.forms = { float, base64 };
    this.#kept = [float, base64];
  }

  /** The JSON reply to a request for this text alone; made for the first one, since neighbours ask for base64. */
  get reply(): Uint8Array<ArrayBuffer> {
    if (this.#reply === undefined) {
      const start = replyStart(this.#model, this.vector.length);
      this.#reply = new TextEncoder().encode(start + jsonOfVector(this.vector) + REPLY_END);
      this.#grown(this);
    }
    return this.#reply;
  }

  /** The vector as a JSON array, for a reply that carries several. */
  get json(): string {
    const { reply } = this;
    const start = Buffer.byteLength(replyStart(this.#model, this.vector.length));
    return Buffer.from(reply.buffer, start, reply.byteLength - start - REPLY_END.length).toString();
  }

  get base64(): string {
    if (this.#base64 === undefined) {
      this.#base64 = base64OfVector(this.vector);
      this.#grown(this);
    }
    return this.#base64;
  }

  get bytes(): number {
    const own = this.vector.byteLength + (this.#reply?.byteLength ?? 0) + (this.#base64?.length ?? 0);
    return this.#kept.reduce((bytes, forms) => bytes + forms.bytes, own);
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

  get figures(): CacheFigures {
    const used = this.#entries.calculatedSize;
    // A text that another call is computing already costs nothing more.
    const hits = this.#hits + this.#coalesced;
    return { used, max: this.#bytesMax, unit: "bytes", hits, misses: this.#misses };
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

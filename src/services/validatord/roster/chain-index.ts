// Rows by the hash of a text, in two columns of numbers: the last row of each bucket, and for each row the one before it.
// Rows are added in order; what the hash finds is compared by the caller. Eight bytes a row, and no objects.

const NONE = -1;
const BUCKETS_MIN = 1024;

export class ChainIndex {
  #buckets = new Int32Array(BUCKETS_MIN).fill(NONE);
  #next = new Int32Array(BUCKETS_MIN);
  #hashes: Uint32Array | undefined;
  #size = 0;

  /** With the number of rows that are expected, the index never grows; without, it keeps hashes until `finish`. */
  constructor(expected: number) {
    const size = 2 ** Math.ceil(Math.log2(Math.max(BUCKETS_MIN, expected)));
    this.#buckets = new Int32Array(size).fill(NONE);
    this.#next = new Int32Array(size);
    this.#hashes = new Uint32Array(size);
  }

  /** Rows are added in their order, from 0; `hash` is undefined for a row that nothing finds. */
  add(hash: number | undefined): void {
    const row = this.#size;
    if (row === this.#next.length) this.#grow();
    this.#size += 1;
    if (hash === undefined) return;
    (this.#hashes as Uint32Array)[row] = hash;
    this.#link(hash, row);
  }

  #link(hash: number, row: number): void {
    const bucket = hash & (this.#buckets.length - 1);
    this.#next[row] = this.#buckets[bucket] as number;
    this.#buckets[bucket] = row;
  }

  #grow(): void {
    const hashes = this.#hashes as Uint32Array;
    const size = this.#next.length * 2;
    const linked = this.#linked();
    this.#buckets = new Int32Array(size).fill(NONE);
    this.#next = new Int32Array(size);
    this.#hashes = new Uint32Array(size);
    this.#hashes.set(hashes);
    for (let row = 0; row < linked.length; row += 1)
      if (linked[row] === 1) this.#link(this.#hashes[row] as number, row);
  }

  /** Which rows have a hash. */
  #linked(): Uint8Array {
    const linked = new Uint8Array(this.#size);
    for (const last of this.#buckets)
      for (let row = last; row !== NONE; row = this.#next[row] as number) linked[row] = 1;
    return linked;
  }

  /** No more rows come. */
  finish(): void {
    this.#hashes = undefined;
    this.#next = this.#next.slice(0, this.#size);
  }

  /** The last row that may have the text; -1 when there is none. */
  last(hash: number): number {
    return this.#buckets[hash & (this.#buckets.length - 1)] as number;
  }

  /** The row before it that may; -1 when there is none. */
  before(row: number): number {
    return this.#next[row] as number;
  }

  get bytes(): number {
    return this.#buckets.byteLength + this.#next.byteLength + (this.#hashes?.byteLength ?? 0);
  }
}

const FNV_START = 0x81_1c_9d_c5;
const FNV_PRIME = 0x01_00_01_93;

/** FNV-1a over the UTF-16 units. */
export function hashOf(text: string): number {
  let hash = FNV_START;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), FNV_PRIME);
  // Buckets are taken from the low bits, to which the high ones must have a say.
  return (hash ^ (hash >>> 15)) >>> 0;
}

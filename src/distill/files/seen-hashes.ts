// Which hashes were seen, 16 bytes each in an open-addressing table: a million lines take 32 MB, where a Set of strings
// takes hundreds. The first 128 bits of a SHA-256 tell lines apart.

const WORDS = 4;
const LOAD_MAX = 0.6;

export class SeenHashes {
  /** A power of two. */
  #slots = 1024;
  #words = new Uint32Array(this.#slots * WORDS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** False when it was there already. The hash is a SHA-256, or its first 16 bytes. */
  add(hash: Uint8Array): boolean {
    if (this.#size + 1 > this.#slots * LOAD_MAX) this.#grow();
    // A slot of zeros is free, so no hash may be all zeros.
    const isNew = this.#insert(wordAt(hash, 0) | 1, wordAt(hash, 4), wordAt(hash, 8), wordAt(hash, 12));
    if (isNew) this.#size += 1;
    return isNew;
  }

  #insert(a: number, b: number, c: number, d: number): boolean {
    const words = this.#words;
    const first = a >>> 0;
    const mask = this.#slots - 1;
    for (let slot = b & mask; ; slot = (slot + 1) & mask) {
      const at = slot * WORDS;
      if (words[at] === 0) {
        words[at] = first;
        words[at + 1] = b;
        words[at + 2] = c;
        words[at + 3] = d;
        return true;
      }
      if (words[at] === first && words[at + 1] === b && words[at + 2] === c && words[at + 3] === d)
        return false;
    }
  }

  #grow(): void {
    const old = this.#words;
    this.#slots *= 2;
    this.#words = new Uint32Array(this.#slots * WORDS);
    for (let at = 0; at < old.length; at += WORDS) {
      if (old[at] === 0) continue;
      this.#insert(old[at] ?? 0, old[at + 1] ?? 0, old[at + 2] ?? 0, old[at + 3] ?? 0);
    }
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16);
  return (high | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0;
}

// Which hashes were seen, 16 bytes each in an open-addressing table: a million lines take 32 MB, where a Set of strings
// takes hundreds. The first 128 bits of a SHA-256 tell lines apart.

const WORDS = 4;
const LOAD_MAX = 0.6;

export class SeenHashes {
  #slots = 1024;
  #words = new Uint32Array(this.#slots * WORDS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** False when it was there already. The hash is a SHA-256, or its first 16 bytes. */
  add(hash: Uint8Array): boolean {
    if (this.#size + 1 > this.#slots * LOAD_MAX) this.#grow();
    const view = new DataView(hash.buffer, hash.byteOffset, hash.byteLength);
    // A slot of zeros is free, so no hash may be all zeros.
    const isNew = this.#insert(
      view.getUint32(0) | 1,
      view.getUint32(4),
      view.getUint32(8),
      view.getUint32(12),
    );
    if (isNew) this.#size += 1;
    return isNew;
  }

  #insert(a: number, b: number, c: number, d: number): boolean {
    const words = this.#words;
    const first = a >>> 0;
    for (let slot = b % this.#slots; ; slot = (slot + 1) % this.#slots) {
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

// The SHA-256 of a file's first bytes and of all of it, in one reading.

export const EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

export class PrefixHash {
  readonly #prefixBytes: number;
  readonly #hasher = new Bun.CryptoHasher("sha256");
  #prefix: string | undefined;
  #bytes = 0;

  constructor(prefixBytes: number) {
    this.#prefixBytes = prefixBytes;
  }

  update(bytes: Uint8Array): void {
    const left = this.#prefixBytes - this.#bytes;
    this.#bytes += bytes.length;
    if (left <= 0 || bytes.length < left) {
      this.#hasher.update(bytes);
      return;
    }
    this.#hasher.update(bytes.subarray(0, left));
    this.#prefix = this.#hasher.copy().digest("hex");
    this.#hasher.update(bytes.subarray(left));
  }

  /** Of the first bytes, once they went by. */
  ofPrefix(): string | undefined {
    return this.#prefixBytes === 0 ? EMPTY_SHA256 : this.#prefix;
  }

  ofAll(): string {
    return this.#hasher.copy().digest("hex");
  }
}

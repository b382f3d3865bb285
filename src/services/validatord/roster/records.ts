// Texts by number, one behind the other in blocks of bytes. A text never crosses blocks, so that reading one is one slice,
// and blocks are never copied, so that growing costs no second copy of everything.

const BLOCK_BITS = 22;
const BLOCK_BYTES = 2 ** BLOCK_BITS;
/** A record of a roster has some hundred bytes; its length is two bytes. */
const RECORD_BYTES_MAX = 64 * 1024 - 1;
/** A UTF-16 unit takes three bytes of UTF-8 at most. */
const BYTES_A_CHAR = 3;
const OFFSETS_MIN = 1024;
const FIELD_END = 0x1f;

export class Records {
  #blocks: Buffer[] = [];
  #used = BLOCK_BYTES;
  /** Block and offset of each text's begin; its length is in the block, two bytes before it. */
  #starts = new Uint32Array(OFFSETS_MIN);
  #size = 0;

  /** False for one that is too long, or when all four gigabytes are used. */
  add(text: string): boolean {
    if (text.length * BYTES_A_CHAR > RECORD_BYTES_MAX) return false;
    const room = LENGTH_BYTES + text.length * BYTES_A_CHAR;
    if (this.#used + room > BLOCK_BYTES) {
      if (this.#blocks.length === 2 ** (32 - BLOCK_BITS)) return false;
      this.#trim();
      this.#blocks.push(Buffer.allocUnsafeSlow(BLOCK_BYTES));
      this.#used = 0;
    }
    const block = this.#blocks.at(-1) as Buffer;
    const start = this.#used + LENGTH_BYTES;
    const length = block.write(text, start, "utf8");
    block.writeUInt16LE(length, this.#used);
    if (this.#size === this.#starts.length) {
      const larger = new Uint32Array(this.#size * 2);
      larger.set(this.#starts);
      this.#starts = larger;
    }
    this.#starts[this.#size] = (this.#blocks.length - 1) * BLOCK_BYTES + start;
    this.#size += 1;
    this.#used = start + length;
    return true;
  }

  #trim(): void {
    const last = this.#blocks.pop();
    if (last !== undefined) this.#blocks.push(copied(last, this.#used));
  }

  finish(): void {
    this.#trim();
    this.#used = BLOCK_BYTES;
    this.#starts = this.#starts.slice(0, this.#size);
  }

  text(number: number): string {
    const start = this.#starts[number] as number;
    const block = this.#blocks[start >>> BLOCK_BITS] as Buffer;
    const at = start & (BLOCK_BYTES - 1);
    return block.toString("utf8", at, at + block.readUInt16LE(at - LENGTH_BYTES));
  }

  /** The n-th field of a text. */
  field(number: number, field: number): string {
    return this.text(number).split("\u001F", field + 1)[field] ?? "";
  }

  /** Whether a text's first field is exactly this. */
  startsWith(number: number, field: string): boolean {
    const start = this.#starts[number] as number;
    const block = this.#blocks[start >>> BLOCK_BITS] as Buffer;
    let at = start & (BLOCK_BYTES - 1);
    for (let place = 0; place < field.length; place += 1, at += 1) {
      const unit = field.charCodeAt(place);
      if (unit > 0x7f) return this.field(number, 0) === field;
      if (block[at] !== unit) return false;
    }
    return block[at] === FIELD_END;
  }

  get bytes(): number {
    return this.#blocks.reduce((sum, { byteLength }) => sum + byteLength, this.#starts.byteLength);
  }
}

const LENGTH_BYTES = 2;

function copied(block: Buffer, length: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(length);
  block.copy(copy, 0, 0, length);
  return copy;
}

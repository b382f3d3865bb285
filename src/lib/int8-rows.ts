// Rows of int8 numbers that lie side by side in memory of WebAssembly, and their dot products with a row of int16 numbers
// (int8-dots.ts). Sums are exact as long as none exceeds 31 bits, which the caller sees to (`INT8_MAX`, `largestFor`).

import { type Dots, int8Dots } from "./int8-dots.ts";

export const INT8_MAX = 127;

/** Numbers of a vector instruction: rows are padded to a multiple. */
const LANES = 16;
/** Of the row that the others are multiplied with. */
const WIDTH_MAX = 8_192;
/** Rows of one call into the module. */
const BATCH_ROWS = 4_096;
const PAGE_BYTES = 65_536;
/** A million rows of a thousand numbers, of what the platform could address four times. */
const BYTES_MAX = 1024 ** 3;

/** Where the parts of a memory begin. */
const QUERY_AT = 0;
const NUMBERS_AT = QUERY_AT + 2 * WIDTH_MAX;
const SUMS_AT = NUMBERS_AT + 4 * BATCH_ROWS;
const ROWS_AT = PAGE_BYTES;

/** The largest int16 number with which no sum over so many products exceeds 31 bits. */
export function largestFor(width: number): number {
  return Math.min(32_767, Math.floor((2 ** 31 - 1) / (INT8_MAX * width)));
}

export class Int8Rows {
  readonly #stride: number;
  readonly #memory: WebAssembly.Memory;
  readonly #dots: Dots;
  #bytes: Int8Array;

  private constructor(width: number, module: WebAssembly.Module) {
    this.#stride = Math.ceil(width / LANES) * LANES;
    this.#memory = new WebAssembly.Memory({ initial: 1, maximum: (ROWS_AT + BYTES_MAX) / PAGE_BYTES });
    const { exports } = new WebAssembly.Instance(module, { "": { memory: this.#memory } });
    this.#dots = exports["dots"] as Dots;
    this.#bytes = new Int8Array(this.#memory.buffer);
  }

  /** Null where the processor has no vector instructions, or rows are too wide. */
  static create(width: number): Int8Rows | null {
    const module = int8Dots();
    return module === null || width > WIDTH_MAX ? null : new Int8Rows(width, module);
  }

  get bytes(): number {
    return this.#bytes.length;
  }

  /** Takes the numbers of a row, none of which exceeds INT8_MAX. False when there is no memory for it. */
  put(row: number, numbers: Int16Array): boolean {
    const at = ROWS_AT + row * this.#stride;
    if (at + this.#stride > this.#bytes.length && !this.#grow(at + this.#stride)) return false;
    this.#bytes.set(numbers, at);
    return true;
  }

  /** The dot product of each of the rows with `numbers`, none of which exceeds `largestFor(width)`. */
  dots(numbers: Int16Array, rows: Uint32Array): Int32Array {
    const { buffer } = this.#memory;
    new Int16Array(buffer, QUERY_AT, this.#stride).fill(0).set(numbers);
    const sums = new Int32Array(rows.length);
    for (let at = 0; at < rows.length; at += BATCH_ROWS) {
      const some = rows.subarray(at, at + BATCH_ROWS);
      new Uint32Array(buffer, NUMBERS_AT, some.length).set(some);
      this.#dots(NUMBERS_AT, some.length, SUMS_AT, QUERY_AT, ROWS_AT, this.#stride);
      sums.set(new Int32Array(buffer, SUMS_AT, some.length), at);
    }
    return sums;
  }

  /** By half at least, so that few growths copy much. */
  #grow(bytes: number): boolean {
    const before = this.#bytes.length;
    const wanted = Math.min(Math.max(bytes, before * 1.5), ROWS_AT + BYTES_MAX);
    if (bytes > wanted) return false;
    try {
      this.#memory.grow(Math.ceil((wanted - before) / PAGE_BYTES));
    } catch {
      // What does not fit is the caller's to do without.
      return false;
    }
    this.#bytes = new Int8Array(this.#memory.buffer);
    return true;
  }
}

// A compact copy of vectors for scans: a byte for each number, and how far that is from the vector at most. A scan reads a
// quarter of the memory, side by side, and of the vectors themselves only those that may be among the nearest
// (search/coded-scan.ts). Codes are made of rows as scans read them, so that rows which are asked for together lie
// together, and are gone when the index is closed.
//
// Equal vectors have one code, whichever rows they are of. A row keeps its code until another vector is written into it, which
// no pin allows (rows.ts): a scan may remember the number of a code across turns of the event loop.

import { present } from "#lib/assert";
import { INT8_MAX, Int8Rows, largestFor } from "#lib/int8-rows";
import { vectorHash } from "./shape.ts";

/** No code. */
export const NONE = -1;
/** About what a code takes beside its numbers, with its place in maps. */
const CODE_BYTES = 160;
/** 160 MiB beside the numbers, of which a million of a thousand fit (int8-rows.ts). */
const CODES_MAX = 2 ** 20;
/** Of two squared lengths, what sums of theirs in f64 may miss: more than 8,192 roundings of 2^-53. */
const ROUNDING = 1e-12;

interface Code {
  /** What one unit of its numbers is worth. */
  readonly unit: number;
  /** Euclidean length of the vector, and of what the numbers leave out of it. */
  readonly length: number;
  readonly rest: number;
  readonly hash: number;
  rows: number;
}

/** The product of a query and the vector of a code is within `slack` of `product`; `length` is the vector's. */
type Estimated = (at: number, product: number, slack: number, length: number) => void;

export class Codes {
  readonly #dimension: number;
  /** Made for the first code; null where the processor cannot. */
  #numbers: Int8Rows | null | undefined;
  /** There is no room for another code until one is free. */
  #isFull = false;
  readonly #codes: (Code | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #byHash = new Map<number, number>();
  /** One more than the code of each row; 0 where there is none. */
  #codeOf = new Uint32Array(0);

  constructor(dimension: number) {
    this.#dimension = dimension;
  }

  get bytes(): number {
    return (this.#numbers?.bytes ?? 0) + this.#codes.length * CODE_BYTES + this.#codeOf.byteLength;
  }

  /** The code of a row, or NONE. */
  of(row: number): number {
    return (this.#codeOf[row] ?? 0) - 1;
  }

  /** Gives a row without one the code of its vector, where there is memory for it. */
  add(row: number, vector: Float32Array, length: number): void {
    if (this.#isFull) return;
    const hash = vectorHash(vector);
    const known = this.#byHash.get(hash);
    // Vectors that differ have neither one hash nor one length but by an accident; both is none.
    if (known !== undefined && this.#codes[known]?.length === length) return this.#bind(row, known);
    const { numbers, unit, rest } = rounded(vector, INT8_MAX);
    const code = this.#free.at(-1) ?? this.#codes.length;
    this.#isFull = code >= CODES_MAX;
    if (this.#isFull) return;
    this.#numbers ??= Int8Rows.create(this.#dimension);
    this.#isFull = this.#numbers?.put(code, numbers) !== true;
    if (this.#isFull) return;
    this.#free.pop();
    this.#codes[code] = { unit, length, rest, hash, rows: 0 };
    this.#byHash.set(hash, code);
    this.#bind(row, code);
  }

  /** Before another vector is written into the row. */
  forget(row: number): void {
    const code = this.of(row);
    const held = this.#codes[code];
    if (held === undefined) return;
    this.#codeOf[row] = 0;
    held.rows -= 1;
    if (held.rows > 0) return;
    this.#codes[code] = undefined;
    if (this.#byHash.get(held.hash) === code) this.#byHash.delete(held.hash);
    this.#free.push(code);
    this.#isFull = false;
  }

  /** Calls `estimated` with the place of each of the codes; `norm` is the length of the query. */
  estimate(query: Float32Array, norm: number, codes: Uint32Array, estimated: Estimated): void {
    const { numbers, unit, rest: missed } = rounded(query, largestFor(this.#dimension));
    const sums = present(this.#numbers, "the numbers of codes").dots(numbers, codes);
    for (let at = 0; at < codes.length; at++) {
      const { unit: worth, rest, length } = present(this.#codes[codes[at] as number], "a code of a row");
      // Cauchy and Schwarz, of what either side leaves out with all of the other.
      const slack = norm * rest + missed * (length + rest) + ROUNDING * (norm * norm + length * length);
      estimated(at, unit * worth * (sums[at] as number), slack, length);
    }
  }

  #bind(row: number, code: number): void {
    if (row >= this.#codeOf.length) {
      const larger = new Uint32Array(Math.max(row + 1, this.#codeOf.length * 2));
      larger.set(this.#codeOf);
      this.#codeOf = larger;
    }
    this.#codeOf[row] = code + 1;
    (this.#codes[code] as Code).rows += 1;
  }
}

interface Rounded {
  readonly numbers: Int16Array;
  readonly unit: number;
  readonly rest: number;
}

/** Whole numbers up to `largest` in the vector's place, what one of them is worth, and the length of what they leave out. */
function rounded(vector: Float32Array, largest: number): Rounded {
  let most = 0;
  for (let i = 0; i < vector.length; i++) {
    const size = Math.abs(vector[i] as number);
    if (size > most) most = size;
  }
  const unit = most / largest || 1;
  const numbers = new Int16Array(vector.length);
  let squares = 0;
  for (let i = 0; i < vector.length; i++) {
    const value = vector[i] as number;
    const number = Math.round(value / unit);
    const left = value - number * unit;
    numbers[i] = number;
    squares += left * left;
  }
  return { numbers, unit, rest: Math.sqrt(squares) };
}

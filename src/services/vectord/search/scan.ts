// Distances and exact scans over rows. Every distance that is reported comes from `distanceTo`, in f64 over the
// stored f32 numbers, whichever plan found the row: the same row is as far in a scan as in a graph. Runs of whole
// chunks go through usearch's vectorised scan (0.14 us a row of 768) when they are long; of picked rows and small
// indexes, codes tell which are to be summed here (coded-scan.ts): a row costs 0.3 us, and 1.5 where memory is slow.

import type { ExactSearch } from "#adapters/hnsw";
import { yieldToEventLoop } from "#lib/event-loop";
import type { Rows } from "../rows/rows.ts";
import { type IndexShape, norm } from "../rows/shape.ts";

/** A prepared query: with its Euclidean length, and in a buffer that holds nothing else. */
export interface Query {
  readonly vector: Float32Array;
  /** The same in f64, so that a sum converts one side only. */
  readonly wide: Float64Array;
  readonly norm: number;
  readonly shape: IndexShape;
}

export interface Scored {
  readonly row: number;
  readonly distance: number;
}

/** Numbers summed before the event loop is yielded: about 5 ms. */
const NUMBERS_A_STEP = 8_000_000;
/** The native scan picks by f32 sums; a few more than needed are scored again in f64. */
const NATIVE_SPARE = 16;
/** Its distances differ from ours by so much of themselves at most, and of one. */
const ROUNDING = 1e-3;
/** Removed rows of a chunk that the native scan may return in excess; with more, live rows are read one by one. */
const REMOVED_MAX = 64;
/** Below this the call costs more than the scan. */
export const NATIVE_NUMBERS_MIN = 32_768;

/** A search tier by tier comes with the same vector each time. */
const prepared = new WeakMap<Float32Array, Query>();

/** `vector` belongs to the search from here on and must not be written to. */
export function prepare(shape: IndexShape, vector: Float32Array): Query {
  const before = prepared.get(vector);
  if (before?.shape === shape) return before;
  // usearch reads from the start of a buffer, wherever in it the numbers are.
  const whole = vector.byteOffset === 0 && vector.byteLength === vector.buffer.byteLength;
  const query = {
    shape,
    vector: whole ? vector : vector.slice(),
    wide: new Float64Array(vector),
    norm: norm(vector),
  };
  prepared.set(vector, query);
  return query;
}

/**
 * cosine: 1 - cos, from 0 to 2. euclidean: the length of the difference. dot: 1 - dot product, which may be
 * negative. All: smaller is nearer.
 */
export function distanceTo(query: Query, rows: Rows, row: number): number {
  const { vectors, norms } = rows.chunk(row);
  const slot = row % rows.chunkRows;
  const at = slot * query.wide.length;
  if (query.shape.metric === "euclidean") return Math.sqrt(squaredDifference(query.wide, vectors, at));
  return distanceOf(query, dotProduct(query.wide, vectors, at), norms[slot] as number);
}

/** The distance of a vector of this length by its product with the query. */
export function distanceOf({ norm: own, shape }: Query, product: number, length: number): number {
  if (shape.metric === "euclidean") return Math.sqrt(Math.max(0, own * own + length * length - 2 * product));
  if (shape.metric === "dot") return 1 - product;
  return Math.max(0, 1 - product / (own * length));
}

/** As `distanceTo` for a vector that is in no row. */
export function distanceBetween(query: Query, vector: Float32Array): number {
  if (query.shape.metric === "euclidean") return Math.sqrt(squaredDifference(query.wide, vector, 0));
  return distanceOf(query, dotProduct(query.wide, vector, 0), norm(vector));
}

// Eight sums side by side: the processor then has eight additions under way instead of waiting for each. Rows are
// read in place, because a view of each would cost as much as its sum.
function dotProduct(a: Float64Array, b: Float32Array, at: number): number {
  let [s0, s1, s2, s3, s4, s5, s6, s7] = [0, 0, 0, 0, 0, 0, 0, 0];
  const whole = a.length & ~7;
  let j = at;
  for (let i = 0; i < whole; i += 8, j += 8) {
    s0 += (a[i] as number) * (b[j] as number);
    s1 += (a[i + 1] as number) * (b[j + 1] as number);
    s2 += (a[i + 2] as number) * (b[j + 2] as number);
    s3 += (a[i + 3] as number) * (b[j + 3] as number);
    s4 += (a[i + 4] as number) * (b[j + 4] as number);
    s5 += (a[i + 5] as number) * (b[j + 5] as number);
    s6 += (a[i + 6] as number) * (b[j + 6] as number);
    s7 += (a[i + 7] as number) * (b[j + 7] as number);
  }
  for (let i = whole; i < a.length; i++, j++) s0 += (a[i] as number) * (b[j] as number);
  return s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7;
}

function squaredDifference(a: Float64Array, b: Float32Array, at: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  const whole = a.length & ~3;
  let j = at;
  for (let i = 0; i < whole; i += 4, j += 4) {
    const d0 = (a[i] as number) - (b[j] as number);
    const d1 = (a[i + 1] as number) - (b[j + 1] as number);
    const d2 = (a[i + 2] as number) - (b[j + 2] as number);
    const d3 = (a[i + 3] as number) - (b[j + 3] as number);
    s0 += d0 * d0;
    s1 += d1 * d1;
    s2 += d2 * d2;
    s3 += d3 * d3;
  }
  for (let i = whole; i < a.length; i++, j++) s0 += ((a[i] as number) - (b[j] as number)) ** 2;
  return s0 + s1 + s2 + s3;
}

/** The nearest k rows seen so far, each row once; the furthest of them is at the root of a heap. */
export class Nearest {
  readonly k: number;
  readonly #heap: Scored[] = [];

  constructor(k: number) {
    this.k = k;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Rows at this distance or beyond are not among the nearest k. */
  get bound(): number {
    return this.#heap.length < this.k ? Number.POSITIVE_INFINITY : (this.#heap[0]?.distance ?? 0);
  }

  offer(row: number, distance: number): void {
    const heap = this.#heap;
    if (heap.length < this.k) {
      heap.push({ row, distance });
      for (let at = heap.length - 1; at > 0;) {
        const parent = (at - 1) >> 1;
        if (!further(heap[at], heap[parent])) break;
        swap(heap, at, parent);
        at = parent;
      }
    } else if (distance < this.bound || (distance === this.bound && row < (heap[0]?.row ?? 0))) {
      heap[0] = { row, distance };
      for (let at = 0; ;) {
        let largest = at;
        for (const child of [2 * at + 1, 2 * at + 2]) {
          if (child < heap.length && further(heap[child], heap[largest])) largest = child;
        }
        if (largest === at) break;
        swap(heap, at, largest);
        at = largest;
      }
    }
  }

  /** Nearest first; equal distances in the order of rows, so that the result does not depend on the plan. */
  sorted(): Scored[] {
    return [...this.#heap].sort((a, b) => a.distance - b.distance || a.row - b.row);
  }
}

function further(a: Scored | undefined, b: Scored | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return a.distance > b.distance || (a.distance === b.distance && a.row > b.row);
}

function swap(heap: Scored[], a: number, b: number): void {
  [heap[a], heap[b]] = [heap[b] as Scored, heap[a] as Scored];
}

/** Scores rows into `nearest`. Rows that are not live are skipped. */
export function scanRows(rows: Rows, query: Query, picked: Iterable<number>, nearest: Nearest): void {
  for (const row of picked) {
    if (rows.isLive(row)) nearest.offer(row, distanceTo(query, rows, row));
  }
}

/** Scores every live row, chunk by chunk, yielding to the event loop between steps. Returns how many. */
export async function scanAll(
  rows: Rows,
  query: Query,
  nearest: Nearest,
  k: number,
  native: ExactSearch,
): Promise<number> {
  let numbers = 0;
  for (let index = 0; index < rows.chunks.length; index++) {
    if (numbers > NUMBERS_A_STEP * 3) {
      await yieldToEventLoop();
      numbers = 0;
    }
    const start = index * rows.chunkRows;
    const used = Math.min(rows.chunkRows, rows.end - start);
    if (used <= 0) break;
    const dead = rows.deadIn(index);
    if (dead > REMOVED_MAX || used * query.vector.length < NATIVE_NUMBERS_MIN) {
      for (let row = start; row < start + used; row++) {
        if (rows.isLive(row)) nearest.offer(row, distanceTo(query, rows, row));
      }
      numbers += used * query.vector.length * 3;
    } else {
      const { vectors } = rows.chunk(start);
      const found = native(vectors, used, query.vector, k + dead + NATIVE_SPARE, query.shape.metric);
      // Reading a row again costs more than it did here: only those are read that may be among the nearest. Large terms of a dot
      // product may sum up to little, and its rounding tells nothing.
      const { bound } = nearest;
      const furthest =
        query.shape.metric === "dot" ? Number.POSITIVE_INFINITY : bound + ROUNDING * (1 + bound);
      const near = found.keys.filter((_, at) => (found.distances[at] ?? 0) <= furthest);
      scanRows(
        rows,
        query,
        near.map((slot) => start + slot),
        nearest,
      );
      numbers += used * query.vector.length;
    }
  }
  return rows.count;
}

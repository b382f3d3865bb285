// usearch behind the checks it does not make itself. Its JavaScript binding strands nodes when it adds with
// several threads, accepts NaN in silence, ignores the offset of a typed array in an exact search, pads what it
// cannot find, and takes the process down on a truncated file. Everything here therefore runs on one thread,
// vectors are checked before they are passed, files are verified before they are mapped, and `audit` finds
// nodes that a search cannot reach and adds them again. A file of which much was taken out is neither read nor
// written: opening it corrupts the heap. The library is loaded when the first graph is needed.
//
// Distances: cosine is 1 - cos, dot is 1 - dot (smaller is nearer), euclidean is the distance itself, not its
// square. They are as coarse as the stored scalars: rank candidates with them, then score the originals.

import { basename } from "node:path";
import { closeSync, openSync, readSync, rmSync } from "node:fs";
import type * as UsearchModule from "usearch";
import { assert } from "#lib/assert";
import { Fault } from "#rpc/fault";
import { type FileChecksum, readChecksummed, appendChecksum } from "./checksummed-file.ts";

type Usearch = typeof UsearchModule;
type NativeIndex = InstanceType<Usearch["Index"]>;
type NativeMetric = UsearchModule.MetricKind;

export type Metric = "cosine" | "euclidean" | "dot";
export type Scalar = "f32" | "f16" | "i8";

export interface GraphShape {
  readonly dimension: number;
  readonly metric: Metric;
  readonly quantization: Scalar;
  /** Links of a node on the base layer's half (M); 16 unless given. */
  readonly connectivity?: number | undefined;
  /** Candidates weighed while a node is linked; 128 unless given. */
  readonly ef_construction?: number | undefined;
}

/** Nearest first; both arrays have one entry for each row found, which may be fewer than wanted. */
export interface Neighbours {
  readonly keys: readonly number[];
  readonly distances: Float32Array;
}

const CONNECTIVITY = 16;
const EF_CONSTRUCTION = 128;
/** The fewest candidates a search weighs; asking for more neighbours than this widens it by itself. */
const EF_SEARCH = 64;
/** Keys are row numbers; usearch keeps the highest 64-bit key for its own use. */
const KEY_MAX = 2 ** 32 - 1;
/** How near the top of its own search a node must be to count as reachable. */
const AUDIT_NEIGHBOURS = 16;
/** What coarse scalars may take from a vector's product with itself: bf16 keeps eight bits of each number. */
const SCALAR_ERROR = 0.01;

let loaded: Promise<Usearch> | null = null;

/** Loads the native library, once in the life of the process. */
function usearch(): Promise<Usearch> {
  loaded ??= import("usearch");
  return loaded;
}

/**
 * The scalar a graph really stores. i8 keeps the direction of a vector and drops its length, and f16 ends at
 * 65,504: neither is right where lengths count, so euclidean and dot graphs use bf16, which has f32's range.
 */
export function storedScalar(shape: GraphShape): "f32" | "f16" | "bf16" | "i8" {
  return shape.metric === "cosine" || shape.quantization === "f32" ? shape.quantization : "bf16";
}

function nativeMetric(library: Usearch, metric: Metric): NativeMetric {
  const { Cos, L2sq, IP } = library.MetricKind;
  return { cosine: Cos, euclidean: L2sq, dot: IP }[metric];
}

function construct(library: Usearch, shape: GraphShape): NativeIndex {
  assert(Number.isInteger(shape.dimension) && shape.dimension > 0, "a graph has a positive dimension");
  const { F32, F16, BF16, I8 } = library.ScalarKind;
  return new library.Index({
    dimensions: shape.dimension,
    metric: nativeMetric(library, shape.metric),
    quantization: { f32: F32, f16: F16, bf16: BF16, i8: I8 }[storedScalar(shape)],
    connectivity: shape.connectivity ?? CONNECTIVITY,
    expansion_add: shape.ef_construction ?? EF_CONSTRUCTION,
    expansion_search: EF_SEARCH,
    multi: false,
  });
}

export class Hnsw {
  readonly shape: GraphShape;
  /** True for a graph mapped from a file: it can be searched and nothing else. */
  readonly mapped: boolean;
  /** Places in the file that it was read from, those of keys that were taken out among them; 0 for a new one. */
  readonly places: number;
  readonly #native: NativeIndex;

  private constructor(shape: GraphShape, native: NativeIndex, mapped: boolean, places = 0) {
    this.shape = shape;
    this.places = places;
    this.#native = native;
    this.mapped = mapped;
  }

  static async create(shape: GraphShape): Promise<Hnsw> {
    return new Hnsw(shape, construct(await usearch(), shape), false);
  }

  /** Reads a graph file into memory, to be changed. Throws Fault `internal`, naming the file, when it is damaged. */
  static async load(path: string, shape: GraphShape): Promise<{ graph: Hnsw; tail: unknown }> {
    return Hnsw.#fromFile(path, shape, false, readChecksummed(path).tail);
  }

  /**
   * Maps a graph file, to be searched. `verified` is the tail of a file that the caller has just verified;
   * without it the file is verified here. The file must not be written to while it is mapped; it may be unlinked.
   */
  static async view(
    path: string,
    shape: GraphShape,
    verified?: { tail: unknown },
  ): Promise<{ graph: Hnsw; tail: unknown }> {
    return Hnsw.#fromFile(path, shape, true, (verified ?? readChecksummed(path)).tail);
  }

  static async #fromFile(
    path: string,
    shape: GraphShape,
    mapped: boolean,
    tail: unknown,
  ): Promise<{ graph: Hnsw; tail: unknown }> {
    const native = construct(await usearch(), shape);
    const counts = countsOf(path);
    if (counts === undefined || !hasRoom(counts)) throw unreadable(path);
    try {
      if (mapped) native.view(path);
      else native.load(path);
    } catch (error) {
      throw unreadable(path, error);
    }
    if (native.dimensions() !== shape.dimension) {
      throw new Fault(
        "internal",
        `${basename(path)} holds vectors of ${native.dimensions()} numbers, not ${shape.dimension}.`,
      );
    }
    return { graph: new Hnsw(shape, native, mapped, counts.places), tail };
  }

  get size(): number {
    return this.#native.size();
  }

  /** About what the graph takes in memory or on disk: scalars, links (two 32-bit slots each on average) and keys. */
  get bytes(): number {
    const scalarBytes = { f32: 4, f16: 2, bf16: 2, i8: 1 }[storedScalar(this.shape)];
    const links = 2 * (this.shape.connectivity ?? CONNECTIVITY) * 4;
    return this.size * (this.shape.dimension * scalarBytes + links + 32);
  }

  has(key: number): boolean {
    return this.#native.contains(BigInt(key)) === true;
  }

  /** Links one vector in. The key must be new; under cosine the vector's length does not matter, but may not be zero. */
  add(key: number, vector: Float32Array): void {
    assert(!this.mapped, "a mapped graph cannot change");
    assert(Number.isInteger(key) && key >= 0 && key <= KEY_MAX, "a key is a row number");
    assert(!this.has(key), "a key is in a graph once");
    this.#native.add(BigInt(key), this.#checked(vector), 1);
  }

  /** Takes a key out; its place is used again by a later add. False when it was not there. */
  remove(key: number): boolean {
    assert(!this.mapped, "a mapped graph cannot change");
    return this.#native.remove(BigInt(key)) === 1;
  }

  /** Up to `wanted` nearest keys. The more are wanted, the wider the search: this is also how to spend more on recall. */
  search(vector: Float32Array, wanted: number): Neighbours {
    const k = Math.min(Math.max(1, Math.floor(wanted)), this.size);
    if (k === 0) return { keys: [], distances: new Float32Array(0) };
    const matches = this.#native.search(this.#checked(vector), k, 1);
    const keys = Array.from(matches.keys, Number);
    return { keys, distances: realDistances(matches.distances, this.shape.metric) };
  }

  /**
   * Searches the graph for each key's own vector and adds again what is not found. Returns the keys that were
   * lost at first and those that still are; the caller keeps these out of the graph and scans them.
   */
  audit(
    keys: Iterable<number>,
    vectorOf: (key: number) => Float32Array,
  ): { checked: number; lost: number[]; stillLost: number[] } {
    const lost: number[] = [];
    let checked = 0;
    for (const key of keys) {
      checked++;
      if (!this.#reaches(key, vectorOf(key))) lost.push(key);
    }
    for (const key of lost) {
      this.remove(key);
      this.add(key, vectorOf(key));
    }
    return { checked, lost, stillLost: lost.filter((key) => !this.#reaches(key, vectorOf(key))) };
  }

  /** A search for a key's own vector may leave the key out only in favour of keys that are as near: equal vectors, or longer ones under dot. */
  #reaches(key: number, vector: Float32Array): boolean {
    for (const wanted of [AUDIT_NEIGHBOURS, AUDIT_NEIGHBOURS * 16]) {
      const { keys, distances } = this.search(vector, wanted);
      if (keys.includes(key)) return true;
      const nearest = distances[0] ?? Number.POSITIVE_INFINITY;
      const furthest = distances.at(-1) ?? Number.POSITIVE_INFINITY;
      const own = this.shape.metric === "dot" ? 1 - squaredLength(vector) * (1 - SCALAR_ERROR) : nearest;
      if (furthest <= own && keys.length === wanted && this.has(key)) return true;
    }
    return false;
  }

  /**
   * Writes the graph as a checksummed file with `tail` beside it. Holds the event loop: for a worker process. One of which
   * much was taken out must be built from nothing instead (`isWorthKeeping`).
   */
  save(path: string, tail: unknown): FileChecksum {
    const temporary = `${path}.tmp`;
    try {
      this.#native.save(temporary);
    } catch (error) {
      rmSync(temporary, { force: true });
      const message = `${basename(path)} could not be written whole. Check the disk's space and health, then try again.`;
      throw new Fault("unavailable", message, { cause: error, retryAfterMs: 1_000 });
    }
    const counts = countsOf(temporary);
    if (counts === undefined || !hasRoom(counts)) {
      rmSync(temporary, { force: true });
      throw new Fault("internal", `${basename(path)} would have too many places without a key.`);
    }
    return appendChecksum(temporary, path, tail);
  }

  /** A vector that usearch may have: of the right length, finite, of unit length under cosine, in a buffer of its own. */
  #checked(vector: Float32Array): Float32Array {
    assert(vector.length === this.shape.dimension, "a vector has the graph's dimension");
    return this.shape.metric === "cosine" ? unit(vector) : finite(vector);
  }
}

/** What a graph file says of itself. */
interface FileCounts {
  /** Of keys that are there. */
  readonly present: number;
  /** And of those that were taken out, too. */
  readonly places: number;
}

const MAGIC = "usearch";
/** Behind the magic three 16-bit numbers of the version and four bytes of kinds; then the counts (index_dense_head_t). */
const PRESENT_AT = MAGIC.length + 10;

/** From the head of a graph file, which stands behind its matrix of scalars; undefined where there is none. */
function countsOf(path: string): FileCounts | undefined {
  const file = openSync(path, "r");
  try {
    const read = (at: number, bytes: number): DataView => {
      const view = new DataView(new ArrayBuffer(bytes));
      readSync(file, view, 0, bytes, at);
      return view;
    };
    const matrix = read(0, 8);
    const [places, bytes] = [matrix.getUint32(0, true), matrix.getUint32(4, true)];
    const head = read(8 + places * bytes, PRESENT_AT + 8);
    if (new TextDecoder().decode(head.buffer.slice(0, MAGIC.length)) !== MAGIC) return undefined;
    return { present: Number(head.getBigUint64(PRESENT_AT, true)), places };
  } finally {
    closeSync(file);
  }
}

/**
 * Whether usearch opens a file without writing past a buffer: after reading all places it makes room for the keys that are
 * there, rounded up to a power of two and by a third, and copies the table of all places into it (`load` and `view` of its
 * binding, `index_dense_gt::try_reserve`).
 */
function hasRoom({ present, places }: FileCounts): boolean {
  if (places === 0) return true;
  if (present === 0) return false;
  return places <= Math.floor((4 / 3) * 2 ** Math.ceil(Math.log2(present)));
}

/** Whether a graph with so many places may be changed to hold so many keys, however the two are rounded. */
export function isWorthKeeping(places: number, keys: number): boolean {
  return keys * 4 >= places * 3;
}

function unreadable(path: string, cause?: unknown): Fault {
  const message = `${basename(path)} is not a graph that this version reads. It must be rebuilt.`;
  return new Fault("internal", message, { cause });
}

function finite(vector: Float32Array): Float32Array {
  for (const value of vector) assert(Number.isFinite(value), "a vector's numbers are finite");
  return vector.slice();
}

function squaredLength(vector: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += (vector[i] ?? 0) ** 2;
  return sum;
}

/** A copy of length one, so that f16 cannot overflow. */
function unit(vector: Float32Array): Float32Array {
  const sum = squaredLength(vector);
  assert(sum > 0 && Number.isFinite(sum), "a vector under cosine is finite and not zero");
  const scale = 1 / Math.sqrt(sum);
  const copy = new Float32Array(vector.length);
  for (let i = 0; i < vector.length; i++) copy[i] = (vector[i] ?? 0) * scale;
  return copy;
}

function realDistances(distances: Float32Array, metric: Metric): Float32Array {
  return metric === "euclidean" ? distances.map((squared) => Math.sqrt(Math.max(0, squared))) : distances;
}

/** An exact search over whole rows, on one thread; resolved once so that the scan itself is synchronous. */
export interface ExactSearch {
  /**
   * Row numbers (0 to rows - 1) of the nearest `wanted` rows of a matrix that starts its own buffer: usearch
   * reads the buffer from its start, whatever the offset of the array over it.
   */
  (matrix: Float32Array, rows: number, query: Float32Array, wanted: number, metric: Metric): Neighbours;
}

export async function exactSearch(): Promise<ExactSearch> {
  const library = await usearch();
  return (matrix, rows, query, wanted, metric) => {
    assert(matrix.byteOffset === 0, "an exact search reads its matrix from the start of the buffer");
    assert(rows * query.length <= matrix.length, "an exact search stays inside its matrix");
    const k = Math.min(wanted, rows);
    if (k <= 0) return { keys: [], distances: new Float32Array(0) };
    const part = matrix.subarray(0, rows * query.length);
    const own =
      query.byteOffset === 0 && query.byteLength === query.buffer.byteLength ? query : query.slice();
    const matches = library.exactSearch(part, own, query.length, k, nativeMetric(library, metric), 1);
    return { keys: Array.from(matches.keys, Number), distances: realDistances(matches.distances, metric) };
  };
}

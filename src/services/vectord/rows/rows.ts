// The rows of an index: vectors in f32 as they were given, ids, metadata, and which rows are live. A row is written
// once and does not change while it is live: an update takes a new row and removes the old one. A removed row is
// reused only when nothing can still refer to its old vector: no graph holds it, no build has it on its list, and no
// scan or snapshot that began before is still reading (`pin`). This rule lets searches, builds and snapshots run
// beside writes without copying.
//
// Vectors lie in chunks. A chunk that a snapshot has written is mapped from that file from then on, privately: its
// pages are in memory while they are read, and a row that is reused makes a copy of its own page.

import { assert, present } from "#lib/assert";
import { Bitmap } from "./bitmap.ts";
import { Codes } from "./codes.ts";
import { Payload } from "./payload.ts";
import { type IndexShape, type Item, type Metadata, norm } from "./shape.ts";

/** About the size of a chunk: large enough for native scans, small enough to hash and write between events. */
const CHUNK_BYTES = 4 * 1024 * 1024;

const LIVE = 1;
/** In the graph that is mapped from a file. */
export const IN_BASE = 2;
/** In the small graph in memory. */
export const IN_DELTA = 4;
/** On the list of a build that is under way. */
export const IN_BUILD = 8;

interface Chunk {
  vectors: Float32Array<ArrayBuffer>;
  /** The file it is mapped from, so that the memory is the kernel's to take back; null while it is our own. */
  file: string | null;
  /** Euclidean length of each row. */
  readonly norms: Float64Array<ArrayBuffer>;
  /** Grows with every row written: a snapshot writes a chunk again only when it differs from last time. */
  version: number;
}

/** A row in a snapshot's table; the Euclidean length is not in tables that were written before it was kept. */
export type TableEntry = readonly [
  row: number,
  id: string,
  metadata: Metadata,
  metadataBytes: number,
  length?: number,
];

export class Rows {
  readonly shape: IndexShape;
  readonly chunkRows: number;
  readonly chunks: Chunk[] = [];
  readonly live = new Bitmap();
  readonly payload: Payload;
  readonly codes: Codes;
  readonly #ids: (string | undefined)[] = [];
  readonly #metadata: (Metadata | undefined)[] = [];
  readonly #rowOf = new Map<string, number>();
  readonly #deadIn: number[] = [];
  #state = new Uint8Array(1_024);
  #free: number[] = [];
  /** Rows removed under a pin that nothing else holds: free when it ends. */
  #pinnedRows: number[] = [];
  /** Rows removed under a pin, whose ids and metadata a snapshot may still have to write. */
  #pinnedNames: number[] = [];
  #pins = 0;
  #end = 0;
  readonly #metadataBytesOf: number[] = [];
  #metadataBytes = 0;

  constructor(shape: IndexShape) {
    this.shape = shape;
    const fit = Math.max(1, CHUNK_BYTES / (shape.dimension * 4));
    this.chunkRows = 2 ** Math.floor(Math.log2(fit));
    this.payload = new Payload(shape.fields, (row) => this.metadata(row));
    this.codes = new Codes(shape.dimension);
  }

  get count(): number {
    return this.#rowOf.size;
  }

  /** One past the highest row ever used. */
  get end(): number {
    return this.#end;
  }

  /** Rows that are not live: reusable now, or held by a graph, a build or a pin. */
  get dead(): number {
    return this.#end - this.#rowOf.size;
  }

  /** Memory of vectors that are not mapped, of codes and of bookkeeping, and about that of ids and metadata. */
  get bytes(): number {
    const unmapped = this.chunks.filter(({ file }) => file === null).length;
    const numbers = unmapped * this.shape.dimension * 4 + this.chunks.length * 8;
    return numbers * this.chunkRows + this.#metadataBytes * 2 + this.#end * 64 + this.codes.bytes;
  }

  /** Of all vectors, wherever they are. */
  get vectorBytes(): number {
    return this.#end * this.shape.dimension * 4;
  }

  rowOf(id: string): number | undefined {
    return this.#rowOf.get(id);
  }

  isLive(row: number): boolean {
    return ((this.#state[row] ?? 0) & LIVE) !== 0;
  }

  is(row: number, mark: number): boolean {
    return ((this.#state[row] ?? 0) & mark) !== 0;
  }

  mark(row: number, mark: number): void {
    this.#state[row] = (this.#state[row] ?? 0) | mark;
  }

  /** Takes a mark away; a removed row that has none left is reusable. */
  unmark(row: number, mark: number): void {
    this.#state[row] = (this.#state[row] ?? 0) & ~mark;
    this.#settle(row);
  }

  id(row: number): string {
    return present(this.#ids[row], "the id of a live row");
  }

  metadata(row: number): Metadata {
    return present(this.#metadata[row], "the metadata of a live row");
  }

  /** The row's vector: a view, to be read and not kept. */
  vector(row: number): Float32Array {
    const { vectors } = this.chunk(row);
    const at = (row % this.chunkRows) * this.shape.dimension;
    return vectors.subarray(at, at + this.shape.dimension);
  }

  /** Euclidean length of the row's vector. */
  length(row: number): number {
    return this.chunk(row).norms[row % this.chunkRows] as number;
  }

  chunk(row: number): Chunk {
    return present(this.chunks[Math.floor(row / this.chunkRows)], "the chunk of a row");
  }

  /** Rows of a chunk that were used and do not live. */
  deadIn(chunk: number): number {
    return this.#deadIn[chunk] ?? 0;
  }

  /** Stores an item as a new row and removes the row that had its id before. */
  put(item: Item, metadataBytes: number): { row: number; replaced: number | undefined } {
    const replaced = this.remove(item.id);
    const row = this.#take();
    const chunk = this.chunk(row);
    const slot = row % this.chunkRows;
    this.codes.forget(row);
    chunk.vectors.set(item.vector, slot * this.shape.dimension);
    chunk.norms[slot] = norm(item.vector);
    chunk.version++;
    this.#bind(row, item.id, item.metadata, metadataBytes);
    return { row, replaced };
  }

  /** Removes the row of an id; the row is returned when there was one. */
  remove(id: string): number | undefined {
    const row = this.#rowOf.get(id);
    if (row === undefined) return undefined;
    this.#rowOf.delete(id);
    this.payload.delete(row, this.metadata(row));
    this.#metadataBytes -= this.#metadataBytesOf[row] ?? 0;
    if (this.#pins > 0) this.#pinnedNames.push(row);
    else this.#forget(row);
    this.live.delete(row);
    this.#state[row] = (this.#state[row] ?? 0) & ~LIVE;
    this.#countDead(row, 1);
    this.#settle(row);
    return row;
  }

  /** Keeps every row that is removed from now on as it is, until the function returned is called. */
  pin(): () => void {
    this.#pins++;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      if (--this.#pins > 0) return;
      for (const row of this.#pinnedNames) this.#forget(row);
      this.#pinnedNames = [];
      const waiting = this.#pinnedRows;
      this.#pinnedRows = [];
      for (const row of waiting) this.#settle(row);
    };
  }

  /** What a row holds beside its vector, for a snapshot; it is live, or was removed under a pin that is still held. */
  entry(row: number): TableEntry {
    return [row, this.id(row), this.metadata(row), this.#metadataBytesOf[row] ?? 0, this.length(row)];
  }

  /** Takes a mapped file for a chunk whose rows it holds as they are; the file is never written to. */
  mapChunk(index: number, vectors: Float32Array<ArrayBuffer>, file: string): void {
    const chunk = present(this.chunks[index], "a chunk");
    assert(vectors.length === this.chunkRows * this.shape.dimension, "a mapped chunk is a whole one");
    chunk.vectors = vectors;
    chunk.file = file;
  }

  /** Takes bytes as the vectors of a chunk, in memory; what they do not fill is not of any row. */
  holdChunk(index: number, bytes: Uint8Array): void {
    const chunk = present(this.chunks[index], "a chunk");
    chunk.vectors = new Float32Array(this.chunkRows * this.shape.dimension);
    new Uint8Array(chunk.vectors.buffer).set(bytes);
    chunk.file = null;
  }

  /** Makes room for rows read from a snapshot, all dead until they are bound. */
  restoreChunks(end: number): void {
    assert(this.#end === 0, "a snapshot is read into an empty index");
    while (this.chunks.length * this.chunkRows < end) {
      // A whole chunk is mapped before it is read.
      this.#grow((this.chunks.length + 1) * this.chunkRows > end);
    }
    this.#end = end;
    for (let row = 0; row < end; row += this.chunkRows) {
      this.#deadIn[row / this.chunkRows] = Math.min(this.chunkRows, end - row);
    }
  }

  /** Gives a row of a snapshot its id and metadata; its vector is there already. */
  restore([row, id, metadata, metadataBytes, length]: TableEntry): void {
    this.chunk(row).norms[row % this.chunkRows] = length ?? norm(this.vector(row));
    this.#countDead(row, -1);
    this.#bind(row, id, metadata, metadataBytes);
  }

  /** After the last `restore`, and after the graph has marked its rows: the rest is free. */
  restored(): void {
    // The file of a chunk may have been unreadable; its rows are free, and need memory.
    for (const chunk of this.chunks)
      if (chunk.vectors.length === 0) chunk.vectors = new Float32Array(this.chunkRows * this.shape.dimension);
    for (let row = 0; row < this.#end; row++) this.#settle(row);
  }

  #forget(row: number): void {
    this.#ids[row] = undefined;
    this.#metadata[row] = undefined;
  }

  #bind(row: number, id: string, metadata: Metadata, metadataBytes: number): void {
    this.#metadataBytes += metadataBytes;
    this.#metadataBytesOf[row] = metadataBytes;
    this.#ids[row] = id;
    this.#metadata[row] = metadata;
    this.#rowOf.set(id, row);
    this.live.add(row);
    this.mark(row, LIVE);
    this.payload.add(row, metadata);
  }

  #take(): number {
    const free = this.#free.pop();
    if (free !== undefined) {
      this.#countDead(free, -1);
      return free;
    }
    const row = this.#end++;
    if (row >= this.chunks.length * this.chunkRows) this.#grow();
    return row;
  }

  #grow(inMemory = true): void {
    this.chunks.push({
      vectors: new Float32Array(inMemory ? this.chunkRows * this.shape.dimension : 0),
      file: null,
      norms: new Float64Array(this.chunkRows),
      version: 0,
    });
    this.#deadIn.push(0);
    const rows = this.chunks.length * this.chunkRows;
    if (rows <= this.#state.length) return;
    const larger = new Uint8Array(Math.max(rows, this.#state.length * 2));
    larger.set(this.#state);
    this.#state = larger;
  }

  #countDead(row: number, change: number): void {
    const chunk = Math.floor(row / this.chunkRows);
    this.#deadIn[chunk] = this.deadIn(chunk) + change;
  }

  #settle(row: number): void {
    if ((this.#state[row] ?? 0) !== 0) return;
    if (this.#pins > 0) this.#pinnedRows.push(row);
    else this.#free.push(row);
  }
}

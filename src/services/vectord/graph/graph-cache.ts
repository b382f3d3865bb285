// The graphs over the rows: a cache, which may be thrown away and built again at any time. There are two: the
// base, mapped from a file that a worker process built, and the delta, a small one in memory that takes new rows
// in steps of two milliseconds between events. Rows that are in neither are unindexed; a search scans these. When too
// many are unindexed, in the delta, or tombstones of the base (thresholds.ts), a worker builds the next base and it is
// swapped in whole. A removed row stays in the base until then, as a tombstone that readers skip (rows.ts keeps its
// place).

import { rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { Hnsw, isWorthKeeping } from "#adapters/hnsw";
import { type FileChecksum, verifyChecksummed, writeChecksummed } from "#adapters/checksummed-file";
import type { Clock } from "#lib/clock";
import { yieldToEventLoop } from "#lib/event-loop";
import { Fault } from "#rpc/fault";
import { Bitmap } from "../rows/bitmap.ts";
import { IN_BASE, IN_BUILD, IN_DELTA } from "../rows/rows.ts";
import { type IndexShape, shapeText, vectorHash } from "../rows/shape.ts";
import type { BuildJob, GraphTail } from "./contract.ts";
import { MappedNodes, type NodeRows, Nodes } from "./nodes.ts";
import { runBuild } from "./pool.ts";
import {
  type GraphCounts,
  isBuildDue,
  isMergeDueAtRest,
  isWornOut,
  type Minima,
  unindexedMax,
  WHOLE,
} from "./thresholds.ts";

/** No new row for so long is rest. */
const REST_MS = 3_000;
/** How long a step may hold the event loop, and how long others have it in between. */
const STEP_MS = 2;
const PAUSE_MS = 4;
/** After a build that failed (a full disk, no memory) the next one waits. */
const RETRY_MS = 30_000;

interface Base {
  readonly graph: Hnsw;
  readonly path: string;
  readonly checksum: FileChecksum;
  readonly rows: Bitmap;
  readonly count: number;
  readonly nodes: MappedNodes;
  readonly replaced: number;
}

interface Delta {
  readonly graph: Hnsw;
  readonly nodes: Nodes;
}

/** What one graph found. */
export interface FoundNodes extends NodeRows {
  /** Nearest first as far as coarse scalars tell. */
  readonly nodes: readonly number[];
}

/** The rows that a graph is over: all of an index, or those of one partition, with marks that are its own. */
export interface GraphRows {
  readonly shape: IndexShape;
  readonly live: Bitmap;
  isLive(row: number): boolean;
  vector(row: number): Float32Array;
  is(row: number, mark: number): boolean;
  mark(row: number, mark: number): void;
  unmark(row: number, mark: number): void;
}

/** Graph files of one folder: no two builds get the same number. */
export class GraphNumbers {
  #last: number;

  /** `last` is the highest number that a graph file in the folder has. */
  constructor(last: number) {
    this.#last = last;
  }

  /** Never the number of a build whose process outlived the last service. */
  next(nowMs: number): number {
    this.#last = Math.max(this.#last + 1, nowMs);
    return this.#last;
  }
}

/** What the owner of the graphs wants to know. */
export interface GraphEvents {
  /** A new base was swapped in; the file of the old one may go. */
  onSwap(): void;
  /** No row has come for a while and the graphs have taken what there was. */
  onRest(): void;
  onBuilt(): void;
  onBuildFailure(error: unknown): void;
}

export class GraphCache {
  readonly #dir: string;
  readonly #rows: GraphRows;
  readonly #clock: Clock;
  readonly #numbers: GraphNumbers;
  readonly #minima: Minima;
  #base: Base | null = null;
  #delta: Delta | null = null;
  readonly #deltaRows = new Set<number>();
  readonly #deltaDead: number[] = [];
  /** In no graph and on no build's list. */
  readonly #unindexed = new Set<number>();
  /** Rows that a build could not make reachable; scanned until the next one tries again. */
  readonly #unreachable = new Set<number>();
  /** Unindexed rows that the build under way takes in. */
  readonly #building = new Set<number>();
  #tombstones = 0;
  #addedAt = 0;
  #stepTimer: ReturnType<typeof setTimeout> | null = null;
  #restTimer: ReturnType<typeof setTimeout> | null = null;
  #build: Promise<void> | null = null;
  readonly #closing = new AbortController();
  /** Of the build under way, or the last one. */
  #number = 0;
  #failed: { readonly at: number; readonly error: unknown } | null = null;
  /** Set by the owner once it is there itself. */
  events: GraphEvents | null = null;

  constructor(dir: string, rows: GraphRows, clock: Clock, numbers: GraphNumbers, minima = WHOLE) {
    this.#dir = dir;
    this.#rows = rows;
    this.#clock = clock;
    this.#numbers = numbers;
    this.#minima = minima;
  }

  /** Graphs that a search of it asks. */
  readonly graphs = 1;

  get ready(): boolean {
    return this.#base !== null;
  }

  /** Live rows in the base: with its file, a restart need not scan them. */
  get baseRows(): number {
    return (this.#base?.count ?? 0) - this.#tombstones;
  }

  /** The file that the build under way writes. */
  get upcoming(): string | null {
    return this.#build === null ? null : `graph-${this.#number}`;
  }

  /** Rows that no graph holds. */
  get unindexed(): number {
    return this.#unindexed.size + this.#building.size + this.#unreachable.size;
  }

  /** Also while a build is due and about to start. */
  get building(): boolean {
    return this.#build !== null || (this.#stepTimer !== null && this.#due() && this.#mayBuild());
  }

  /** Removed rows that the base still leads through. */
  get tombstones(): number {
    return this.#tombstones;
  }

  /** Rows that no search through the last build's graph found. */
  get unreachable(): number {
    return this.#unreachable.size;
  }

  /** Rows in the graphs, tombstones included. */
  get size(): number {
    return (this.#base?.count ?? 0) + this.#deltaRows.size;
  }

  get nodes(): number {
    return (this.#base?.graph.size ?? 0) + (this.#delta?.graph.size ?? 0);
  }

  get bytes(): number {
    return (this.#base?.graph.bytes ?? 0) + (this.#delta?.graph.bytes ?? 0);
  }

  get file(): { readonly name: string; readonly checksum: FileChecksum } | null {
    return this.#base === null ? null : { name: basename(this.#base.path), checksum: this.#base.checksum };
  }

  /** Takes a verified graph file as the base, at start-up; rows that it does not have are reported by `added`. */
  async attach(path: string, verified: FileChecksum & { tail: unknown }): Promise<void> {
    const tail = verified.tail as GraphTail;
    // A graph in which rows with equal vectors have a node each is built once more.
    if ((tail as Partial<GraphTail>).nodes === undefined)
      throw new Fault("internal", `${basename(path)} is a graph of an earlier version. It must be rebuilt.`);
    const { graph } = await Hnsw.view(path, this.#rows.shape, verified);
    this.#delta = await newDelta(this.#rows.shape);
    await yieldToEventLoop();
    this.#install(path, graph, verified, tail);
  }

  has(row: number): boolean {
    return this.#rows.is(row, IN_BASE | IN_DELTA);
  }

  added(row: number): void {
    this.#unindexed.add(row);
    this.#wake();
    this.#addedAt = performance.now();
    if (this.#restTimer === null && !this.#closed) this.#awaitRest(REST_MS);
  }

  #awaitRest(ms: number): void {
    this.#restTimer = setTimeout(() => {
      this.#restTimer = null;
      const quietMs = performance.now() - this.#addedAt;
      if (quietMs < REST_MS) this.#awaitRest(REST_MS - quietMs);
      else void this.#rest();
    }, ms);
    this.#restTimer.unref();
  }

  async #rest(): Promise<void> {
    await this.#build;
    const merges = this.#base !== null && isMergeDueAtRest(this.#counts());
    if (!this.#closed && merges && this.#mayBuild()) this.#startBuild();
    await this.#build;
    if (!this.#closed) this.events?.onRest();
  }

  #counts(): GraphCounts {
    return {
      base: this.#base?.count ?? 0,
      delta: this.#deltaRows.size,
      unindexed: this.#unindexed.size,
      tombstones: this.#tombstones,
    };
  }

  removed(row: number): void {
    this.#unindexed.delete(row);
    this.#building.delete(row);
    this.#unreachable.delete(row);
    if (this.#rows.is(row, IN_BASE)) this.#tombstones++;
    if (this.#rows.is(row, IN_DELTA)) this.#deltaDead.push(row);
    this.#wake();
  }

  /** Up to `wanted` nodes of each graph. Some rows of theirs are removed; distances are to be computed from the rows. */
  search(vector: Float32Array, wanted: number): FoundNodes[] {
    return [this.#base, this.#delta].flatMap((searched) => {
      if (searched === null) return [];
      const { graph, nodes } = searched;
      return [{ nodes: graph.search(vector, wanted).keys, rowsOf: (node: number) => nodes.rowsOf(node) }];
    });
  }

  /** Whether a search for this many got all there is. */
  exhausted(wanted: number): boolean {
    return wanted >= (this.#base?.graph.size ?? 0) && wanted >= (this.#delta?.graph.size ?? 0);
  }

  *unindexedRows(): Generator<number> {
    yield* this.#unindexed;
    yield* this.#building;
    yield* this.#unreachable;
  }

  /** Waits until the graphs have taken every row they are due, for a snapshot or a measurement. */
  async settled(): Promise<void> {
    while (!this.#closed && this.#failed === null && (this.#build !== null || this.#stepTimer !== null)) {
      if (this.#build !== null) await this.#build;
      else await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  /** Builds the unindexed rows into the base now, however few they are; or a new base from nothing. */
  async rebuild(fromNothing = false): Promise<void> {
    if (fromNothing) await this.#build;
    if (this.#build === null) this.#startBuild(fromNothing);
    await this.#build;
    if (this.#failed !== null) throw this.#failed.error;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    if (this.#stepTimer !== null) clearTimeout(this.#stepTimer);
    this.#stepTimer = null;
    if (this.#restTimer !== null) clearTimeout(this.#restTimer);
    this.#restTimer = null;
    await this.#build;
  }

  get #closed(): boolean {
    return this.#closing.signal.aborted;
  }

  #wake(afterMs = PAUSE_MS): void {
    if (this.#stepTimer !== null || this.#closed) return;
    this.#stepTimer = setTimeout(() => this.#step(), afterMs);
    this.#stepTimer.unref();
  }

  /** One step of upkeep: start a build when one is due, otherwise move rows for a moment. */
  #step(): void {
    this.#stepTimer = null;
    if (this.#closed) return;
    if (this.#due()) {
      if (this.#mayBuild()) this.#startBuild();
      else this.#wake(RETRY_MS);
      return;
    }
    if (this.#base === null) return;
    const until = performance.now() + STEP_MS;
    while (performance.now() < until) {
      const dead = this.#deltaDead.pop();
      if (dead !== undefined) {
        this.#takeOut(dead);
        continue;
      }
      const [row] = this.#unindexed;
      if (row === undefined || this.#delta === null || this.#unindexed.size > this.#unindexedMax) break;
      const vector = this.#rows.vector(row);
      if (!this.#delta.nodes.take(row, vectorHash(vector))) this.#delta.graph.add(row, vector);
      this.#rows.mark(row, IN_DELTA);
      this.#deltaRows.add(row);
      this.#unindexed.delete(row);
    }
    if (
      this.#deltaDead.length > 0 ||
      (this.#unindexed.size > 0 && this.#unindexed.size <= this.#unindexedMax) ||
      this.#due()
    ) {
      this.#wake();
    }
  }

  /** Of the delta; live rows that lose their node by it are unindexed again. */
  #takeOut(dead: number): void {
    const left = this.#delta?.nodes.release(dead) ?? null;
    if (left !== null) this.#delta?.graph.remove(dead);
    for (const row of [dead, ...(left ?? [])]) {
      this.#deltaRows.delete(row);
      this.#rows.unmark(row, IN_DELTA);
      if (this.#rows.isLive(row)) this.#unindexed.add(row);
    }
  }

  #due(): boolean {
    return this.#build === null && isBuildDue(this.#counts(), this.#minima);
  }

  get #unindexedMax(): number {
    return unindexedMax(this.#base?.count ?? 0, this.#minima);
  }

  #mayBuild(): boolean {
    return this.#failed === null || this.#clock.now() - this.#failed.at >= RETRY_MS;
  }

  #startBuild(fromNothing = false): void {
    this.#build = this.#runBuild(fromNothing)
      .then(
        () => {
          this.#failed = null;
          this.events?.onBuilt();
        },
        (error: unknown) => {
          this.#failed = { at: this.#clock.now(), error };
          if (!this.#closed) this.events?.onBuildFailure(error);
        },
      )
      .finally(() => {
        this.#build = null;
        this.#wake();
      });
  }

  async #runBuild(fromNothing: boolean): Promise<void> {
    const number = this.#numbers.next(this.#clock.now());
    this.#number = number;
    const out = join(this.#dir, `graph-${number}`);
    const jobPath = join(this.#dir, `job-${number}`);
    const job = this.#plan(out, fromNothing);
    for (const row of job.add) this.#rows.mark(row, IN_BUILD);
    for (const row of this.#unindexed) this.#building.add(row);
    for (const row of this.#unreachable) this.#building.add(row);
    this.#unindexed.clear();
    this.#unreachable.clear();
    try {
      await writeChecksummed(jobPath, this.#vectorsOf(job.add), job);
      await runBuild(jobPath, job.add.length + job.remove.length, this.#closing.signal);
      const verified = await verifyChecksummed(out);
      // Each of the two takes milliseconds at 100,000 rows: mapping it, which lists its keys, and the swap.
      const { graph } = await Hnsw.view(out, this.#rows.shape, verified);
      const delta = await newDelta(this.#rows.shape);
      await yieldToEventLoop();
      if (this.#closed) throw new Fault("cancelled", "The index was closed during the build.");
      this.#swap(out, graph, delta, verified);
    } catch (error) {
      await rm(out, { force: true }).catch(() => undefined);
      throw error;
    } finally {
      for (const row of this.#building) this.#unindexed.add(row);
      this.#building.clear();
      for (const row of job.add) this.#rows.unmark(row, IN_BUILD);
      await rm(jobPath, { force: true }).catch(() => undefined);
      if (!this.#closed) this.events?.onSwap();
    }
  }

  /** What the next base takes: all live rows, or the difference to this one. */
  #plan(out: string, fromNothing: boolean): BuildJob {
    const shape = shapeText(this.#rows.shape);
    const live = this.#rows.live;
    const base = this.#base;
    if (!fromNothing && this.#failed === null && base !== null && !isWornOut(base.replaced, base.count)) {
      const remove = [...base.rows.clone().minus(live).toRows()];
      const added = live.clone().minus(base.rows);
      // A node goes with the row whose number it has; others that share it get a new one.
      for (const row of remove)
        for (const other of base.nodes.rowsOf(row) ?? []) if (live.has(other)) added.add(other);
      const add = [...added.toRows()];
      const gone = remove.length - base.nodes.othersAmong((row) => !live.has(row));
      // Where many rows to be added share nodes these are fewer, and the build fails: the next one starts from nothing.
      if (isWorthKeeping(base.graph.places, base.graph.size - gone + add.length))
        return { shape, base: base.path, add, remove, out };
    }
    return { shape, base: null, add: [...live.toRows()], remove: [], out };
  }

  // Rows on a build's list do not change until it is over, so that they may be read between events.
  *#vectorsOf(rows: readonly number[]): Generator<Uint8Array> {
    for (const row of rows) {
      const vector = this.#rows.vector(row);
      yield new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
    }
  }

  #swap(path: string, graph: Hnsw, delta: Delta, verified: FileChecksum & { tail: unknown }): void {
    const old = this.#base?.rows ?? new Bitmap();
    const base = this.#install(path, graph, verified, verified.tail as GraphTail);
    old
      .clone()
      .minus(base.rows)
      .forEach((row) => this.#rows.unmark(row, IN_BASE));
    this.#delta = delta;
    this.#deltaDead.length = 0;
    for (const row of this.#deltaRows) {
      if (this.#rows.isLive(row) && !this.#rows.is(row, IN_BASE)) this.#unindexed.add(row);
      this.#rows.unmark(row, IN_DELTA);
    }
    this.#deltaRows.clear();
    for (const row of this.#building) if (base.rows.has(row)) this.#building.delete(row);
    for (const row of (verified.tail as GraphTail).lost) {
      if (!this.#rows.isLive(row)) continue;
      this.#building.delete(row);
      this.#unindexed.delete(row);
      this.#unreachable.add(row);
    }
  }

  #install(path: string, graph: Hnsw, checksum: FileChecksum, tail: GraphTail): Base {
    const rows = Bitmap.fromText(tail.rows);
    const count = rows.count();
    rows
      .clone()
      .minus(this.#base?.rows ?? new Bitmap())
      .forEach((row) => this.#rows.mark(row, IN_BASE));
    this.#tombstones = count - rows.clone().and(this.#rows.live).count();
    const { payloadBytes, tailBytes, hash } = checksum;
    const base = {
      graph,
      path,
      checksum: { payloadBytes, tailBytes, hash },
      rows,
      count,
      nodes: new MappedNodes(tail.nodes),
      replaced: tail.replaced,
    };
    this.#base = base;
    return base;
  }
}

async function newDelta(shape: IndexShape): Promise<Delta> {
  return { graph: await Hnsw.create(shape), nodes: new Nodes() };
}

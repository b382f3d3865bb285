// The graphs over the rows: a cache, which may be thrown away and built again at any time. There are two: the
// base, mapped from a file that a child process built, and the delta, a small one in memory that takes new rows
// in steps of two milliseconds between events. Rows that are in neither are `pending`; a search scans these. When
// too many are pending, in the delta, or dead in the base, a child builds the next base and it is swapped in
// whole. A row that dies stays in the base until then and is passed over by the reader (rows.ts keeps its place).

import { rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { Hnsw } from "#adapters/hnsw";
import { type FileChecksum, verifyChecksummed, writeChecksummed } from "#adapters/checksummed-file";
import type { Clock } from "#lib/clock";
import { Fault } from "#rpc/fault";
import { Bitmap } from "../rows/bitmap.ts";
import type { BuildJob, GraphTail } from "./worker.ts";
import { yieldToEventLoop } from "#lib/event-loop";
import { IN_BASE, IN_BUILD, IN_DELTA, type Rows } from "../rows/rows.ts";
import { shapeText } from "../rows/shape.ts";

/** Rows a search scans beside the graphs: 0.3 ms at 768 numbers. A larger base is worth a longer scan. */
const PENDING_MAX = 2_000;
const PENDING_SHARE = 1 / 32;
/** Rows in the delta before they are built into the base: each doubling of the base writes it a few times. */
const DELTA_MAX = 8_192;
const DELTA_SHARE = 1 / 8;
/** A second graph doubles what a search costs: when no row has come for a while, even a small delta is built in. */
const QUIET_MS = 3_000;
const QUIET_DELTA_MIN = 256;
const QUIET_DELTA_SHARE = 1 / 128;
/** Dead rows in the base slow each search down; a build leaves them out. */
const GHOST_SHARE = 0.2;
const GHOSTS_MIN = 500;
/** A graph whose places were used again this often is built from nothing: links of old rows linger. */
const REPLACED_SHARE = 1;
/** How long a step may hold the event loop, and how long it lets others have it. */
const STEP_MS = 2;
const REST_MS = 4;
/** After a build that failed (a full disk, no memory) the next one waits. */
const RETRY_MS = 30_000;
/** A build that takes longer than this hangs. */
const BUILD_MS_MIN = 120_000;
const BUILD_MS_A_ROW = 10;

interface Base {
  readonly graph: Hnsw;
  readonly path: string;
  readonly seal: FileChecksum;
  readonly rows: Bitmap;
  readonly count: number;
  readonly replaced: number;
}

export class GraphCache {
  readonly #dir: string;
  readonly #rows: Rows;
  readonly #clock: Clock;
  #base: Base | null = null;
  #delta: Hnsw | null = null;
  readonly #deltaRows = new Set<number>();
  readonly #deltaDead: number[] = [];
  readonly #pending = new Set<number>();
  /** Rows that a build could not make reachable; scanned until the next one tries again. */
  readonly #lost = new Set<number>();
  /** Pending rows that the build under way will bring. */
  readonly #coming = new Set<number>();
  #ghosts = 0;
  #addedAt = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  /** Runs out when no row has come for a while. */
  #quiet: ReturnType<typeof setTimeout> | null = null;
  #build: Promise<void> | null = null;
  #child: Bun.Subprocess | null = null;
  #number: number;
  #failed: { readonly at: number; readonly error: unknown } | null = null;
  #closed = false;
  /** Called after a new base was swapped in; the file of the old one may go. */
  onSwap: () => void = () => undefined;
  /** Called when no row has come for a while and the graphs have taken what there was. */
  onRest: () => void = () => undefined;

  /** `number` is the highest number that a graph file in the folder has. */
  constructor(dir: string, rows: Rows, clock: Clock, number: number) {
    this.#dir = dir;
    this.#rows = rows;
    this.#clock = clock;
    this.#number = number;
  }

  get ready(): boolean {
    return this.#base !== null;
  }

  /** Rows in the base that live: those a snapshot of its file would spare a scan. */
  get baseRows(): number {
    return (this.#base?.count ?? 0) - this.#ghosts;
  }

  /** The file that the build under way writes. */
  get upcoming(): string | null {
    return this.#build === null ? null : `graph-${this.#number}`;
  }

  /** Rows that no graph holds. */
  get pending(): number {
    return this.#pending.size + this.#coming.size + this.#lost.size;
  }

  get building(): boolean {
    return this.#build !== null;
  }

  get ghosts(): number {
    return this.#ghosts;
  }

  /** Rows in the graphs, dead ones included. */
  get size(): number {
    return (this.#base?.count ?? 0) + (this.#delta?.size ?? 0);
  }

  get bytes(): number {
    return (this.#base?.graph.bytes ?? 0) + (this.#delta?.bytes ?? 0);
  }

  /** Why the last build failed, until one succeeds. */
  get failure(): unknown {
    return this.#failed?.error ?? null;
  }

  get file(): { readonly name: string; readonly seal: FileChecksum } | null {
    return this.#base === null ? null : { name: basename(this.#base.path), seal: this.#base.seal };
  }

  /** Takes a verified graph file as the base, at start-up; rows that it does not have are reported by `added`. */
  async attach(path: string, verified: FileChecksum & { tail: unknown }): Promise<void> {
    const { graph } = await Hnsw.view(path, this.#rows.shape, verified);
    this.#delta = await Hnsw.create(this.#rows.shape);
    await yieldToEventLoop();
    this.#install(path, graph, verified, verified.tail as GraphTail);
  }

  has(row: number): boolean {
    return this.#rows.is(row, IN_BASE | IN_DELTA);
  }

  added(row: number): void {
    this.#pending.add(row);
    this.#wake();
    this.#addedAt = performance.now();
    if (this.#quiet === null && !this.#closed) this.#awaitQuiet(QUIET_MS);
  }

  #awaitQuiet(ms: number): void {
    this.#quiet = setTimeout(() => {
      this.#quiet = null;
      const quietMs = performance.now() - this.#addedAt;
      if (quietMs < QUIET_MS) this.#awaitQuiet(QUIET_MS - quietMs);
      else void this.#rest();
    }, ms);
    this.#quiet.unref();
  }

  async #rest(): Promise<void> {
    await this.#build;
    if (!this.#closed && this.#worthMerging() && this.#mayBuild()) this.#startBuild();
    await this.#build;
    if (!this.#closed) this.onRest();
  }

  #worthMerging(): boolean {
    if (this.#base === null) return false;
    const size = this.#base.count;
    return (
      (this.#delta?.size ?? 0) + this.#pending.size > Math.max(QUIET_DELTA_MIN, size * QUIET_DELTA_SHARE)
    );
  }

  removed(row: number): void {
    this.#pending.delete(row);
    this.#coming.delete(row);
    this.#lost.delete(row);
    if (this.#rows.is(row, IN_BASE)) this.#ghosts++;
    if (this.#rows.is(row, IN_DELTA)) this.#deltaDead.push(row);
    this.#wake();
  }

  /**
   * Up to `wanted` rows from each graph, nearest first as far as coarse scalars tell, dead ones among them;
   * distances are to be computed from the rows.
   */
  search(vector: Float32Array, wanted: number): (readonly number[])[] {
    const base = this.#base?.graph.search(vector, wanted).keys ?? [];
    const delta = this.#delta?.search(vector, wanted).keys ?? [];
    return [base, delta];
  }

  /** Whether a search for this many got all there is. */
  exhausted(wanted: number): boolean {
    return wanted >= (this.#base?.count ?? 0) && wanted >= (this.#delta?.size ?? 0);
  }

  *pendingRows(): Generator<number> {
    yield* this.#pending;
    yield* this.#coming;
    yield* this.#lost;
  }

  /** Waits until nothing is pending that the graphs would take, for a snapshot or a measurement. */
  async settled(): Promise<void> {
    while (!this.#closed && this.#failed === null && (this.#build !== null || this.#timer !== null)) {
      if (this.#build !== null) await this.#build;
      else await new Promise((resolve) => setTimeout(resolve, REST_MS));
    }
  }

  /** Builds what is pending into the base now, whatever its number. */
  async rebuild(): Promise<void> {
    if (this.#build === null) this.#startBuild();
    await this.#build;
    if (this.#failed !== null) throw this.#failed.error;
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#quiet !== null) clearTimeout(this.#quiet);
    this.#quiet = null;
    this.#child?.kill("SIGKILL");
    await this.#build;
  }

  #wake(afterMs = REST_MS): void {
    if (this.#timer !== null || this.#closed) return;
    this.#timer = setTimeout(() => this.#step(), afterMs);
    this.#timer.unref();
  }

  /** One step of upkeep: start a build when one is due, otherwise move rows for a moment. */
  #step(): void {
    this.#timer = null;
    if (this.#closed) return;
    if (this.#build === null && this.#due()) {
      if (this.#mayBuild()) this.#startBuild();
      else this.#wake(RETRY_MS);
      return;
    }
    if (this.#base === null) return;
    const until = performance.now() + STEP_MS;
    while (performance.now() < until) {
      const dead = this.#deltaDead.pop();
      if (dead !== undefined) {
        this.#delta?.remove(dead);
        this.#deltaRows.delete(dead);
        this.#rows.unmark(dead, IN_DELTA);
        continue;
      }
      const [row] = this.#pending;
      if (row === undefined || this.#delta === null || this.#pending.size > this.#pendingMax()) break;
      this.#delta.add(row, this.#rows.vector(row));
      this.#rows.mark(row, IN_DELTA);
      this.#deltaRows.add(row);
      this.#pending.delete(row);
    }
    if (
      this.#deltaDead.length > 0 ||
      (this.#pending.size > 0 && this.#pending.size <= this.#pendingMax()) ||
      this.#due()
    ) {
      this.#wake();
    }
  }

  #pendingMax(): number {
    return Math.max(PENDING_MAX, (this.#base?.count ?? 0) * PENDING_SHARE);
  }

  #due(): boolean {
    if (this.#build !== null) return false;
    const size = this.#base?.count ?? 0;
    return (
      this.#pending.size > this.#pendingMax() ||
      (this.#delta?.size ?? 0) > Math.max(DELTA_MAX, size * DELTA_SHARE) ||
      this.#ghosts > Math.max(GHOSTS_MIN, size * GHOST_SHARE)
    );
  }

  #mayBuild(): boolean {
    return this.#failed === null || this.#clock.now() - this.#failed.at >= RETRY_MS;
  }

  #startBuild(): void {
    this.#build = this.#runBuild()
      .then(
        () => {
          this.#failed = null;
        },
        (error: unknown) => {
          this.#failed = { at: this.#clock.now(), error };
        },
      )
      .finally(() => {
        this.#build = null;
        this.#wake();
      });
  }

  async #runBuild(): Promise<void> {
    // Never the number of a build whose process outlived the last service.
    this.#number = Math.max(this.#number + 1, this.#clock.now());
    const number = this.#number;
    const out = join(this.#dir, `graph-${number}`);
    const jobPath = join(this.#dir, `job-${number}`);
    const job = this.#plan(out);
    for (const row of job.add) this.#rows.mark(row, IN_BUILD);
    for (const row of this.#pending) this.#coming.add(row);
    for (const row of this.#lost) this.#coming.add(row);
    this.#pending.clear();
    this.#lost.clear();
    try {
      await writeChecksummed(jobPath, this.#vectorsOf(job.add), job);
      await this.#spawn(jobPath, job.add.length + job.remove.length);
      const verified = await verifyChecksummed(out);
      // Each of the two takes milliseconds at 100,000 rows: mapping it, which lists its keys, and the swap.
      const { graph } = await Hnsw.view(out, this.#rows.shape, verified);
      const delta = await Hnsw.create(this.#rows.shape);
      await yieldToEventLoop();
      if (this.#closed) throw new Fault("cancelled", "The index was closed during the build.");
      this.#swap(out, graph, delta, verified);
    } catch (error) {
      await rm(out, { force: true }).catch(() => undefined);
      throw error;
    } finally {
      for (const row of this.#coming) this.#pending.add(row);
      this.#coming.clear();
      for (const row of job.add) this.#rows.unmark(row, IN_BUILD);
      await rm(jobPath, { force: true }).catch(() => undefined);
      if (!this.#closed) this.onSwap();
    }
  }

  /** What the next base takes: all rows that live, or the difference to this one. */
  #plan(out: string): BuildJob {
    const base = this.#base;
    const live = this.#rows.live;
    const fresh = base === null || base.replaced > base.count * REPLACED_SHARE;
    return {
      shape: shapeText(this.#rows.shape),
      base: fresh ? null : base.path,
      add: [...(fresh ? live : live.clone().minus(base.rows)).toRows()],
      remove: fresh ? [] : [...base.rows.clone().minus(live).toRows()],
      out,
      parent: process.pid,
    };
  }

  // Rows on a build's list do not change until it is over, so that they may be read between events.
  *#vectorsOf(rows: readonly number[]): Generator<Uint8Array> {
    for (const row of rows) {
      const vector = this.#rows.vector(row);
      yield new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
    }
  }

  async #spawn(jobPath: string, rows: number): Promise<void> {
    const entry = join(import.meta.dir, "main.ts");
    const child = Bun.spawn([process.execPath, "--no-env-file", entry, jobPath], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
      timeout: BUILD_MS_MIN + rows * BUILD_MS_A_ROW,
      killSignal: "SIGKILL",
    });
    this.#child = child;
    const [said, code] = await Promise.all([new Response(child.stderr).text(), child.exited]);
    this.#child = null;
    if (code === 0) return;
    if (this.#closed) throw new Fault("cancelled", "The index was closed during the build.");
    const cause = new Error(`the build process ended with ${code}: ${said.slice(-2_000)}`);
    throw new Fault(
      "internal",
      "A build of the graph failed; searches scan instead and the build is tried again.",
      { cause },
    );
  }

  #swap(path: string, graph: Hnsw, delta: Hnsw, verified: FileChecksum & { tail: unknown }): void {
    const old = this.#base?.rows ?? new Bitmap();
    const base = this.#install(path, graph, verified, verified.tail as GraphTail);
    old
      .clone()
      .minus(base.rows)
      .forEach((row) => this.#rows.unmark(row, IN_BASE));
    this.#delta = delta;
    this.#deltaDead.length = 0;
    for (const row of this.#deltaRows) {
      if (this.#rows.isLive(row) && !this.#rows.is(row, IN_BASE)) this.#pending.add(row);
      this.#rows.unmark(row, IN_DELTA);
    }
    this.#deltaRows.clear();
    for (const row of this.#coming) if (base.rows.has(row)) this.#coming.delete(row);
    for (const row of (verified.tail as GraphTail).lost) {
      if (!this.#rows.isLive(row)) continue;
      this.#coming.delete(row);
      this.#pending.delete(row);
      this.#lost.add(row);
    }
  }

  #install(path: string, graph: Hnsw, seal: FileChecksum, tail: GraphTail): Base {
    const rows = Bitmap.fromText(tail.rows);
    const count = rows.count();
    rows
      .clone()
      .minus(this.#base?.rows ?? new Bitmap())
      .forEach((row) => this.#rows.mark(row, IN_BASE));
    this.#ghosts = count - rows.clone().and(this.#rows.live).count();
    const { payloadBytes, tailBytes, hash } = seal;
    const base = {
      graph,
      path,
      seal: { payloadBytes, tailBytes, hash },
      rows,
      count,
      replaced: tail.replaced,
    };
    this.#base = base;
    return base;
  }
}

// One index: a log on disk that is the truth, rows in memory, graphs over them as a cache. A write is checked
// whole, made durable in the log, then applied; a search sees it from then on. Opening reads the last snapshot
// and replays the log behind it. Nothing here locks: changes happen in the order of the log, each item in one turn
// of the event loop, and a call is answered when all of its items are in.

import { readdir, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { diskFault, readChecksummed, writeChecksummed } from "#adapters/checksummed-file";
import type { Clock } from "#lib/clock";
import { TEMPORARY_SUFFIX, makeFolder } from "#lib/durable";
import { Fault } from "#rpc/fault";
import { type Filter, selectsAll } from "./rows/filter.ts";
import { GraphCache } from "./graph/graph-cache.ts";
import { Log } from "./wal/log.ts";
import { yieldToEventLoop, timeSlicer } from "#lib/event-loop";
import { type Recall, measureRecall } from "./search/recall.ts";
import { decodeRecord, encodeDelete, encodeUpsert } from "./wal/record.ts";
import { Rows } from "./rows/rows.ts";
import { distanceTo, prepare } from "./search/scan.ts";
import { EF_MAX, type Found, type Hit, K_MAX, type Search, runSearch } from "./search/search.ts";
import * as shapes from "./rows/shape.ts";
import type { IndexShape, Item, Metadata } from "./rows/shape.ts";
import {
  type Manifest,
  capture,
  filesOf,
  mapWritten,
  readGraph,
  readManifest,
  readRows,
  sweep,
  writeSnapshot,
} from "./snapshots/snapshot.ts";

export interface OpenOptions {
  readonly dir: string;
  readonly shape: IndexShape;
  readonly clock: Clock;
}

export interface FetchedItem {
  readonly id: string;
  readonly vector: Float32Array;
  readonly metadata: Metadata;
}

export interface IndexStats {
  readonly count: number;
  /** Rows that were deleted or replaced and still take space. */
  readonly deleted: number;
  readonly bytes_memory: number;
  readonly bytes_disk: number;
  /** Rows that no graph holds yet: searches scan them. */
  readonly pending: number;
  readonly building: boolean;
  readonly sequence: number;
  readonly snapshot: { readonly sequence: number; readonly taken_at: number } | null;
  /** Deleted or replaced rows that the graph still leads through. */
  readonly ghosts: number;
  /** Files that were found damaged and put aside. */
  readonly quarantined: readonly string[];
  /** What went wrong in the background, until it succeeds; searches and writes go on meanwhile. */
  readonly failure: string | null;
}

/** Whose presence makes a folder an index. */
export const SHAPE_FILE = "shape.json";
/** A log beyond this, and beyond its share of all vectors, is cut by a snapshot of its own accord. */
const LOG_BYTES_MAX = 64 * 1024 * 1024;
/** What is in no snapshot yet is in memory, and not mapped. */
const LOG_SHARE = 1 / 8;
/** When nobody writes, a snapshot costs nobody anything, and makes the next start short. */
const LOG_BYTES_AT_REST_MAX = 8 * 1024 * 1024;
/** A snapshot that failed is not tried again at once. */
const SNAPSHOT_RETRY_MS = 30_000;
/** Ids in one record of a delete by filter: applying it holds the event loop for a few milliseconds. */
const IDS_A_RECORD = 2_000;
/** Rows that a snapshot would rather have in its graph than scanned after a restart. */
const UNBUILT_MAX = 2_000;

export class VectorIndex {
  readonly shape: IndexShape;
  readonly #dir: string;
  readonly #clock: Clock;
  readonly #rows: Rows;
  readonly #graph: GraphCache;
  readonly #log: Log;
  #last: { readonly manifest: Manifest; readonly versions: readonly number[] } | null;
  readonly #quarantined: readonly string[];
  #snapshotting: Promise<Manifest> | null = null;
  /** Snapshots whose files somebody is reading. */
  readonly #held = new Set<Manifest>();
  #writing = false;
  #failed: { readonly at: number; readonly error: unknown } | null = null;
  #closed = false;

  private constructor(
    { dir, shape, clock }: OpenOptions,
    state: {
      rows: Rows;
      graph: GraphCache;
      log: Log;
      manifest: Manifest | null;
      versions: readonly number[];
      quarantined: readonly string[];
    },
  ) {
    this.shape = shape;
    this.#dir = dir;
    this.#clock = clock;
    this.#rows = state.rows;
    this.#graph = state.graph;
    this.#log = state.log;
    this.#last = state.manifest === null ? null : { manifest: state.manifest, versions: state.versions };
    this.#quarantined = state.quarantined;
    this.#graph.onSwap = () => void this.#sweep().catch(() => undefined);
    this.#graph.onRest = () => this.#cutLog(LOG_BYTES_AT_REST_MAX);
  }

  /** The shape of the index in a folder, or null when there is none. Throws Fault `internal` when its file is damaged. */
  static readShape(dir: string): IndexShape | null {
    const path = join(dir, SHAPE_FILE);
    return existsSync(path) ? shapes.parseShape(readChecksummed(path).tail as string) : null;
  }

  /** Makes the folder of an index when it is not there. Throws `conflict` when it is one of another shape. */
  static async prepare(dir: string, shape: IndexShape): Promise<void> {
    await makeFolder(dir).catch((error: unknown) => {
      throw diskFault(error, dir);
    });
    await checkShape(dir, shape);
  }

  /**
   * Opens the index in `dir`, which is made when it is not there. Throws `conflict` when it has another shape
   * and `internal`, naming the file, when a file of it is damaged.
   */
  static async open(options: OpenOptions): Promise<VectorIndex> {
    const { dir, shape, clock } = options;
    await VectorIndex.prepare(dir, shape);
    await clean(dir);
    const manifest = await readManifest(dir, clock);
    const rows = new Rows(shape);
    if (manifest !== null) await readRows(dir, manifest, shape, rows, clock);
    const versions = rows.chunks.map((chunk) => chunk.version);
    const graph = new GraphCache(dir, rows, clock, await highestGraph(dir));
    const file = await readGraph(dir, manifest, clock);
    if (file !== null && manifest?.graph) await graph.attach(join(dir, manifest.graph.file), file);
    // Each of these takes milliseconds at 100,000 rows.
    await yieldToEventLoop();
    rows.restored();
    await yieldToEventLoop();
    rows.live.forEach((row) => {
      if (!graph.has(row)) graph.added(row);
    });
    const replay = async ({ record }: { readonly record: Uint8Array }): Promise<void> => {
      await apply(rows, graph, record);
    };
    const log = await Log.open({ dir, clock, after: manifest?.sequence ?? 0, replay }).catch(
      async (error: unknown) => {
        // No build may start for an index that did not open.
        await graph.close();
        throw error;
      },
    );
    await sweep(dir, manifest === null ? [] : [manifest], new Set());
    const quarantined = (await readdir(dir)).filter((name) => name.includes(".damaged-"));
    return new VectorIndex(options, { rows, graph, log, manifest, versions, quarantined });
  }

  /**
   * Stores items, replacing those with the same id; of equal ids in one call the last stays. All or nothing,
   * durable when resolved, found by the next search. Throws `invalid` with the item's place, `unavailable` when
   * the disk fails.
   */
  async upsert(items: readonly Item[]): Promise<{ upserted: number; sequence: number }> {
    this.#mustBeOpen();
    if (items.length === 0 || items.length > shapes.ITEMS_MAX) {
      throw shapes.invalid("items", `must hold from 1 to ${shapes.ITEMS_MAX} items`);
    }
    const metadata = items.map((item, i) => this.#checkItem(item, i));
    const sequence = await this.#write(encodeUpsert(items, metadata));
    return { upserted: new Set(items.map(({ id }) => id)).size, sequence };
  }

  /** Deletes by ids (unknown ones are passed over) or all rows that match a filter. */
  async delete(which: {
    ids?: readonly string[];
    filter?: Filter;
  }): Promise<{ deleted: number; sequence: number }> {
    this.#mustBeOpen();
    const { ids: given, filter } = which;
    if ((given === undefined) === (filter === undefined))
      throw shapes.invalid("ids", "or filter must be given, one of them");
    if (filter !== undefined && selectsAll(filter)) {
      throw shapes.invalid("filter", "selects every row; delete the index instead");
    }
    const ids =
      filter === undefined
        ? [...new Set(given)].filter((id) => this.#rows.rowOf(id) !== undefined)
        : this.#idsOf(filter);
    let deleted = 0;
    for (let at = 0; at < ids.length; at += IDS_A_RECORD) {
      await this.#write(encodeDelete(ids.slice(at, at + IDS_A_RECORD)), (count) => {
        deleted += count;
      });
    }
    return { deleted, sequence: this.#log.sequence };
  }

  /** Finds the k nearest rows that match; see search.ts for how. */
  async search(search: Search): Promise<Found> {
    this.#mustBeOpen();
    checkSearch(this.shape, search);
    return runSearch(this.#rows, this.#graph, search);
  }

  /** The items with these ids, in their order; unknown ids are left out. Vectors are as they were given. */
  fetch(ids: readonly string[]): FetchedItem[] {
    this.#mustBeOpen();
    return ids.flatMap((id) => {
      const row = this.#rows.rowOf(id);
      if (row === undefined) return [];
      return [{ id, vector: this.#rows.vector(row).slice(), metadata: this.#rows.metadata(row) }];
    });
  }

  /** How far these items are from a vector, in their order; unknown ids are left out. */
  measure(ids: readonly string[], vector: Float32Array): Hit[] {
    this.#mustBeOpen();
    if (ids.length === 0) return [];
    checkSearch(this.shape, { vector, k: 1 });
    const query = prepare(this.shape, vector);
    return ids.flatMap((id) => {
      const row = this.#rows.rowOf(id);
      if (row === undefined) return [];
      const distance = distanceTo(query, this.#rows, row);
      return [{ id, distance, metadata: this.#rows.metadata(row) }];
    });
  }

  /** Rows that match a filter, counted without reading a vector. */
  count(filter?: Filter): number {
    return filter === undefined
      ? this.#rows.count
      : this.#rows.payload.select(filter, this.#rows.live).count();
  }

  /** Measures searches against exact ones on the live index; see recall.ts. */
  async recall({ sample, k }: { sample: number; k: number }): Promise<Recall> {
    this.#mustBeOpen();
    return measureRecall(this.#rows, this.#graph, { sample, k, seed: this.#log.sequence });
  }

  stats(): IndexStats {
    const manifest = this.#last?.manifest ?? null;
    const files = manifest === null ? [] : filesOf(manifest);
    const failure = this.#failed?.error ?? this.#graph.failure;
    return {
      count: this.#rows.count,
      deleted: this.#rows.dead,
      bytes_memory: this.#rows.bytes + this.#graph.bytes,
      bytes_disk: this.#log.bytes + files.reduce((sum, { bytes }) => sum + bytes, 0),
      pending: this.#graph.pending,
      building: this.#graph.building,
      sequence: this.#log.sequence,
      snapshot: manifest === null ? null : { sequence: manifest.sequence, taken_at: manifest.taken_at },
      ghosts: this.#graph.ghosts,
      quarantined: this.#quarantined,
      failure: failure === null ? null : failure instanceof Error ? failure.message : "unknown",
    };
  }

  /** Writes the state to disk beside the one before and cuts the log behind it. One at a time; a second call joins the first. */
  snapshot(): Promise<Manifest> {
    this.#mustBeOpen();
    this.#snapshotting ??= this.#snapshot().finally(() => {
      this.#snapshotting = null;
    });
    return this.#snapshotting;
  }

  /**
   * Takes a snapshot with everything that was acknowledged before the call, and keeps its files in `dir` as they are
   * until `use` is through, whatever snapshots follow.
   */
  async withSnapshot<T>(use: (dir: string, manifest: Manifest) => Promise<T>): Promise<T> {
    // One that is under way may have begun before the last write.
    await this.#snapshotting?.catch(() => undefined);
    const manifest = await this.snapshot();
    this.#held.add(manifest);
    try {
      return await use(this.#dir, manifest);
    } finally {
      this.#held.delete(manifest);
      await this.#sweep().catch(() => undefined);
    }
  }

  /** Waits until the graphs have taken what they are due. */
  async settled(): Promise<void> {
    await this.#graph.settled();
  }

  /** Builds the graph anew from what lives, beside the one that serves, and swaps it in. */
  async rebuild(): Promise<void> {
    this.#mustBeOpen();
    await this.#graph.rebuild();
  }

  /** Waits for writes and a snapshot under way, stops a build, and lets the files go. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#graph.close();
    await this.#snapshotting?.catch(() => undefined);
    await this.#log.close();
  }

  #mustBeOpen(): void {
    if (this.#closed)
      throw new Fault("unavailable", "The index was closed meanwhile; try again in a moment.");
  }

  #checkItem(item: Item, i: number): Uint8Array {
    const idBytes = Buffer.byteLength(item.id);
    if (idBytes === 0 || idBytes > shapes.ID_BYTES_MAX || !item.id.isWellFormed()) {
      throw shapes.invalid(`items.${i}.id`, `must be well-formed text of 1 to ${shapes.ID_BYTES_MAX} bytes`);
    }
    shapes.checkVector(this.shape, item.vector, `items.${i}.vector`);
    let text: string | undefined;
    try {
      text = JSON.stringify(item.metadata);
    } catch (error) {
      throw shapes.invalid(
        `items.${i}.metadata`,
        `is not JSON: ${error instanceof Error ? error.message : "unknown"}`,
      );
    }
    if (text === undefined || !text.startsWith("{"))
      throw shapes.invalid(`items.${i}.metadata`, "must be an object");
    const bytes = new TextEncoder().encode(text);
    if (bytes.length > shapes.METADATA_BYTES_MAX) {
      throw shapes.invalid(
        `items.${i}.metadata`,
        `is ${bytes.length} bytes of JSON where ${shapes.METADATA_BYTES_MAX} are allowed`,
      );
    }
    return bytes;
  }

  #idsOf(filter: Filter): string[] {
    return Array.from(this.#rows.payload.select(filter, this.#rows.live).toRows(), (row) =>
      this.#rows.id(row),
    );
  }

  async #write(record: Uint8Array, applied: (count: number) => void = () => undefined): Promise<number> {
    const sequence = await this.#log.append(record, async () => {
      applied(await apply(this.#rows, this.#graph, record));
    });
    this.#cutLog();
    return sequence;
  }

  /** Takes a snapshot in the background when the log has grown long. */
  #cutLog(bytesMax = Math.max(LOG_BYTES_MAX, this.#rows.vectorBytes * LOG_SHARE)): void {
    if (this.#snapshotting !== null || this.#closed || this.#log.bytes < bytesMax) return;
    if (this.#failed !== null && this.#clock.now() - this.#failed.at < SNAPSHOT_RETRY_MS) return;
    this.snapshot().catch((error: unknown) => {
      this.#failed = { at: this.#clock.now(), error };
    });
  }

  async #snapshot(): Promise<Manifest> {
    const unbuilt = this.#rows.count - this.#graph.baseRows;
    // A build that fails costs a slower start after the next restart, and not the snapshot.
    if (unbuilt > UNBUILT_MAX) await this.#graph.rebuild().catch(() => undefined);
    let unpin = (): void => undefined;
    this.#writing = true;
    try {
      const captured = await this.#log.rotate((sequence) => {
        unpin = this.#rows.pin();
        return capture(this.#rows, sequence, this.#graph.file);
      });
      const manifest = await writeSnapshot(this.#dir, this.#rows, captured, this.#last, this.#clock);
      this.#last = { manifest, versions: captured.versions };
      this.#failed = null;
      await this.#log.drop(manifest.sequence);
      await mapWritten(this.#dir, this.#rows, manifest, captured.versions);
      return manifest;
    } finally {
      this.#writing = false;
      unpin();
      await this.#sweep().catch(() => undefined);
    }
  }

  async #sweep(): Promise<void> {
    // The files of a snapshot that is being written are in no manifest yet.
    if (this.#writing) return;
    const keep = [this.#graph.file?.name, this.#graph.upcoming].filter((name) => typeof name === "string");
    const manifests = [...this.#held, ...(this.#last === null ? [] : [this.#last.manifest])];
    await sweep(this.#dir, manifests, new Set(keep));
  }
}

/** Applies a record of the log, once it is durable; the same on replay. Returns how many rows it deleted. */
async function apply(rows: Rows, graph: GraphCache, bytes: Uint8Array): Promise<number> {
  // An empty record stands for one that was lost to damage.
  if (bytes.length === 0) return 0;
  let deleted = 0;
  const stepped = timeSlicer();
  for (const change of decodeRecord(bytes, rows.shape.dimension)) {
    if (change.kind === "upsert") {
      const { row, replaced } = rows.put(change.item, change.metadataBytes);
      if (replaced !== undefined) graph.removed(replaced);
      graph.added(row);
    } else {
      const row = rows.remove(change.id);
      if (row !== undefined) {
        graph.removed(row);
        deleted++;
      }
    }
    const rest = stepped();
    if (rest !== null) await rest;
  }
  return deleted;
}

async function checkShape(dir: string, shape: IndexShape): Promise<void> {
  shapes.checkShape(shape);
  const kept = VectorIndex.readShape(dir);
  if (kept === null) await writeChecksummed(join(dir, SHAPE_FILE), [], shapes.shapeText(shape));
  else if (!shapes.sameShape(kept, shape)) {
    throw new Fault(
      "conflict",
      "The index exists with another shape. Delete it first, or ask for the shape it has.",
    );
  }
}

/** Removes what a process left behind that died while it wrote. */
async function clean(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    const unfinished = name.endsWith(".tmp") || name.endsWith(TEMPORARY_SUFFIX) || /^job-\d+$/.test(name);
    if (unfinished) await rm(join(dir, name), { force: true });
  }
}

async function highestGraph(dir: string): Promise<number> {
  const numbers = (await readdir(dir)).map((name) => Number(/^graph-(\d+)/.exec(name)?.[1] ?? 0));
  return Math.max(0, ...numbers);
}

function checkSearch(shape: IndexShape, { vector, k, ef, max_distance: furthest }: Search): void {
  shapes.checkVector(shape, vector, "vector");
  if (!Number.isInteger(k) || k < 1 || k > K_MAX)
    throw shapes.invalid("k", `must be a whole number from 1 to ${K_MAX}`);
  if (ef !== undefined && (!Number.isInteger(ef) || ef < 1 || ef > EF_MAX)) {
    throw shapes.invalid("ef", `must be a whole number from 1 to ${EF_MAX}`);
  }
  if (furthest !== undefined && Number.isNaN(furthest))
    throw shapes.invalid("max_distance", "must be a number");
}

// One index that is open: a log on disk that is the truth, rows in memory, graphs over them as a cache. A write is
// checked whole, made durable in the log, then applied; a search sees it from then on. There are no locks: changes
// happen in the order of the log, each item in one turn of the event loop, and a call is answered when all of its
// items are in. index-folder.ts opens it, and makes it from nothing.

import type { Clock } from "#lib/clock";
import { Fault } from "#rpc/fault";
import type { EngineIndex, FetchedItem, IndexStats, SearchesWithin } from "./engine.ts";
import type { Failures } from "./failures.ts";
import type { GraphCache } from "./graph/graph-cache.ts";
import type { Partitions } from "./graph/partitions.ts";
import { Bitmap } from "./rows/bitmap.ts";
import { bothOf, checkDelete, type Deletion, type Filter } from "./rows/filter.ts";
import { checkItems } from "./rows/item.ts";
import type { Rows } from "./rows/rows.ts";
import type { IndexShape, Item } from "./rows/shape.ts";
import { type Recall, measureRecall } from "./search/recall.ts";
import { OBSERVATION, RecallKeeper } from "./search/recall-keeper.ts";
import { distanceTo, prepare } from "./search/scan.ts";
import { checkSearch, type Found, type Graphs, type Hit, type Search, runSearch } from "./search/search.ts";
import {
  type Manifest,
  capture,
  filesOf,
  mapWritten,
  removeGarbage,
  writeSnapshot,
} from "./snapshots/snapshot.ts";
import type { PlacedSnapshot } from "./snapshots/archive.ts";
import { applyRecord, type RowObserver } from "./wal/apply.ts";
import type { Log } from "#adapters/wal/log";
import { encodeDelete, encodeUpsert } from "./wal/record.ts";

/** A log beyond this, and beyond its share of all vectors, is cut by a snapshot of its own accord. */
const LOG_BYTES_MAX = 64 * 1024 * 1024;
/** What is in no snapshot yet is in memory, and not mapped. */
const LOG_SHARE = 1 / 8;
/** At rest a snapshot delays no write, and makes the next start short. */
const LOG_BYTES_AT_REST_MAX = 8 * 1024 * 1024;
/** A snapshot that failed is not tried again at once. */
const SNAPSHOT_RETRY_MS = 30_000;
/** Ids in one record of a delete by filter: applying it holds the event loop for a few milliseconds. */
const IDS_A_RECORD = 2_000;
/** Rows that a snapshot would rather have in its graph than scanned after a restart. */
const UNBUILT_MAX = 2_000;

interface IndexParts {
  readonly shape: IndexShape;
  readonly dir: string;
  readonly clock: Clock;
  readonly rows: Rows;
  readonly graph: GraphCache;
  /** Where the shape names a field to partition by. */
  readonly partitions: Partitions | null;
  /** Follows the rows for all graphs. */
  readonly observer: RowObserver;
  readonly wal: Log;
  /** The snapshot that the rows were read from, and the versions of its chunks. */
  readonly last: Snapshot | null;
  readonly failures: Failures;
}

interface Snapshot {
  readonly manifest: Manifest;
  readonly versions: readonly number[];
}

export class VectorIndex implements EngineIndex {
  readonly shape: IndexShape;
  readonly failures: Failures;
  readonly #dir: string;
  readonly #clock: Clock;
  readonly #rows: Rows;
  readonly #graph: GraphCache;
  readonly #partitions: Partitions | null;
  readonly #observer: RowObserver;
  readonly #graphs: Graphs;
  readonly #wal: Log;
  readonly #recall: RecallKeeper;
  #last: Snapshot | null;
  #snapshotting: Promise<Manifest> | null = null;
  /** Snapshots whose files are being read. */
  readonly #inUse = new Set<Manifest>();
  #writing = false;
  /** Settles when the removal of files that is under way, if any, has ended. */
  #collecting: Promise<void> = Promise.resolve();
  #failedAt: number | null = null;
  #closed = false;

  constructor({ shape, dir, clock, rows, graph, partitions, observer, wal, last, failures }: IndexParts) {
    this.shape = shape;
    this.failures = failures;
    this.#dir = dir;
    this.#clock = clock;
    this.#rows = rows;
    this.#graph = graph;
    this.#partitions = partitions;
    this.#observer = observer;
    this.#graphs = { whole: graph, partitions };
    this.#wal = wal;
    this.#last = last;
    const rebuild = async (): Promise<void> => {
      await graph.rebuild(true);
      await partitions?.rebuild(0, true);
    };
    this.#recall = new RecallKeeper(rows, this.#graphs, rebuild, OBSERVATION, last?.manifest.efforts);
    graph.events = {
      onSwap: () => void this.#collectGarbage(),
      onRest: () => this.#cutLog(LOG_BYTES_AT_REST_MAX),
      onBuilt: () => {
        failures.succeeded("graph build");
        failures.succeeded("graph file");
        this.#recall.changed();
      },
      onBuildFailure: (error) => failures.failed("graph build", error),
    };
    if (partitions !== null)
      partitions.events = {
        onSwap: () => void this.#collectGarbage(),
        // The graph over all rows rests at the same time.
        onRest: () => undefined,
        onBuilt: () => failures.succeeded("partition build"),
        onBuildFailure: (error) => failures.failed("partition build", error),
      };
  }

  async upsert(items: readonly Item[]): Promise<{ upserted: number; sequence: number }> {
    this.#mustBeOpen();
    const metadata = checkItems(this.shape, items);
    const sequence = await this.#write(encodeUpsert(items, metadata));
    return { upserted: new Set(items.map(({ id }) => id)).size, sequence };
  }

  async delete(which: Deletion): Promise<{ deleted: number; sequence: number }> {
    this.#mustBeOpen();
    checkDelete(which);
    const { ids: given, filter } = which;
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
    return { deleted, sequence: this.#wal.sequence };
  }

  /** Finds the k nearest rows that match; see search.ts for how. */
  async search(search: Search): Promise<Found> {
    this.#mustBeOpen();
    checkSearch(this.shape, search);
    if (search.at !== undefined) throw noVersions();
    const run = { ...search, effort: this.#recall.effortFor(search.k) };
    const found = await runSearch(this.#rows, this.#graphs, run);
    // Who chooses the candidates has chosen what is found.
    if (search.ef !== undefined || search.exact === true) return found;
    // What several searches share holds only while they last.
    if (found.plan !== "exact") this.#recall.observe({ ...run, tier: undefined });
    if (found.plan !== "exact" || search.filter === undefined) this.#recall.asked();
    if (this.#recall.due && this.#graph.ready) this.#calibrate();
    return found;
  }

  within(filter: Filter | undefined): SearchesWithin {
    this.#mustBeOpen();
    const end = this.#rows.pin();
    const { live, payload } = this.#rows;
    const rows = (filter === undefined ? live : payload.select(filter, live)).clone();
    const shared = { rows, measured: new Map<number, number>(), compared: new Bitmap(rows.capacity) };
    return {
      search: (search) => {
        const tier = { ...shared, rest: search.filter };
        return this.search({ ...search, filter: bothOf(filter, search.filter), tier });
      },
      end,
    };
  }

  async fetch(ids: readonly string[], at?: number): Promise<FetchedItem[]> {
    this.#mustBeOpen();
    if (at !== undefined) throw noVersions();
    return ids.flatMap((id) => {
      const row = this.#rows.rowOf(id);
      if (row === undefined) return [];
      return [{ id, vector: this.#rows.vector(row).slice(), metadata: this.#rows.metadata(row) }];
    });
  }

  async measure(ids: readonly string[], vector: Float32Array): Promise<Hit[]> {
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
    const effort = this.#recall.effortFor(k + 1);
    return measureRecall(this.#rows, this.#graphs, { sample, k, seed: this.#wal.sequence, effort });
  }

  stats(): IndexStats {
    const manifest = this.#last?.manifest ?? null;
    const files = manifest === null ? [] : filesOf(manifest);
    return {
      count: this.#rows.count,
      deleted: this.#rows.dead,
      bytes_memory: this.#rows.bytes + this.#graph.bytes + (this.#partitions?.bytes ?? 0),
      bytes_disk: this.#wal.bytes + files.reduce((sum, { bytes }) => sum + bytes, 0),
      unindexed: Math.max(this.#graph.unindexed, this.#partitions?.unindexed ?? 0),
      building: this.#graph.building || this.#partitions?.building === true,
      sequence: this.#wal.sequence,
      snapshot: manifest === null ? null : { sequence: manifest.sequence, taken_at: manifest.taken_at },
      tombstones: this.#graph.tombstones,
      unreachable: this.#graph.unreachable,
      indexed: this.#graph.size,
      ...(this.#partitions === null ? {} : { partitions: this.#partitions.count }),
      recall: this.#recall.observed,
      failure: this.failures.current,
    };
  }

  exactCount(): Promise<number> {
    return Promise.resolve(this.#rows.count);
  }

  versions(): never {
    throw noVersions();
  }

  /** Writes the state to disk beside the one before and cuts the log behind it. One at a time; a second call joins the first. */
  snapshot(): Promise<Manifest> {
    this.#mustBeOpen();
    this.#snapshotting ??= this.#snapshot().finally(() => {
      this.#snapshotting = null;
    });
    return this.#snapshotting;
  }

  async withSnapshot<T>(use: (snapshot: PlacedSnapshot) => Promise<T>): Promise<T> {
    // One that is under way may have begun before the last write; its own caller hears of its failure.
    await this.#snapshotting?.catch(() => undefined);
    const manifest = await this.snapshot();
    this.#inUse.add(manifest);
    try {
      return await use({ dir: this.#dir, engine: "hnsw", manifest });
    } finally {
      this.#inUse.delete(manifest);
      await this.#collectGarbage();
    }
  }

  /** Waits until the graphs have taken what they are due, and searches know what effort they need. */
  async settled(): Promise<void> {
    await this.#graph.settled();
    await this.#partitions?.settled();
    await this.#recall.settled();
  }

  /** Builds the next graph from the live rows, beside the one that serves, and swaps it in. */
  async rebuild(): Promise<void> {
    this.#mustBeOpen();
    await this.#graph.rebuild();
    await this.#partitions?.rebuild(0);
  }

  /** Waits for writes, a snapshot and the removal of files under way, stops a build, and closes the files. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#recall.close();
    await Promise.all([this.#graph.close(), this.#partitions?.close()]);
    await this.#recall.settled();
    await this.#snapshotting?.catch(() => undefined);
    await this.#collecting;
    await this.#wal.close();
  }

  #mustBeOpen(): void {
    if (this.#closed)
      throw new Fault("unavailable", "The index was closed meanwhile; try again in a moment.");
  }

  #calibrate(): void {
    this.#recall.calibrate().then(
      () => this.failures.succeeded("calibration"),
      (error: unknown) => this.failures.failed("calibration", error),
    );
  }

  #idsOf(filter: Filter): string[] {
    return Array.from(this.#rows.payload.select(filter, this.#rows.live).toRows(), (row) =>
      this.#rows.id(row),
    );
  }

  async #write(record: Uint8Array, applied: (count: number) => void = () => undefined): Promise<number> {
    const sequence = await this.#wal.append(record, async () => {
      applied(await applyRecord(this.#rows, record, this.#observer));
    });
    const { headFailure } = this.#wal;
    if (headFailure === null) this.failures.succeeded("log head");
    else this.failures.failed("log head", headFailure);
    this.#cutLog();
    return sequence;
  }

  /** Takes a snapshot in the background when the log has grown long. */
  #cutLog(bytesMax = Math.max(LOG_BYTES_MAX, this.#rows.vectorBytes * LOG_SHARE)): void {
    if (this.#snapshotting !== null || this.#closed || this.#wal.bytes < bytesMax) return;
    if (this.#failedAt !== null && this.#clock.now() - this.#failedAt < SNAPSHOT_RETRY_MS) return;
    this.snapshot().catch((error: unknown) => {
      this.#failedAt = this.#clock.now();
      this.failures.failed("snapshot", error);
    });
  }

  async #snapshot(): Promise<Manifest> {
    const unbuilt = this.#rows.count - this.#graph.baseRows;
    // A build that fails (`onBuildFailure`) costs a slower start after the next restart, and not the snapshot.
    if (unbuilt > UNBUILT_MAX) await this.#graph.rebuild().catch(() => undefined);
    // The same holds for each of its partitions.
    await this.#partitions?.rebuild(UNBUILT_MAX).catch(() => undefined);
    let unpin = (): void => undefined;
    this.#writing = true;
    try {
      // What lists the folder while a snapshot is written finds files that no manifest names.
      await this.#collecting;
      const captured = await this.#wal.rotate((sequence) => {
        unpin = this.#rows.pin();
        const { file } = this.#graph;
        return capture(this.#rows, sequence, file, this.#partitions?.files, this.#recall.measured);
      });
      const manifest = await writeSnapshot(this.#dir, this.#rows, captured, this.#last, this.#clock);
      this.#last = { manifest, versions: captured.versions };
      this.#failedAt = null;
      this.failures.succeeded("snapshot");
      await this.#wal.drop(manifest.sequence);
      await mapWritten(this.#dir, this.#rows, manifest, captured.versions);
      return manifest;
    } finally {
      this.#writing = false;
      unpin();
      await this.#collectGarbage();
    }
  }

  /** One at a time, and never while a snapshot is written. */
  #collectGarbage(): Promise<void> {
    if (this.#writing) return Promise.resolve();
    this.#collecting = this.#collecting.then(() => this.#removeGarbage());
    return this.#collecting;
  }

  async #removeGarbage(): Promise<void> {
    if (this.#writing) return;
    const kept = (): string[] => [
      ...[this.#graph.file?.name, this.#graph.upcoming].filter((name) => typeof name === "string"),
      ...(this.#partitions?.fileNames ?? []),
    ];
    const manifests = [...this.#inUse, ...(this.#last === null ? [] : [this.#last.manifest])];
    try {
      await removeGarbage(this.#dir, manifests, kept);
      this.failures.succeeded("garbage collection");
    } catch (error) {
      this.failures.failed("garbage collection", error);
    }
  }
}

function noVersions(): Fault {
  return new Fault(
    "invalid",
    "An index with engine hnsw keeps no versions. Take a snapshot, or create it with engine lance.",
    {
      details: [{ path: "at", message: "is for indexes with engine lance" }],
    },
  );
}

// An index whose rows are in a Lance table, for more of them than memory holds. The log is the truth here too: a write is
// durable in it, and in memory as a layer that searches scan (layer.ts), before it is acknowledged. When a layer is large
// it goes into the table as one version, written by one process (tables.ts), and the log is cut behind it: a commit of its
// own for each call would cost 5 ms and make the table slow. A search merges the table with the layers, and never takes
// from the table an id that they touch.
//
// Only `#change` alters table and state, one change at a time. Upkeep (indexes, merging, old versions) runs beside it in
// a process of its own; until an index is built, searches read all rows.

import type { IndexVersion } from "#contracts/vector";
import type { Clock } from "#lib/clock";
import { readVector } from "#lib/vector-text";
import { present } from "#lib/assert";
import { Fault } from "#rpc/fault";
import type { EngineIndex, FetchedItem, IndexStats, SearchesWithin } from "../engine.ts";
import type { Failures } from "../failures.ts";
import { bothOf, checkDelete, type Deletion, type Filter, matches, writtenFilter } from "../rows/filter.ts";
import { checkItems } from "../rows/item.ts";
import { type IndexShape, type Item } from "../rows/shape.ts";
import type { Recall } from "../search/recall.ts";
import { distanceBetween, prepare } from "../search/scan.ts";
import { checkSearch, type Found, type Hit, runSearch, type Search } from "../search/search.ts";
import type { PlacedSnapshot } from "../snapshots/archive.ts";
import type { Log } from "#adapters/wal/log";
import { encodeDelete, encodeUpsert } from "../wal/record.ts";
import type { TablePlace, TableState } from "./contract.ts";
import { applyToLayer, type Layer, newLayer } from "./layer.ts";
import type { LancePool } from "./pool.ts";
import { type Observer, observeSearches } from "./observed-searches.ts";
import { type LanceState, writeState } from "./state.ts";

/** A layer of so many rows is scanned in a few milliseconds, and worth a version of the table. */
const LAYER_ROWS_MAX = 10_000;
const LAYER_BYTES_MAX = 32 * 1024 * 1024;
/** While a layer is on its way, the next may grow to this many; then writes wait for it. */
const LAYERS_BEHIND_MAX = 4;
/** A version whose writing failed is tried again after this long. */
const RETRY_MS = 5_000;
const UPKEEP_RETRY_MS = 60_000;
/** Rows beyond the index that searches read one by one: a share of those in it, and at least this many. */
const UNINDEXED_MAX = 20_000;
const UNINDEXED_SHARE = 1 / 4;
const INDEXED_ROWS_MIN = 10_000;
/** Files of rows; each is opened by every search that reads all. */
const FRAGMENTS_MAX = 32;
/** Versions that are kept, for a week and no more than so many: each is a few kilobytes, and the rows that changed. */
const VERSIONS_MAX = 100;
const VERSIONS_MS_MAX = 7 * 24 * 3_600_000;
const IDS_A_RECORD = 2_000;
const IDS_A_CALL = 5_000;
/** Rows of the table asked for beyond k, in place of those that layers touch. */
const SPARE = 64;

interface LanceParts {
  readonly shape: IndexShape;
  readonly dir: string;
  readonly clock: Clock;
  readonly pool: LancePool;
  readonly place: TablePlace;
  readonly state: LanceState;
  readonly layer: Layer;
  readonly wal: Log;
  readonly failures: Failures;
}

export class LanceIndex implements EngineIndex {
  readonly shape: IndexShape;
  readonly failures: Failures;
  readonly #dir: string;
  readonly #clock: Clock;
  readonly #pool: LancePool;
  readonly #place: TablePlace;
  readonly #wal: Log;
  readonly #closing = new AbortController();
  #state: LanceState;
  #fresh: Layer;
  /** On its way into the table, with the last sequence in it. */
  #leaving: { readonly layer: Layer; readonly upTo: number } | null = null;
  #flushing: Promise<void> | null = null;
  #failedAt: number | null = null;
  #changing: Promise<unknown> = Promise.resolve();
  #upkeep: Promise<void> | null = null;
  #indexed: number | null = null;
  readonly #observer: Observer;
  /** The index found too little: the next upkeep builds it from nothing. */
  #rebuild = false;
  #retry: ReturnType<typeof setTimeout> | null = null;
  #snapshots = 0;
  #count: number;

  constructor({ shape, dir, clock, pool, place, state, layer, wal, failures }: LanceParts) {
    this.shape = shape;
    this.failures = failures;
    this.#dir = dir;
    this.#clock = clock;
    this.#pool = pool;
    this.#place = place;
    this.#state = state;
    this.#fresh = layer;
    this.#wal = wal;
    this.#count = state.count;
    this.#observer = observeSearches(
      () => {
        this.#rebuild = true;
        this.#keepUp();
      },
      (error) => {
        if (!this.#closing.signal.aborted) failures.failed("recall", error);
      },
    );
    this.#flushIfDue();
    if (state.count > 0) this.#keepUp();
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
    const { ids, inTable } =
      filter === undefined ? await this.#known([...new Set(given)]) : await this.#matching(filter);
    let deleted = 0;
    for (let at = 0; at < ids.length; at += IDS_A_RECORD) {
      await this.#write(encodeDelete(ids.slice(at, at + IDS_A_RECORD)), inTable, (count) => {
        deleted += count;
      });
    }
    return { deleted, sequence: this.#wal.sequence };
  }

  async search(search: Search): Promise<Found> {
    this.#mustBeOpen();
    checkSearch(this.shape, search);
    if (search.at !== undefined) return this.#searchEarlier(search, this.#kept(search.at));
    const before = this.#layers();
    // Twice at most: the second time none of the touched rows can take the place of another.
    for (let spare = SPARE; ; spare = Number.POSITIVE_INFINITY) {
      const touchedBefore = touchedIn(before);
      const wanted = search.k + Math.min(spare, touchedBefore);
      const table = await this.#nearestInTable(search, wanted);
      // What came in or left meanwhile is in a layer of one moment or of the other.
      const layers = [...new Set([...this.#layers(), ...before])];
      const foreign = table.hits.filter(({ id }) => !layers.some(({ touched }) => touched.has(id)));
      if (foreign.length < search.k && !table.exhausted && wanted < search.k + touchedIn(layers)) {
        before.push(...layers.filter((layer) => !before.includes(layer)));
        continue;
      }
      const own = await this.#nearestInLayers(layers, search);
      if (table.plan === "lance") this.#observe(search, table.hits);
      return merged(search, [...own.hits, ...foreign], table.plan, own.scanned + table.scanned);
    }
  }

  within(filter: Filter | undefined): SearchesWithin {
    return {
      search: (search) => this.search({ ...search, filter: bothOf(filter, search.filter) }),
      end: () => undefined,
    };
  }

  async fetch(ids: readonly string[], at?: number): Promise<FetchedItem[]> {
    this.#mustBeOpen();
    const earlier = at === undefined ? undefined : this.#kept(at);
    const layers = earlier === undefined ? this.#layers() : [];
    const found = new Map<string, FetchedItem>();
    const elsewhere: string[] = [];
    for (const id of new Set(ids)) {
      const layer = layers.find(({ touched }) => touched.has(id));
      if (layer === undefined) elsewhere.push(id);
      for (const { rows } of layers) {
        const row = rows.rowOf(id);
        if (row !== undefined)
          found.set(id, { id, vector: rows.vector(row).slice(), metadata: rows.metadata(row) });
      }
    }
    if (elsewhere.length > 0 && this.#state.version > 0) {
      const { items } = await this.#pool.call((tables) =>
        tables.fetch({
          ...this.#place,
          ids: elsewhere,
          ...(earlier === undefined ? {} : { at: earlier.version }),
        }),
      );
      for (const { id, vector, metadata } of items)
        found.set(id, { id, vector: numbersOf(vector), metadata });
    }
    return ids.flatMap((id) => found.get(id) ?? []);
  }

  async measure(ids: readonly string[], vector: Float32Array): Promise<Hit[]> {
    this.#mustBeOpen();
    if (ids.length === 0) return [];
    checkSearch(this.shape, { vector, k: 1 });
    const query = prepare(this.shape, vector);
    return (await this.fetch(ids)).map((item) => ({
      id: item.id,
      distance: distanceBetween(query, item.vector),
      metadata: item.metadata,
    }));
  }

  async recall({ sample, k }: { sample: number; k: number }): Promise<Recall> {
    this.#mustBeOpen();
    if (this.#state.count === 0) return { recall: 1, mean_us: 0, p99_us: 0, exact_mean_us: 0, sample: 0, k };
    const measured = await this.#pool.call((tables) =>
      tables.recall({ ...this.#place, sample, k, seed: this.#state.sequence }),
    );
    return { ...measured, k };
  }

  stats(): IndexStats {
    const { version, count, files, sequence, written_at } = this.#state;
    return {
      count: this.#count,
      deleted: 0,
      bytes_memory: this.#layers().reduce((sum, { rows }) => sum + rows.bytes, 0),
      bytes_disk: this.#wal.bytes + files.reduce((sum, { bytes }) => sum + bytes, 0),
      unindexed: this.#layers().reduce((sum, { rows }) => sum + rows.count, 0) + count - (this.#indexed ?? 0),
      building: this.#upkeep !== null,
      sequence: this.#wal.sequence,
      snapshot: version === 0 ? null : { sequence, taken_at: written_at },
      tombstones: 0,
      unreachable: 0,
      recall: this.#observer.observed,
      failure: this.failures.current,
      version,
    };
  }

  async exactCount(): Promise<number> {
    this.#mustBeOpen();
    const layers = this.#layers();
    const { version, count } = this.#state;
    const unknown = layers.flatMap(({ touched }) =>
      [...touched].filter(([, known]) => known === null).map(([id]) => id),
    );
    const there = await this.#existing(unknown, version);
    if (this.#state.version !== version) return this.exactCount();
    for (const { touched } of layers)
      for (const id of unknown) if (touched.has(id)) touched.set(id, there.has(id));
    const replaced = new Set(
      layers.flatMap(({ touched }) => [...touched].filter(([, known]) => known === true).map(([id]) => id)),
    );
    this.#count = count - replaced.size + layers.reduce((sum, { rows }) => sum + rows.count, 0);
    return this.#count;
  }

  versions(): IndexVersion[] {
    return [...this.#state.versions];
  }

  async withSnapshot<T>(use: (snapshot: PlacedSnapshot) => Promise<T>): Promise<T> {
    this.#mustBeOpen();
    // Upkeep removes files; another may begin as soon as one has ended.
    while (this.#upkeep !== null) await this.#upkeep;
    this.#snapshots += 1;
    try {
      await this.#flushing;
      await this.#flush();
      return await use({ dir: this.#dir, engine: "lance", state: this.#state });
    } finally {
      this.#snapshots -= 1;
      this.#keepUp();
    }
  }

  get bucketTable(): string | undefined {
    return this.#place.uri.startsWith("/") ? undefined : this.#state.table;
  }

  async pin(versions: readonly number[]): Promise<void> {
    this.#mustBeOpen();
    await this.#change(() =>
      this.#pool.call((tables) => tables.pin({ ...this.#place, versions: [...versions] })),
    );
  }

  async settled(): Promise<void> {
    while (!this.#closing.signal.aborted && this.#failedAt === null) {
      const work = this.#flushing ?? this.#upkeep;
      if (work === null) return;
      await work;
    }
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#observer.close();
    if (this.#retry !== null) clearTimeout(this.#retry);
    await this.#upkeep;
    // A failure of it is counted, and the log has what the table has not.
    await this.#flushing?.catch(() => undefined);
    await this.#pool.call((tables) => tables.close(this.#place)).catch(() => undefined);
    await this.#wal.close();
  }

  #mustBeOpen(): void {
    if (this.#closing.signal.aborted)
      throw new Fault("unavailable", "The index was closed meanwhile; try again in a moment.");
  }

  /** Newest first. */
  #layers(): Layer[] {
    return this.#leaving === null ? [this.#fresh] : [this.#fresh, this.#leaving.layer];
  }

  async #write(
    record: Uint8Array,
    inTable?: ReadonlySet<string>,
    applied: (deleted: number) => void = () => undefined,
  ): Promise<number> {
    // A layer that cannot leave keeps what is behind it in memory.
    if (this.#isFull(LAYERS_BEHIND_MAX)) await this.#flushing;
    if (this.#isFull(LAYERS_BEHIND_MAX) && this.#leaving !== null) {
      throw new Fault("unavailable", "The table takes no writes just now; try again in a moment.", {
        retryAfterMs: RETRY_MS,
      });
    }
    const sequence = await this.#wal.append(record, async () => {
      applied(await applyToLayer(this.#fresh, this.#leaving?.layer ?? null, record, inTable));
    });
    const { headFailure } = this.#wal;
    if (headFailure === null) this.failures.succeeded("log head");
    else this.failures.failed("log head", headFailure);
    this.#flushIfDue();
    return sequence;
  }

  #isFull(times = 1): boolean {
    const { rows, touched } = this.#fresh;
    return touched.size >= LAYER_ROWS_MAX * times || rows.vectorBytes >= LAYER_BYTES_MAX * times;
  }

  #flushIfDue(): void {
    if (this.#flushing !== null || this.#closing.signal.aborted) return;
    if (this.#leaving === null && !this.#isFull()) return;
    if (this.#failedAt !== null && this.#clock.now() - this.#failedAt < RETRY_MS) return;
    // Its failure is counted, and the layers stay: the log has all of it.
    this.#flush().catch(() => undefined);
  }

  /** Puts all that was acknowledged into the table. */
  #flush(): Promise<void> {
    this.#flushing ??= this.#flushLayers()
      .then(
        () => {
          this.#failedAt = null;
          this.failures.succeeded("table");
        },
        (error: unknown) => {
          this.#failedAt = this.#clock.now();
          this.failures.failed("table", error);
          throw error;
        },
      )
      .finally(() => {
        this.#flushing = null;
        this.#flushIfDue();
        this.#keepUp();
      });
    return this.#flushing;
  }

  async #flushLayers(): Promise<void> {
    if (this.#leaving !== null) await this.#leave();
    if (this.#fresh.touched.size === 0) return;
    await this.#wal.rotate((upTo) => {
      this.#leaving = { layer: this.#fresh, upTo };
      this.#fresh = newLayer(this.shape);
    });
    await this.#leave();
  }

  async #leave(): Promise<void> {
    const { upTo } = present(this.#leaving, "a layer that leaves");
    await this.#change(async () => {
      const { sequence: after, upkeep } = this.#state;
      const applied = await this.#pool.call((tables) =>
        tables.apply({ ...this.#place, log: this.#dir, after, upTo, beside: upkeep, lenient: false }),
      );
      const at = new Date(this.#clock.now()).toISOString();
      const versions = [
        ...this.#state.versions,
        { version: applied.version, sequence: upTo, count: applied.count, at },
      ];
      await this.#save({ ...applied, sequence: upTo, versions });
      this.#leaving = null;
      // What the table has is another matter now.
      for (const id of this.#fresh.touched.keys()) this.#fresh.touched.set(id, null);
    });
    await this.#wal.drop(upTo);
  }

  /** One change of the table or its state at a time. */
  #change<T>(work: () => Promise<T>): Promise<T> {
    const changed = this.#changing.then(work);
    this.#changing = changed.catch(() => undefined);
    return changed;
  }

  async #save(changes: Partial<LanceState> & Partial<TableState>): Promise<void> {
    const state = { ...this.#state, ...changes, written_at: this.#clock.now() };
    await writeState(this.#dir, state);
    this.#state = state;
  }

  /** Starts upkeep when some is due. */
  #keepUp(): void {
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
    if (
      this.#upkeep !== null ||
      this.#closing.signal.aborted ||
      this.#snapshots > 0 ||
      this.#state.version === 0
    )
      return;
    this.#upkeep = this.#runUpkeep()
      .then(
        () => this.failures.succeeded("upkeep"),
        (error: unknown) => {
          if (this.#closing.signal.aborted) return;
          this.failures.failed("upkeep", error);
          this.#retry = setTimeout(() => this.#keepUp(), UPKEEP_RETRY_MS);
          this.#retry.unref();
        },
      )
      .finally(() => {
        this.#upkeep = null;
      });
  }

  async #runUpkeep(): Promise<void> {
    const { indexed, fragments } = await this.#pool.call((tables) => tables.stats(this.#place));
    this.#indexed = indexed;
    const rebuild = this.#rebuild && indexed !== null;
    if (!rebuild && !isUpkeepDue(this.#state.count, indexed, fragments)) return;
    this.#rebuild = false;
    const versions = this.#state.versions.slice(-VERSIONS_MAX);
    const oldest = Math.max(Date.parse(versions[0]?.at ?? ""), this.#clock.now() - VERSIONS_MS_MAX);
    await this.#change(() => this.#save({ upkeep: true }));
    const { signal } = this.#closing;
    try {
      await this.#pool.upkeep(this.#place, { keptFrom: oldest, rebuild }, signal);
    } finally {
      // A part of it may be done, whatever became of the rest.
      if (!signal.aborted) await this.#settleUpkeep();
    }
  }

  #settleUpkeep(): Promise<void> {
    return this.#change(async () => {
      const {
        indexed: now,
        versions: there,
        ...state
      } = await this.#pool.call((tables) => tables.state(this.#place));
      this.#indexed = now;
      const kept = this.#state.versions.filter(({ version }) => there.includes(version));
      await this.#save({ ...state, versions: kept, upkeep: false });
    });
  }

  async #nearestInTable(
    { vector, filter, exact = false, ef = 0, include_vector: vectors = false }: Search,
    k: number,
    at?: number,
  ): Promise<{ hits: Hit[]; plan: "lance" | "exact"; scanned: number; exhausted: boolean }> {
    if (this.#state.version === 0) return { hits: [], plan: "exact", scanned: 0, exhausted: true };
    const found = await this.#pool.call((tables) =>
      tables.nearest({
        ...this.#place,
        vector: Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString("base64"),
        k,
        exact,
        ef,
        vectors,
        ...(filter === undefined ? {} : { filter: writtenFilter(filter) }),
        ...(at === undefined ? {} : { at }),
      }),
    );
    const hits = found.hits.map(({ id, distance, metadata, vector: stored }): Hit => ({
      id,
      distance,
      metadata,
      ...(stored === undefined ? {} : { vector: numbersOf(stored) }),
    }));
    return { ...found, hits };
  }

  async #nearestInLayers(
    layers: readonly Layer[],
    search: Search,
  ): Promise<{ hits: Hit[]; scanned: number }> {
    const hits: Hit[] = [];
    const { max_distance: _furthest, ...wanted } = search;
    let scanned = 0;
    for (const { rows } of layers) {
      const found = await runSearch(rows, null, wanted);
      hits.push(...found.hits);
      scanned += found.scanned;
    }
    return { hits, scanned };
  }

  /** Compares what the table's index found with what it should have found, now and then. */
  #observe({ vector, filter, k }: Search, hits: readonly Hit[]): void {
    const distances = hits.slice(0, k).map(({ distance }) => distance);
    // The query belongs to its caller, who may write over it.
    const kept = vector.slice();
    this.#observer.observe(distances, async () => {
      const exact = await this.#nearestInTable({ vector: kept, filter, k, exact: true }, k);
      return exact.hits.map(({ distance }) => distance);
    });
  }

  async #searchEarlier(search: Search, { version }: IndexVersion): Promise<Found> {
    const { hits, plan, scanned } = await this.#nearestInTable(search, search.k, version);
    return merged(search, hits, plan, scanned);
  }

  #kept(at: number): IndexVersion {
    const found = this.#state.versions.find(({ version }) => version === at);
    if (found !== undefined) return found;
    throw new Fault(
      "not_found",
      `There is no version ${at} of the index, or it is no longer kept. GET .../versions lists them.`,
    );
  }

  /** Those of the ids that are there, and those of them that the table has. */
  async #known(ids: readonly string[]): Promise<{ ids: string[]; inTable: Set<string> }> {
    const layers = this.#layers();
    const untouched = ids.filter((id) => !layers.some(({ touched }) => touched.has(id)));
    const inTable = await this.#existing(untouched, this.#state.version);
    const there = (id: string): boolean =>
      layers.some(({ rows }) => rows.rowOf(id) !== undefined) || inTable.has(id);
    return { ids: ids.filter(there), inTable };
  }

  async #matching(filter: Filter): Promise<{ ids: string[]; inTable: Set<string> }> {
    const layers = this.#layers();
    const inTable = new Set<string>();
    const { version } = this.#state;
    for (let from: number | null = version === 0 ? null : 0; from !== null;) {
      const start: number = from;
      const page: { ids: string[]; next: number | null } = await this.#pool.call((tables) =>
        tables.matching({ ...this.#place, filter: writtenFilter(filter), version, from: start }),
      );
      for (const id of page.ids) if (!layers.some(({ touched }) => touched.has(id))) inTable.add(id);
      from = page.next;
    }
    const ids = new Set(inTable);
    for (const { rows } of layers)
      rows.live.forEach((row) => {
        if (matches(filter, rows.metadata(row))) ids.add(rows.id(row));
      });
    return { ids: [...ids], inTable };
  }

  async #existing(ids: readonly string[], version: number): Promise<Set<string>> {
    const there = new Set<string>();
    if (version === 0) return there;
    for (let from = 0; from < ids.length; from += IDS_A_CALL) {
      const part = ids.slice(from, from + IDS_A_CALL);
      const found = await this.#pool.call((tables) =>
        tables.existing({ ...this.#place, ids: part, at: version }),
      );
      for (const id of found.ids) there.add(id);
    }
    return there;
  }
}

function isUpkeepDue(rows: number, indexed: number | null, fragments: number): boolean {
  if (indexed === null) return rows >= INDEXED_ROWS_MIN || fragments > FRAGMENTS_MAX;
  return fragments > FRAGMENTS_MAX || rows - indexed > Math.max(UNINDEXED_MAX, indexed * UNINDEXED_SHARE);
}

function touchedIn(layers: readonly Layer[]): number {
  return layers.reduce((sum, { touched }) => sum + touched.size, 0);
}

function numbersOf(text: string | readonly number[]): Float32Array {
  return present(readVector(text), "a vector that was stored");
}

/** The nearest k of hits from several places; `hits` has fewer only when no more match. */
function merged(
  { k, filter, max_distance: furthest = Number.POSITIVE_INFINITY }: Search,
  hits: readonly Hit[],
  plan: "lance" | "exact",
  scanned: number,
): Found {
  const byId = new Map<string, Hit>();
  for (const hit of hits) if (!byId.has(hit.id)) byId.set(hit.id, hit);
  const nearest = [...byId.values()]
    .sort((a, b) => a.distance - b.distance || (a.id < b.id ? -1 : 1))
    .slice(0, k);
  const near = nearest.filter(({ distance }) => distance <= furthest);
  if (near.length === k) return { hits: near, plan, scanned, complete: true };
  const reason =
    near.length < nearest.length
      ? `${near.length} rows are within max_distance ${furthest}`
      : filter === undefined
        ? `the index holds ${nearest.length} rows`
        : `${nearest.length} rows match the filter`;
  return { hits: near, plan, scanned, complete: true, reason };
}

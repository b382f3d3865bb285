// What an index does, whichever engine holds its rows: usearch over rows in memory (vector-index.ts), or Lance over a table
// on disk or in a bucket (lance/lance-index.ts). Handlers and the list of indexes know this and no engine. The same suite
// holds for both (engine.conformance.ts): durable when acknowledged, found by the next search, k rows whenever k match.

import type { IndexVersion } from "#contracts/vector";
import type { Failures } from "./failures.ts";
import type { Filter } from "./rows/filter.ts";
import type { IndexShape, Item, Metadata } from "./rows/shape.ts";
import type { Recall } from "./search/recall.ts";
import type { ObservedRecall } from "./search/recall-keeper.ts";
import type { Found, Hit, Search } from "./search/search.ts";
import type { PlacedSnapshot } from "./snapshots/archive.ts";
import type { LostWrites } from "#adapters/wal/salvage";

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
  readonly unindexed: number;
  readonly building: boolean;
  readonly sequence: number;
  readonly snapshot: { readonly sequence: number; readonly taken_at: number } | null;
  /** Deleted or replaced rows that the graph still leads through. */
  readonly tombstones: number;
  /** Rows that no search through the graph finds; they are scanned, and added again by the next build. */
  readonly unreachable: number;
  /** What live searches find, measured on one in a hundred of them; null before the first. */
  readonly recall: ObservedRecall | null;
  /** What failed in the background, until it succeeds; searches and writes go on meanwhile. */
  readonly failure: string | null;
  /** Rows that the graphs hold, tombstones included; where the engine counts them. */
  readonly indexed?: number;
  /** Graphs of single values of the field by which the index is partitioned, where it is. */
  readonly partitions?: number;
  /** Of an engine that keeps versions. */
  readonly version?: number;
}

/** What became of a damaged index. */
export interface Repaired {
  /** A sentence for each thing that is wrong. */
  readonly damage: readonly string[];
  /** Writes whose records could not be read. */
  readonly lost: readonly LostWrites[];
  /** Rows of the snapshot whose vectors or metadata could not be read. */
  readonly rowsLost: number;
}

export interface SearchesWithin {
  /** As `search`; the filter is what this search asks besides. */
  search(search: Search): Promise<Found>;
  /** To be called when there are no more. */
  end(): void;
}

export interface EngineIndex {
  readonly shape: IndexShape;
  readonly failures: Failures;
  /**
   * Stores items, replacing those with the same id; of equal ids in one call the last stays. All or nothing,
   * durable when resolved, found by the next search. Throws `invalid` with the item's place, `unavailable` when
   * the disk fails.
   */
  upsert(items: readonly Item[]): Promise<{ upserted: number; sequence: number }>;
  /** Deletes by ids (unknown ones are skipped) or all rows that match a filter. */
  delete(which: { ids?: readonly string[]; filter?: Filter }): Promise<{ deleted: number; sequence: number }>;
  /** Finds the k nearest rows that match. */
  search(search: Search): Promise<Found>;
  /** Searches for one vector that all have this filter, or all rows: what they share is worked out once. */
  within(filter: Filter | undefined): SearchesWithin;
  /** The items with these ids, in their order; unknown ids are left out. Vectors are as they were given. */
  fetch(ids: readonly string[], at?: number): Promise<FetchedItem[]>;
  /** How far these items are from a vector, in their order; unknown ids are left out. */
  measure(ids: readonly string[], vector: Float32Array): Promise<Hit[]>;
  /** Measures searches against exact ones on the live index. */
  recall(wanted: { sample: number; k: number }): Promise<Recall>;
  /** What may be looked at while it is served; `count` is exact once `settled`, and when nothing is written. */
  stats(): IndexStats;
  /** Exact, whatever was written a moment ago. */
  exactCount(): Promise<number>;
  versions(): IndexVersion[];
  /**
   * Takes a snapshot with everything that was acknowledged before the call, and keeps its files as they are until `use` is
   * done, whatever snapshots follow.
   */
  withSnapshot<T>(use: (snapshot: PlacedSnapshot) => Promise<T>): Promise<T>;
  /** The table that the index has in a bucket; undefined when its rows are in its folder. */
  readonly bucketTable?: string | undefined;
  /** Keeps versions of that table that snapshots name. */
  pin?(versions: readonly number[]): Promise<void>;
  /** Waits until background work that is due is done. */
  settled(): Promise<void>;
  /** Waits for writes under way, stops background work, and closes the files. */
  close(): Promise<void>;
}

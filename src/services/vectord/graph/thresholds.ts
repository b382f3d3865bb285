// When a graph is worth building again: numbers and the rules over them, without any state.

/** What the rules look at, in rows. */
export interface GraphCounts {
  /** In the base, tombstones included. */
  readonly base: number;
  readonly delta: number;
  readonly unindexed: number;
  /** Removed rows that the base still leads through. */
  readonly tombstones: number;
}

/** Rows that are little for a graph, whatever its size. */
export interface Minima {
  /** A search scans so many beside the graphs. */
  readonly unindexed: number;
  /** In the delta before they are built into the base. */
  readonly delta: number;
  readonly tombstones: number;
}

/** Of the graph over all rows. A scan beside it takes 0.3 ms at 768 numbers; tombstones slow each search down. */
export const WHOLE: Minima = { unindexed: 2_000, delta: 8_192, tombstones: 500 };
/**
 * Of a partition: reading 512 rows one by one takes as long as a search by graph. There may be many of them, and rows that
 * are tombstones in one keep their memory.
 */
export const PARTITION: Minima = { unindexed: 512, delta: 1_024, tombstones: 128 };

/** A larger base is worth a longer scan. */
const UNINDEXED_SHARE = 1 / 32;
/** Each doubling of the base writes it a few times. */
const DELTA_SHARE = 1 / 8;
/** A second graph doubles the cost of a search: at rest even a small delta is built in. */
const DELTA_AT_REST_MAX = 256;
const DELTA_AT_REST_SHARE = 1 / 128;
/** A build leaves tombstones out. */
const TOMBSTONE_SHARE = 0.2;
/** A graph whose places were reused this often is built from nothing: links of former rows stay in it. */
const REPLACED_SHARE = 1;

/** Beyond it the rows are built into the base, and not added to the delta one by one. */
export function unindexedMax(base: number, minima: Minima): number {
  return Math.max(minima.unindexed, base * UNINDEXED_SHARE);
}

export function isBuildDue({ base, delta, unindexed, tombstones }: GraphCounts, minima: Minima): boolean {
  return (
    unindexed > unindexedMax(base, minima) ||
    delta > Math.max(minima.delta, base * DELTA_SHARE) ||
    tombstones > Math.max(minima.tombstones, base * TOMBSTONE_SHARE)
  );
}

/** When no row has come for a while. */
export function isMergeDueAtRest({ base, delta, unindexed }: GraphCounts): boolean {
  return delta + unindexed > Math.max(DELTA_AT_REST_MAX, base * DELTA_AT_REST_SHARE);
}

export function isWornOut(replaced: number, base: number): boolean {
  return replaced > base * REPLACED_SHARE;
}

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

/** Rows a search scans beside the graphs: 0.3 ms at 768 numbers. A larger base is worth a longer scan. */
const UNINDEXED_MAX = 2_000;
const UNINDEXED_SHARE = 1 / 32;
/** Rows in the delta before they are built into the base: each doubling of the base writes it a few times. */
const DELTA_MAX = 8_192;
const DELTA_SHARE = 1 / 8;
/** A second graph doubles the cost of a search: at rest even a small delta is built in. */
const DELTA_AT_REST_MAX = 256;
const DELTA_AT_REST_SHARE = 1 / 128;
/** Tombstones slow each search down; a build leaves them out. */
const TOMBSTONES_MAX = 500;
const TOMBSTONE_SHARE = 0.2;
/** A graph whose places were reused this often is built from nothing: links of former rows stay in it. */
const REPLACED_SHARE = 1;

/** Beyond it the rows are built into the base, and not added to the delta one by one. */
export function unindexedMax(base: number): number {
  return Math.max(UNINDEXED_MAX, base * UNINDEXED_SHARE);
}

export function isBuildDue({ base, delta, unindexed, tombstones }: GraphCounts): boolean {
  return (
    unindexed > unindexedMax(base) ||
    delta > Math.max(DELTA_MAX, base * DELTA_SHARE) ||
    tombstones > Math.max(TOMBSTONES_MAX, base * TOMBSTONE_SHARE)
  );
}

/** When no row has come for a while. */
export function isMergeDueAtRest({ base, delta, unindexed }: GraphCounts): boolean {
  return delta + unindexed > Math.max(DELTA_AT_REST_MAX, base * DELTA_AT_REST_SHARE);
}

export function isWornOut(replaced: number, base: number): boolean {
  return replaced > base * REPLACED_SHARE;
}

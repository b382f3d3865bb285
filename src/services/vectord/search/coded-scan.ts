// An exact scan over picked rows that reads few of their vectors. The codes of the rows (rows/codes.ts) tell between which two
// distances each of them is; those whose nearer one is beyond the k-th of the farther ones cannot be among the nearest, and
// the others are measured like any row. So the rows found, their distances and their order are those of a plain scan.

import { yieldToEventLoop } from "#lib/event-loop";
import { Bitmap } from "../rows/bitmap.ts";
import { NONE } from "../rows/codes.ts";
import type { Rows } from "../rows/rows.ts";
import { distanceOf, distanceTo, Nearest, type Query } from "./scan.ts";

/** Of the rows of one turn of the event loop, and of those among them that get a code: some 10 ms where memory is slow. */
const NUMBERS_A_STEP = 4_000_000;
const CODED_A_STEP = 1_000_000;

/** Distances by code, which hold for one query while the rows are pinned. */
export type Measured = Map<number, number>;

/** What scans for one query, while the rows are pinned, leave to the next: vectors are not read again. */
export interface Compared {
  readonly measured: Measured;
  /** Rows that count as scanned already. */
  readonly compared: Bitmap;
}

/**
 * Scores the rows into `nearest`, yielding to the event loop between steps. Rows that are not live are skipped. Returns how
 * many rows no scan before this one compared.
 */
export async function scanPicked(
  rows: Rows,
  query: Query,
  picked: Bitmap,
  nearest: Nearest,
  { measured, compared }: Compared = { measured: new Map(), compared: new Bitmap() },
): Promise<number> {
  const all = picked.toRows();
  const fresh = picked.clone().minus(compared).count();
  compared.or(picked);
  const step = Math.ceil(NUMBERS_A_STEP / query.vector.length);
  for (let at = 0; at < all.length; at += step) {
    if (at > 0) await yieldToEventLoop();
    scanStep(rows, query, all.subarray(at, at + step), nearest, measured);
  }
  return fresh;
}

function scanStep(rows: Rows, query: Query, picked: Uint32Array, nearest: Nearest, measured: Measured): void {
  const known = new Uint32Array(picked.length);
  const codes = new Uint32Array(picked.length);
  let count = 0;
  let left = CODED_A_STEP / query.vector.length;
  for (const row of picked) {
    if (!rows.isLive(row)) continue;
    const code = rows.codes.of(row);
    if (code === NONE) {
      const distance = distanceTo(query, rows, row);
      nearest.offer(row, distance);
      if (left-- <= 0) continue;
      // Its vector is at hand.
      rows.codes.add(row, rows.vector(row), rows.length(row));
      const made = rows.codes.of(row);
      if (made !== NONE) measured.set(made, distance);
    } else {
      known[count] = row;
      codes[count++] = code;
    }
  }
  for (const at of possible(rows, query, codes.subarray(0, count), nearest)) {
    const row = known[at] as number;
    const code = codes[at] as number;
    const distance = measured.get(code) ?? distanceTo(query, rows, row);
    measured.set(code, distance);
    nearest.offer(row, distance);
  }
}

/** The places of the codes that may be among the nearest, the likeliest first; fewer and fewer of them as others are found. */
function* possible(rows: Rows, query: Query, codes: Uint32Array, nearest: Nearest): Generator<number> {
  if (codes.length <= nearest.k) {
    yield* codes.keys();
    return;
  }
  const least = new Float64Array(codes.length);
  const farther = new Nearest(nearest.k);
  rows.codes.estimate(query.vector, query.norm, codes, (at, product, slack, length) => {
    least[at] = distanceOf(query, product + slack, length);
    farther.offer(at, distanceOf(query, product - slack, length));
  });
  const places: number[] = [];
  for (let at = 0; at < codes.length; at++) if ((least[at] as number) <= farther.bound) places.push(at);
  places.sort((a, b) => (least[a] as number) - (least[b] as number));
  for (const at of places) {
    if ((least[at] as number) > nearest.bound) return;
    yield at;
  }
}

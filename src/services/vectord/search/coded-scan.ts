// An exact scan over picked rows that reads few of their vectors. The codes of the rows (rows/codes.ts) tell between which two
// distances each of them is; those whose nearer one is beyond the k-th of the farther ones cannot be among the nearest, and
// the others are measured like any row. So the rows found, their distances and their order are those of a plain scan.

import { yieldToEventLoop } from "#lib/event-loop";
import type { Bitmap } from "../rows/bitmap.ts";
import { NONE } from "../rows/codes.ts";
import type { Rows } from "../rows/rows.ts";
import { distanceOf, distanceTo, Nearest, type Query } from "./scan.ts";

/** Rows of one turn of the event loop, and those among them that get a code: about 5 ms each at 768 numbers. */
const NUMBERS_A_STEP = 8_000_000;
const CODED_A_STEP = 1_000_000;

/** Distances by code, which hold for one query while the rows are pinned. */
export type Measured = Map<number, number>;

/** Scores the rows into `nearest`, yielding to the event loop between steps. Rows that are not live are skipped. */
export async function scanPicked(
  rows: Rows,
  query: Query,
  picked: Bitmap,
  nearest: Nearest,
  measured: Measured,
): Promise<number> {
  const all = picked.toRows();
  const step = Math.ceil(NUMBERS_A_STEP / query.vector.length);
  for (let at = 0; at < all.length; at += step) {
    if (at > 0) await yieldToEventLoop();
    scanStep(rows, query, all.subarray(at, at + step), nearest, measured);
  }
  return all.length;
}

function scanStep(rows: Rows, query: Query, picked: Uint32Array, nearest: Nearest, measured: Measured): void {
  const { codes } = rows;
  const known = new Uint32Array(picked.length);
  const codesOf = new Uint32Array(picked.length);
  let count = 0;
  let left = CODED_A_STEP / query.vector.length;
  for (const row of picked) {
    if (!rows.isLive(row)) continue;
    const code = codes.of(row);
    if (code === NONE) {
      nearest.offer(row, distanceTo(query, rows, row));
      // Its vector is at hand.
      if (left-- > 0) codes.add(row, rows.vector(row), rows.length(row));
    } else {
      known[count] = row;
      codesOf[count++] = code;
    }
  }
  const measure = (at: number): void => {
    const code = codesOf[at] as number;
    const row = known[at] as number;
    const distance = measured.get(code) ?? distanceTo(query, rows, row);
    measured.set(code, distance);
    nearest.offer(row, distance);
  };
  if (count <= nearest.k) {
    for (let at = 0; at < count; at++) measure(at);
    return;
  }
  const least = new Float64Array(count);
  const farther = new Nearest(nearest.k);
  codes.estimate(query.vector, query.norm, codesOf.subarray(0, count), (at, product, slack, length) => {
    least[at] = distanceOf(query, product + slack, length);
    farther.offer(at, distanceOf(query, product - slack, length));
  });
  const possible: number[] = [];
  for (let at = 0; at < count; at++) if ((least[at] as number) <= farther.bound) possible.push(at);
  possible.sort((a, b) => (least[a] as number) - (least[b] as number));
  for (const at of possible) {
    if ((least[at] as number) > nearest.bound) break;
    measure(at);
  }
}

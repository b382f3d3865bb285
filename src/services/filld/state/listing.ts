// The board as pages: by the start of the shift, those without one first. A cursor is the place of the last fill in that
// order and not the fill itself, which may have moved or no longer fit by the next page.

import { z } from "zod";
import type { Fill, FillStatus } from "#contracts/fill";
import { pageCursor } from "#rpc/page-cursor";
import type { FillState } from "./board.ts";
import { statusOf, viewOf } from "./view.ts";

export interface Listing {
  readonly status?: FillStatus | undefined;
  readonly client?: string | undefined;
  readonly before?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Start in milliseconds, creation, id. */
type Place = [number, string, string];

const PAGES = pageCursor<Place>("fills.list", z.tuple([z.number(), z.string(), z.string()]));

export function listed(
  fills: Iterable<FillState>,
  { status, client, before, limit, cursor }: Listing,
): { fills: Fill[]; next_cursor?: string } {
  const until = before === undefined ? Infinity : Date.parse(before);
  const after = PAGES.place(cursor);
  const rows: { place: Place; fill: FillState }[] = [];
  for (const fill of fills) {
    if (client !== undefined && fill.order.client_id !== client) continue;
    const place = placeOf(fill);
    if (before !== undefined && place[0] >= until) continue;
    if (after !== undefined && compare(place, after) <= 0) continue;
    if (status === undefined || statusOf(fill) === status) rows.push({ place, fill });
  }
  rows.sort((a, b) => compare(a.place, b.place));
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    fills: page.map(({ fill }) => viewOf(fill)),
    ...(rows.length > limit && last !== undefined ? { next_cursor: PAGES.next(last.place) } : {}),
  };
}

/** A shift whose start is not known comes before all others. */
const NO_START = -8.64e15;

function placeOf({ order: { start_at }, createdAt, fillId }: FillState): Place {
  return [start_at === undefined ? NO_START : Date.parse(start_at), createdAt, fillId];
}

function compare(a: Place, b: Place): number {
  for (const index of [0, 1, 2] as const) {
    if (a[index] !== b[index]) return a[index] < b[index] ? -1 : 1;
  }
  return 0;
}

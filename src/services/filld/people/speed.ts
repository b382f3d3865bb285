// For a place that must be filled soon: who is near, stands by already, and has said yes at short notice before.

import type { Candidate } from "#contracts/fill";
import { type Board, type FillState, isLive } from "../state/board.ts";
import type { Ranked } from "./shortlist.ts";

const MINUTES_PER_MILE = 1.5;
/** What it takes to reach and persuade somebody, less for those who are known to come. Minutes. */
const STANDBY_MINUTES = -60;
const YES_MINUTES = -15;
const YESES_MAX = 3;
/** Somebody whose distance is not known, as far as the usual radius. */
const MILES_UNKNOWN = 50;

export function bySpeed(
  ranked: Ranked,
  { quickYeses }: Pick<Board, "quickYeses">,
  { seats }: Pick<FillState, "seats">,
  k: number,
): Ranked {
  // Whoever is being asked already is no new chance; who stands by is.
  const waiting = ({ worker_id, standby }: Candidate): boolean => {
    const seat = seats.get(worker_id);
    return standby === true || seat === undefined || !isLive(seat);
  };
  const minutes = ({ worker_id, miles = MILES_UNKNOWN, standby }: Candidate): number =>
    miles * MINUTES_PER_MILE +
    (standby === true ? STANDBY_MINUTES : 0) +
    YES_MINUTES * Math.min(YESES_MAX, quickYeses.get(worker_id) ?? 0);
  const shortlist = ranked.shortlist
    .filter(waiting)
    .map((candidate) => ({ candidate, minutes: minutes(candidate) }))
    .sort((a, b) => a.minutes - b.minutes || a.candidate.rank - b.candidate.rank)
    .slice(0, k)
    .map(({ candidate }, rank) => ({ ...candidate, rank }));
  return { ...ranked, shortlist };
}

// Minimum wages, federal and of the states, by the day from which each holds: the project's own table, which says as of
// when it is complete. A dataset of the house's own (`state_min_wage`) goes before it where one is loaded.

import { listOf, readTable } from "#lib/tsv";
import table from "./min-wages.tsv" with { type: "text" };

/** The day as of which the table is complete; what was decided later is not in it. */
export const MIN_WAGES_AS_OF = "2026-01-01";

export interface MinWage {
  /** USD an hour. */
  readonly wage: number;
  /** The state whose rule it is, or `US`. */
  readonly of: string;
  /** The day from which it holds, `YYYY-MM-DD`. */
  readonly since: string;
}

const RATES: ReadonlyMap<string, readonly MinWage[]> = new Map(
  readTable(table, ["state", "since"]).map(({ state, since }) => [
    state,
    listOf(since).map((rate) => {
      const [day = "", wage = ""] = rate.split(" ");
      return { wage: Number(wage), of: state, since: day };
    }),
  ]),
);

/**
 * The wage that holds in a state on a day, `YYYY-MM-DD`: the higher of the federal one and the state's. Days before the
 * first that the table has for a state have the federal one; undefined before 2009-07-24, when that began.
 */
export function minWageOn(state: string, day: string): MinWage | undefined {
  const federal = rateOn("US", day);
  const own = rateOn(state, day);
  return own !== undefined && own.wage > (federal?.wage ?? 0) ? own : federal;
}

function rateOn(state: string, day: string): MinWage | undefined {
  return RATES.get(state)?.findLast(({ since }) => since <= day);
}

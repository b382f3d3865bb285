// Candidates of each occupation that may be meant, by where they are: one occupation with hundreds of rows nearby must not keep
// the few rows of another from being candidates.

import type { Point } from "#domain/places";
import type { Generation } from "../corpus/generation.ts";
import { placePart, type Weights } from "./score.ts";

/** Rows of each occupation: more than a list shows. */
const ROWS_EACH = 40;
/** Rows of an occupation that are looked at: about 2 ms of distances. */
const LOOKED_AT_MAX = 30_000;

/** Ids of the best rows of each occupation by their place, the best first. */
export function bestByPlace(
  { occupationRows, located, ids }: Pick<Generation, "occupationRows" | "located" | "ids">,
  occupations: readonly number[],
  { point, state }: { readonly point: Point | undefined; readonly state: string | undefined },
  weights: Weights,
): string[] {
  return occupations.flatMap((occupation) => {
    const best: { row: number; gain: number }[] = [];
    for (const row of occupationRows.of(occupation).subarray(0, LOOKED_AT_MAX)) {
      const miles = point === undefined ? undefined : located.milesTo(row, point);
      const gain = placePart(state !== undefined && located.stateOf(row) === state, miles, weights);
      const last = best[ROWS_EACH - 1];
      if (last !== undefined && gain <= last.gain) continue;
      let at = best.length;
      while (at > 0 && (best[at - 1]?.gain ?? 0) < gain) at--;
      best.splice(at, 0, { row, gain });
      if (best.length > ROWS_EACH) best.pop();
    }
    return best.map(({ row }) => ids[row] ?? "");
  });
}

// What live searches through a table's index find of the true nearest: one in a hundred is done once more, without the index,
// in the process that holds the table and after it was answered. When recall is surely below its target, the index is built
// from nothing. The rules are those of the other engine (search/recall-keeper.ts).

import {
  OBSERVATION,
  OBSERVED_RECALL,
  type ObservedRecall,
  REBUILD_MS_MIN,
  wilson,
} from "../search/recall-keeper.ts";

export interface Observer {
  /** Called after a search through the index was answered, with its hits' distances; `exact` finds the true ones. */
  observe(distances: readonly number[], exact: () => Promise<readonly number[]>): void;
  /** Null before the first. */
  readonly observed: ObservedRecall | null;
  close(): void;
}

/** Distances of one pair of vectors agree to more digits than this. */
const TOLERANCE = 1e-9;

/** `rebuild` is called when the index finds too little; `failed` when a search could not be done once more. */
export function observeSearches(rebuild: () => void, failed: (error: unknown) => void): Observer {
  const { share, rest, possibleMin } = OBSERVATION;
  let [searches, found, possible, observed] = [0, 0, 0, 0];
  let rebuiltAt = Number.NEGATIVE_INFINITY;
  let busy = false;
  let waiting: ReturnType<typeof setTimeout> | null = null;

  const again = async (
    distances: readonly number[],
    exact: () => Promise<readonly number[]>,
  ): Promise<void> => {
    const started = performance.now();
    const nearest = await exact();
    const furthest = (nearest.at(-1) ?? 0) + TOLERANCE;
    found += Math.min(nearest.length, distances.filter((distance) => distance <= furthest).length);
    possible += nearest.length;
    observed += 1;
    waiting = setTimeout(
      () => {
        busy = false;
      },
      (performance.now() - started) * rest,
    );
    waiting.unref();
    if (possible < possibleMin || wilson(found, possible).high >= OBSERVED_RECALL) return;
    if (performance.now() - rebuiltAt < REBUILD_MS_MIN) return;
    rebuiltAt = performance.now();
    [found, possible, observed] = [0, 0, 0];
    rebuild();
  };

  return {
    observe: (distances, exact) => {
      searches += 1;
      if (searches * share < 1 || busy) return;
      searches = 0;
      busy = true;
      again(distances, exact).catch((error: unknown) => {
        busy = false;
        failed(error);
      });
    },
    get observed() {
      return possible === 0
        ? null
        : { recall: found / possible, ...wilson(found, possible), searches: observed };
    },
    close: () => {
      if (waiting !== null) clearTimeout(waiting);
    },
  };
}

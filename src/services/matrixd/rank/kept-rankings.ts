// Rankings that are asked for again. A ranking without playbooks follows from the generation, which never changes, and the
// question, each of whose parts is compared: what was understood of the text is another object once the taxonomy, the
// model or the moment it is meant at is another; weights are another object once they are set; conditions on dates go by
// the day. What playbooks do, and the ledger counts, is worked out for each request.
//
// A ranking is kept for a second, so that vectord sees each question that goes on: it measures recall on live searches. That
// the index is still there is asked each time (retrieve.ts).

import { LRUCache } from "lru-cache";
import type { Generation } from "../corpus/generation.ts";
import type { Question } from "./ranking.ts";
import type { Unlifted } from "./unlifted.ts";

const KEPT_MS = 1000;
/** Of a generation, so many candidates in all: about 20 MB with their hits. */
const CANDIDATES_MAX = 20_000;
/** A ranking that finds nobody takes room too. */
const LEAST_CANDIDATES = 16;
const DAY_MS = 86_400_000;

const kept = new WeakMap<Generation, LRUCache<string, Unlifted>>();

export function keptRanking(generation: Generation, question: Question): Unlifted | undefined {
  const found = kept.get(generation)?.get(keyOf(question));
  if (found === undefined) return undefined;
  const { understood, weights } = found.ranking;
  return understood === question.understood && weights === question.weights ? found : undefined;
}

export function keepRanking(generation: Generation, ranking: Unlifted): void {
  const cache =
    kept.get(generation) ??
    new LRUCache<string, Unlifted>({
      ttl: KEPT_MS,
      maxSize: CANDIDATES_MAX,
      sizeCalculation: ({ compared }) => LEAST_CANDIDATES + compared.candidates.length,
    });
  kept.set(generation, cache);
  cache.set(keyOf(ranking.ranking), ranking);
}

function keyOf({ text, role, pool, mode, filter, near, now }: Question): string {
  const day = Math.floor(now / DAY_MS);
  const where = near === undefined ? "" : `${near.lat} ${near.lon}`;
  const passing = filter === undefined ? "" : JSON.stringify(filter);
  // What a caller writes stands between quotes or behind a line of its own, so that no two questions have one key.
  return `${mode} ${pool} ${day} ${where}\n${role === undefined ? "" : JSON.stringify(role)}\n${passing}\n${text}`;
}

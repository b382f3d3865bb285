// The candidates of a ranking: from the vectors tier by tier (right occupation and near, in the state, right occupation,
// any row), from the words, and of each occupation that may be meant the best by place. All of them pass the filters.

import type { Hit, vector } from "#contracts/vector";
import type { CallInit } from "#rpc/call";
import type { Service } from "#rpc/contract";
import { PLACE_FIELD, SOC_FIELD, STATE_FIELD } from "../corpus/build.ts";
import type { Generation } from "../corpus/generation.ts";
import { bestByPlace } from "./by-place.ts";
import type { Filter } from "./conditions.ts";
import type { Ranking } from "./ranking.ts";

/** Rows of a corpus that one call to vectord names. */
const IDS_MAX = 1000;
/** "Near" for the first tier: farther than most go for a shift. Miles. */
const NEAR_MILES = 60;

interface Candidates {
  readonly hits: readonly Hit[];
  readonly plan: string;
}

export async function candidatesOf(
  generation: Generation,
  ranking: Ranking,
  vectors: Service<typeof vector>,
  call: CallInit,
): Promise<Candidates> {
  const { understood, relevance, few, mode, pool } = ranking;
  if (mode === "lexical") {
    const passing = passingFilter(ranking);
    const hits: Hit[] = [];
    // The best rows by words that pass: filters act before the cut.
    let ids: readonly string[] = relevance.byWords;
    for (let from = 0; from < ids.length && hits.length < pool; from += from === 0 ? pool : IDS_MAX) {
      const some = ids.slice(from, from === 0 ? pool : from + IDS_MAX);
      hits.push(...(await byId(generation, ranking, some, passing, vectors, call)));
      if (from === 0 && hits.length < pool && ids.length === pool) ids = relevance.moreByWords();
    }
    return { hits, plan: "bm25" };
  }
  const { hits: nearest, plan } = await vectors.searchTiers(
    {
      index: generation.index,
      vector: understood.vector,
      k: few ? Math.max(pool, relevance.people) : pool,
      // Rows of another role never rank above rows of the right one, so wider tiers only fill up.
      enough: pool,
      filter: always(ranking),
      tiers: tiersFor(ranking),
      also: [...relevance.byWords],
    },
    call,
  );
  if (mode === "dense") return { hits: nearest, plan };
  const hits = [...nearest, ...(await othersByPlace(generation, ranking, nearest, vectors, call))];
  return { hits, plan: `${plan}+bm25` };
}

/** Where several occupations may be meant: the best of each by place that are not candidates yet. */
async function othersByPlace(
  generation: Generation,
  ranking: Ranking,
  found: readonly Hit[],
  vectors: Service<typeof vector>,
  call: CallInit,
): Promise<Hit[]> {
  const { relevance, point, understood, weights } = ranking;
  if (relevance.occupations.length < 2) return [];
  const { state } = understood.order.slots;
  const known = new Set(found.map(({ id }) => id));
  const ids = bestByPlace(generation, relevance.occupations, { point, state }, weights);
  const missing = ids.filter((id) => !known.has(id));
  return byId(generation, ranking, missing.slice(0, IDS_MAX), always(ranking), vectors, call);
}

/** Those of the rows that pass the filter, with their distances. */
export async function byId(
  { index }: Generation,
  { understood }: Ranking,
  ids: readonly string[],
  filter: Filter,
  vectors: Service<typeof vector>,
  call: CallInit,
): Promise<Hit[]> {
  if (ids.length === 0) return [];
  const tiers = { index, vector: understood.vector, k: 1, enough: 1, filter, tiers: [], also: [...ids] };
  return (await vectors.searchTiers(tiers, call)).hits;
}

/** What every hit passes, wherever it comes from. */
export function passingFilter(ranking: Ranking): Filter {
  const { conditions, mode } = ranking;
  return mode === "hybrid" ? always(ranking) : allOf([always(ranking), ...conditions.preferences]);
}

/** What the caller and the conditions of the text ask of everybody. */
function always({ filter, conditions }: Ranking): Filter {
  return allOf(filter === undefined ? conditions.filters : [filter, ...conditions.filters]);
}

/** What each tier asks besides, from the narrowest to the widest; the last one asks nothing. */
function tiersFor({ understood, relevance, point, few, mode, conditions }: Ranking): Filter[] {
  const { preferences } = conditions;
  if (mode === "dense") return [allOf(preferences)];
  const ofRole: Filter[][] = [];
  const [first, ...others] = relevance.socs;
  if (first !== undefined) {
    const { state } = understood.order.slots;
    const occupation: Filter = { [SOC_FIELD]: others.length === 0 ? first : { in: relevance.socs } };
    if (point !== undefined && !few)
      ofRole.push([occupation, { near: { field: PLACE_FIELD, ...point, miles: NEAR_MILES } }]);
    if (state !== undefined && !few) ofRole.push([occupation, { [STATE_FIELD]: state }]);
    ofRole.push([occupation]);
  }
  const preferred = preferences.length === 0 ? [] : ofRole.map((tier) => [...tier, ...preferences]);
  const anybody = preferences.length === 0 ? [[]] : [[...preferences], []];
  return [...preferred, ...ofRole, ...anybody].map(allOf);
}

function allOf(all: readonly Filter[]): Filter {
  const filters = all.filter((filter) => Object.keys(filter).length > 0);
  const [only] = filters;
  if (only === undefined) return {};
  return filters.length === 1 ? only : { and: filters };
}

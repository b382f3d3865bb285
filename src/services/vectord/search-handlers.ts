// The handlers that search: by one filter, and tier by tier.

import type { Hit, vector } from "#contracts/vector";
import { CountedCache } from "#lib/counted-cache";
import type { Handlers } from "#rpc/contract";
import type { Indexes } from "./indexes.ts";
import { bothOf, type Filter, matches, parseFilter } from "./rows/filter.ts";
import { type Hit as FoundHit, K_MAX } from "./search/search.ts";
import { checkModel, decoded, type EmbedTexts, hitOf, queryVector } from "./wire.ts";

/** Text, f32 and f64 of 768 numbers take 14 KB. */
const QUERIES_KEPT_MAX = 256;

/** Queries are repeated, tier by tier at least; each is decoded and prepared once. They are not written to. */
export function createQueryCache(): CountedCache<string, Float32Array> {
  return new CountedCache({ max: QUERIES_KEPT_MAX });
}

export function searchHandlers(
  indexes: Indexes,
  embedTexts: EmbedTexts,
  queries: ReturnType<typeof createQueryCache>,
): Pick<Handlers<typeof vector>, "search" | "searchTiers"> {
  const queryOf = (text: string | readonly number[]): Float32Array => {
    if (typeof text !== "string") return decoded(text, "vector");
    const kept = queries.get(text);
    if (kept !== undefined) return kept;
    const numbers = decoded(text, "vector");
    queries.set(text, numbers);
    return numbers;
  };

  return {
    search: async (
      { index: name, vector: given, text, model, k, filter, ef, exact, max_distance, include, encoding, at },
      call,
    ) => {
      const started = performance.now();
      const index = await indexes.get(name);
      const own = index.shape.model;
      checkModel(name, own, model);
      const query =
        given === undefined
          ? await queryVector(text, (texts) => embedTexts(texts, "query", own ?? model, call))
          : queryOf(given);
      const found = await index.search({
        vector: query,
        k,
        exact,
        include_vector: include.includes("vector"),
        filter: filter === undefined ? undefined : parseFilter(filter),
        ef,
        max_distance,
        at,
      });
      return {
        hits: found.hits.map((hit, rank) => hitOf(hit, rank, include.includes("metadata"), encoding)),
        plan: found.plan,
        scanned: found.scanned,
        complete: found.complete,
        ...(found.reason === undefined ? {} : { reason: found.reason }),
        took_ms: performance.now() - started,
      };
    },
    searchTiers: async ({ index: name, vector: given, k, enough, filter: shared, tiers, also }) => {
      const index = await indexes.get(name);
      const query = queryOf(given);
      const filters = tiers.map((tier, at) => filterOf(tier, `tiers.${at}`));
      const always = filterOf(shared, "filter");
      const hits: Hit[] = [];
      const seen = new Set<string>();
      const plans: string[] = [];
      let scanned = 0;
      const take = (hit: FoundHit): void => {
        if (seen.has(hit.id)) return;
        seen.add(hit.id);
        hits.push(hitOf(hit, hits.length, true));
      };
      const takeAlso = async (filter: Filter | undefined): Promise<void> => {
        for (const hit of await index.measure(also, query))
          if (filter === undefined || matches(filter, hit.metadata)) take(hit);
      };
      if (filters.length === 0) {
        await takeAlso(always);
        return { hits, plan: "exact", scanned: also.length };
      }
      const within = index.within(always);
      try {
        for (const [at, filter] of filters.entries()) {
          // What earlier tiers found matches this one as well and comes up again.
          const found = await within.search({ vector: query, k: Math.min(K_MAX, k + seen.size), filter });
          plans.push(found.plan);
          scanned += found.scanned;
          for (const hit of found.hits) if (hits.length < k) take(hit);
          if (at === filters.length - 1) await takeAlso(bothOf(always, filter));
          else if (hits.length >= enough) break;
        }
      } finally {
        within.end();
      }
      return { hits, plan: plans.join("+"), scanned };
    },
  };
}

/** Undefined for one that lets every row pass. */
function filterOf(input: Readonly<Record<string, unknown>>, path: string): Filter | undefined {
  return Object.keys(input).length === 0 ? undefined : parseFilter(input, path);
}

// Step 3 of the role ladder: the role whose titles are nearest to a text. The nearest titles vote, each by how near
// it is, so that one odd title does not decide; the first role must lead the second by a margin, or nothing is said.

import type { ReadRole } from "#contracts/matrix";
import { assert } from "#lib/assert";

export interface EmbeddedTitles {
  /** The role of each title; a role has as many titles as it likes. */
  readonly roles: readonly { readonly role: string; readonly soc: string }[];
  /** Unit vectors of the titles, one after the other, in the same order. */
  readonly vectors: Float32Array;
  readonly dimension: number;
}

export interface NearestSetup {
  /** A text whose nearest title is further away than this cosine has no known role; 0.4. */
  readonly similarityMin?: number;
  /** How much more of the vote the first occupation must have than the second, 0 to 1; 0.05. */
  readonly marginMin?: number;
  /** How many titles vote; 8. */
  readonly voters?: number;
}

/** How likely a role is what a text means, 0 to 1. */
export interface RoleVote {
  readonly role: string;
  readonly soc: string;
  readonly p: number;
}

export interface NearestReading extends ReadRole {
  /** The occupations that were voted for, the likeliest first, each by its nearest title; at most five. */
  readonly votes: readonly RoleVote[];
  /** Cosine of the nearest title of the role that won, or of the nearest of all when none did. */
  readonly similarity: number;
  /** Lead of the first occupation over the second as a share of the vote, 0 to 1. */
  readonly margin: number;
}

/** A vote falls with this power of the cosine: a title at 0.9 outvotes twenty at 0.6. */
const VOTE_POWER = 8;
const VOTES_MAX = 5;

/** The nearest role to a unit vector. Titles of one occupation vote together; its nearest title names the role. */
export function nearestRole(
  titles: EmbeddedTitles,
  query: Float32Array,
  setup: NearestSetup = {},
): NearestReading {
  const { similarityMin = 0.4, marginMin = 0.05, voters = 8 } = setup;
  const { roles, vectors, dimension } = titles;
  assert(
    query.length === dimension && vectors.length === roles.length * dimension,
    "titles and query differ in width",
  );
  const nearest = nearestTitles(titles, query, voters);
  const [first] = nearest;
  if (first === undefined) return { ...UNKNOWN, similarity: 0, margin: 0, votes: [] };
  const votes = new Map<string, number>();
  let total = 0;
  for (const { title, similarity } of nearest) {
    const soc = roles[title]?.soc ?? "";
    const vote = Math.max(similarity, 0) ** VOTE_POWER;
    votes.set(soc, (votes.get(soc) ?? 0) + vote);
    total += vote;
  }
  const [winner, second] = [...votes].sort(([, left], [, right]) => right - left);
  const margin = total === 0 ? 0 : ((winner?.[1] ?? 0) - (second?.[1] ?? 0)) / total;
  const chosen = nearest.find(({ title }) => roles[title]?.soc === winner?.[0]) ?? first;
  const named = roles[chosen.title];
  const { similarity } = chosen;
  const ballot = [...votes]
    .sort(([, left], [, right]) => right - left)
    .slice(0, VOTES_MAX)
    .flatMap(([soc, vote]) => {
      const own = nearest.find(({ title }) => roles[title]?.soc === soc);
      const role = roles[own?.title ?? -1]?.role;
      // A vote among titles that are all far away is worth as little as they are near.
      return own === undefined || role === undefined || total === 0
        ? []
        : [{ role, soc, p: Math.round((vote / total) * Math.max(own.similarity, 0) * 1000) / 1000 }];
    });
  if (named === undefined || similarity < similarityMin || margin < marginMin)
    return { ...UNKNOWN, similarity, margin, votes: ballot };
  // Never as sure as a title that was found word for word.
  const confidence = Math.min(0.9, similarity * (0.5 + margin / 2));
  return {
    role: named.role,
    soc: named.soc,
    source: "nearest",
    confidence,
    similarity,
    margin,
    votes: ballot,
  };
}

const UNKNOWN = { role: null, soc: null, source: "none", confidence: 0 } as const;

/** Best first; equal ones in the order of the titles. */
function nearestTitles(
  { roles, vectors, dimension }: EmbeddedTitles,
  query: Float32Array,
  count: number,
): { title: number; similarity: number }[] {
  const best: { title: number; similarity: number }[] = [];
  for (let title = 0; title < roles.length; title++) {
    let similarity = 0;
    const from = title * dimension;
    for (let i = 0; i < dimension; i++) similarity += (vectors[from + i] as number) * (query[i] as number);
    const last = best[count - 1];
    if (last !== undefined && similarity <= last.similarity) continue;
    let place = best.length;
    while (place > 0 && (best[place - 1]?.similarity ?? 0) < similarity) place--;
    best.splice(place, 0, { title, similarity });
    if (best.length > count) best.pop();
  }
  return best;
}

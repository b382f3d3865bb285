// Which occupations a question asks for, as far as the titles of a corpus can tell: the nearest titles vote, each for
// the occupations of its rows and by how near it is, and what the taxonomy reads in the question counts twice as
// much as all of them together. So a title that the taxonomy misreads, or does not have, is still found.

import type { Occupations } from "../corpus/titles.ts";

/** Further titles add noise; their votes are small anyway. */
const VOTERS = 40;
/** A vote falls with this power of the nearness: a title at 0.9 outvotes twenty at 0.6. */
const VOTE_POWER = 8;
/** Smaller sums are lost to the precision of a double, and their shares would no longer add up to 1. */
const VOTES_MIN = 1e-300;
/** What the taxonomy's reading weighs, beside 1 for all titles together. */
const TAXONOMY_WEIGHT = 2;
/** A neighbouring role of the one that is asked for gets this much of its share. */
const ADJACENT_SHARE = 0.3;
/** Occupations that candidates are looked for in: the first, and those that have a tenth of its votes. */
const ASKED_MAX = 3;
const ASKED_SHARE_MIN = 0.1;

export interface Ballot {
  /** How near each title is to the question, 0 to 1. */
  readonly similarities: Float32Array;
  occupationsOf(title: number): Occupations;
  /** How many occupations there are. */
  readonly occupations: number;
  /** What the taxonomy reads: an occupation by number and how sure it is, 0 to 1. */
  readonly taxonomy: { readonly occupation: number; readonly confidence: number } | undefined;
  /** Occupations of roles next to the one that is read. */
  readonly adjacent: readonly number[];
}

/** What speaks for each occupation, by its number: at most 1, and 1 in all but for the neighbours. */
export function vote(ballot: Ballot): Float32Array {
  const { similarities, occupationsOf, taxonomy, adjacent } = ballot;
  const mass = new Float32Array(ballot.occupations);
  const voters = nearest(similarities, VOTERS);
  const votes = voters.map((title) => (similarities[title] as number) ** VOTE_POWER);
  const sum = votes.reduce((all, one) => all + one, 0);
  const total = sum < VOTES_MIN ? 0 : sum;
  const confidence = taxonomy === undefined ? 0 : TAXONOMY_WEIGHT * taxonomy.confidence;
  const all = (total > 0 ? 1 : 0) + confidence;
  if (all === 0) return mass;
  // Votes of titles that are hardly near at all vanish in the arithmetic.
  for (const [at, title] of total > 0 ? voters.entries() : []) {
    for (const [occupation, share] of occupationsOf(title))
      add(mass, occupation, (share * (votes[at] as number)) / total / all);
  }
  if (taxonomy === undefined) return mass;
  add(mass, taxonomy.occupation, confidence / all);
  const neighbours = ADJACENT_SHARE * (mass[taxonomy.occupation] ?? 0);
  for (const occupation of adjacent) mass[occupation] = Math.max(mass[occupation] ?? 0, neighbours);
  return mass;
}

/** The occupations to look for candidates in, the one with most votes first. */
export function askedFor(mass: Float32Array): number[] {
  const first = nearest(mass, ASKED_MAX);
  const least = ASKED_SHARE_MIN * (mass[first[0] ?? -1] ?? 0);
  return first.filter((occupation) => (mass[occupation] as number) >= least);
}

function add(mass: Float32Array, occupation: number, votes: number): void {
  mass[occupation] = (mass[occupation] ?? 0) + votes;
}

/** The places of the highest numbers above 0, highest first, equal ones in order. */
function nearest(numbers: Float32Array, count: number): number[] {
  const best: number[] = [];
  for (let at = 0; at < numbers.length; at++) {
    const value = numbers[at] as number;
    if (value <= 0 || (best.length === count && value <= (numbers[best[count - 1] as number] as number)))
      continue;
    let place = best.length;
    while (place > 0 && (numbers[best[place - 1] as number] as number) < value) place--;
    best.splice(place, 0, at);
    if (best.length > count) best.pop();
  }
  return best;
}

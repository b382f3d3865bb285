// Which occupations a question asks for, as far as a corpus has them: what the role ladder says of each occupation, and
// what the nearest of the corpus's own titles say, each for the occupations of its rows and by how near it is. Own titles
// count where the ladder knows little: they say what words its people use, and not what others mean by them.

import type { Occupations } from "../corpus/titles.ts";

/** Further titles add noise; their votes are small anyway. */
const VOTERS = 40;
/** A vote falls with this power of the nearness: a title at 0.9 outvotes twenty at 0.6. */
const VOTE_POWER = 8;
/** Smaller sums are lost to the precision of a double, and their shares would no longer add up to 1. */
const VOTES_MIN = 1e-300;
/** What all own titles together weigh beside 1 for the ladder. */
const OWN_WEIGHT = 0.1;
/** A neighbouring role of the one that is asked for gets this much of its share. */
const ADJACENT_SHARE = 0.3;
/** Occupations that candidates are looked for in: the first, and those that have a hundredth of its votes. */
const ASKED_MAX = 8;
const ASKED_SHARE_MIN = 0.01;

export interface Ballot {
  /** How near each title is to the question, 0 to 1. */
  readonly similarities: Float32Array;
  occupationsOf(title: number): Occupations;
  /** How many occupations there are. */
  readonly occupations: number;
  /** What the ladder says: occupations of the corpus by number, each 0 to 1, at most 1 together. */
  readonly shares: Occupations;
  /** The occupation of the role that is read, and those of the roles next to it. */
  readonly asked: number | undefined;
  readonly adjacent: readonly number[];
}

/** What speaks for each occupation, by its number: at most 1, and at most 1 in all but for the neighbours. */
export function vote(ballot: Ballot): Float32Array {
  const { similarities, occupationsOf, shares, asked, adjacent } = ballot;
  const mass = new Float32Array(ballot.occupations);
  const voters = nearest(similarities, VOTERS);
  const votes = voters.map((title) => (similarities[title] as number) ** VOTE_POWER);
  const sum = votes.reduce((all, one) => all + one, 0);
  const own = sum < VOTES_MIN ? 0 : OWN_WEIGHT;
  const ladder = shares.length > 0 ? 1 : 0;
  if (own + ladder === 0) return mass;
  for (const [occupation, share] of shares) add(mass, occupation, share / (ladder + own));
  // Votes of titles that are hardly near at all vanish in the arithmetic.
  for (const [at, title] of own > 0 ? voters.entries() : []) {
    for (const [occupation, share] of occupationsOf(title))
      add(mass, occupation, (own * share * (votes[at] as number)) / sum / (ladder + own));
  }
  const neighbours = ADJACENT_SHARE * (mass[asked ?? -1] ?? 0);
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

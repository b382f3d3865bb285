// How good a hit is, from its parts: pure arithmetic over numbers from 0 to 1. How likely the row's occupation is the one
// that is meant, raised to a power, is multiplied by what the place is worth: a person far away is worth a share of the
// same person nearby, however well the words fit. Between rows of one occupation the words decide, and where no
// occupation is known they decide alone. Where the role that is asked for is known for sure, people of it come before
// all others.
//
// Where several occupations may be meant, the list is put together so that its expected nDCG is highest: each row counts by the
// probability of its occupation and by its share of the best list that the occupation could make. One that has three
// people to show needs three places to be served in full, one that has hundreds needs them all.

import type { Weights } from "#contracts/tuning";

export type { Weights };

/** How near a candidate is in each respect, 0 (not at all) to 1; undefined where question or corpus say nothing. */
export interface Parts {
  /** 1 - cosine distance of the whole texts, not below 0. */
  readonly dense: number;
  /** How much of the question's words the row answers by BM25. */
  readonly lexical: number;
  /** How near the row's own title is to the words of the question. */
  readonly title: number | undefined;
  /** The probability of the row's occupation. */
  readonly role: number | undefined;
  readonly place: number | undefined;
}

export type Mode = "hybrid" | "dense" | "lexical";

/** Whether a row is of the role that was surely asked for; `open` when no role was. */
export type Standing = "asked" | "other" | "open";

/** What the parts weigh where a corpus has not learnt its own. */
export const STANDARD_WEIGHTS: Weights = {
  title: 2,
  lexical: 1,
  dense: 1,
  words: 0.1,
  words_alone: 0.005,
  role_power: 1.2,
  rarity: 1,
  state: 0.43,
  elsewhere: 0.14,
};

/** People of another role than the one that was surely asked for stay below this, the others above it. */
export const OTHERS_MAX = 0.4;

interface Judged {
  readonly standing: Standing;
  /** Whether the row has what the text asks for besides the role; undefined when nothing is asked for. */
  readonly qualified: boolean | undefined;
  /** The row's occupation among those that may be meant; see `rarities`. */
  readonly rarity: number;
  /** The highest dense part of all candidates. */
  readonly nearest: number;
}

/** 0 to 1, higher is better. Within a standing those that are qualified come before those that are not. */
export function scoreOf(
  parts: Parts,
  mode: Mode,
  { standing, qualified, rarity, nearest }: Judged,
  weights: Weights,
): number {
  if (mode === "dense") return parts.dense;
  if (mode === "lexical") return parts.lexical;
  const isText = parts.title === undefined && parts.role === undefined;
  const own = isText ? textFit(parts, nearest, weights) : fitOf(parts, rarity, weights);
  const whole = own * gainOf(parts.place);
  const fit = qualified === undefined ? whole : (qualified ? 1 + whole : whole) / 2;
  if (standing === "open") return fit;
  return standing === "asked" ? OTHERS_MAX + (1 - OTHERS_MAX) * fit : OTHERS_MAX * fit;
}

/** Where no place is asked for, all are worth the same. */
export function gainOf(place: number | undefined): number {
  return place ?? 1;
}

/**
 * How much words count beside meaning, at most, where there are texts alone. The less alike the nearest text is, the less
 * its nearness says, and the more the words do: fusing both at fixed weights is worse than the better of them on
 * some corpora, whichever weights these are.
 */
const WORDS_BESIDE = 3;
const WORDS_BESIDE_MIN = 0.1;

function textFit({ dense, lexical }: Parts, nearest: number, weights: Weights): number {
  const words = weights.lexical * Math.max(WORDS_BESIDE_MIN, WORDS_BESIDE * (1 - nearest));
  const all = weights.dense + words;
  return all === 0 ? 0 : (weights.dense * dense + words * lexical) / all;
}

function fitOf({ dense, lexical, title, role }: Parts, rarity: number, weights: Weights): number {
  let sum = weights.dense * dense + weights.lexical * lexical;
  let all = weights.dense + weights.lexical;
  if (title !== undefined) {
    sum += weights.title * title;
    all += weights.title;
  }
  const words = all === 0 ? 0 : sum / all;
  if (role === undefined) return words;
  const occupation = role ** weights.role_power * rarity * (1 - weights.words + weights.words * words);
  return (1 - weights.words_alone) * occupation + weights.words_alone * words;
}

/** A person goes this far for a shift before the way begins to count. Miles. */
const MILES_NEAR = 50;
/** And beyond it, what it is worth halves with each of these. */
const MILES_HALF = 25;
/** Of two people nearby, the nearer one is worth at most this much more. */
const NEARER = 0.1;

/** What a place is worth, 0 to 1: nearby, in the same state, elsewhere. `miles` is undefined where no distance is known. */
export function placePart(
  sameState: boolean,
  miles: number | undefined,
  { state, elsewhere }: Weights,
): number {
  const far = sameState ? state : elsewhere;
  if (miles === undefined) return far;
  if (miles <= MILES_NEAR) return 1 - (NEARER * miles) / MILES_NEAR;
  return far + Math.max(0, 1 - NEARER - far) * 0.5 ** ((miles - MILES_NEAR) / MILES_HALF);
}

/** Ranks of a list that count for how well an occupation can be served. */
const DEPTH = 10;

/**
 * How few of its rows an occupation needs, 0 to 1 and 1 for the one that needs fewest: the discounted gain of its best ten
 * rows, turned around (the ideal DCG of Jarvelin and Kekalainen, TOIS 2002). `gains`: what the place of each candidate of
 * an occupation is worth.
 */
export function rarities(gains: ReadonlyMap<number, readonly number[]>, power: number): Map<number, number> {
  const ideals = [...gains].map(([occupation, own]) => {
    const best = own.toSorted((a, b) => b - a).slice(0, DEPTH);
    return [occupation, best.reduce((sum, gain, rank) => sum + gain / Math.log2(rank + 2), 0)] as const;
  });
  const least = Math.min(...ideals.map(([, ideal]) => ideal).filter((ideal) => ideal > 0));
  return new Map(ideals.map(([occupation, ideal]) => [occupation, ideal > 0 ? (least / ideal) ** power : 1]));
}

// Step 3 of the role ladder: how likely each occupation is what a text asks for. The nearest titles vote, each by how near
// it is and by how often it was used, for the occupations that it was used for. Beside them counts how usual the words of
// the text are in the titles of each occupation (naive Bayes): the nearest titles know the phrase, the words know the
// trade. A title that is written like the text counts more than both. Pure arithmetic.

import { type NearTitle, type TitleIndex, titleKey, type Uses } from "./title-index.ts";

export interface Voters {
  readonly index: TitleIndex;
  /** What a title of the index was used for. */
  usesOf(title: number): Uses;
  /** What the words of an occupation's titles weigh together, each title by how often it was used. */
  wordsOf(soc: string): number;
  /** What the title was used for that is written like this key; undefined when none is. */
  exact(key: string): Uses | undefined;
}

export interface OccupationShare {
  readonly soc: string;
  /** 0 to 1. */
  readonly p: number;
}

export interface Vote {
  /** The likeliest first; together 1, or empty when no title shares anything with the text. */
  readonly shares: readonly OccupationShare[];
  /** Cosine of the nearest title, 1 for one that is written like the text; 0 when there is none. */
  readonly similarity: number;
  /** What the title that is written like the text was used for. */
  readonly exact: Uses | undefined;
  /** The titles that voted, the nearest first. */
  readonly nearest: readonly NearTitle[];
}

/** Further titles add noise; their votes are small anyway. */
const VOTERS = 40;
/** A vote falls with this power of the nearness: a title at 0.9 outvotes twenty at 0.4. */
const VOTE_POWER = 4;
/** The power of how often a title was used: one of a thousand orders counts three times one of a single order. */
const USE_POWER = 0.5;
/** What the words weigh against the nearest titles. */
const WORDS_SHARE = 0.4;
/** A word that no title of an occupation has counts as this part of one that a single title has. */
const UNSEEN_WORD = 0.05;
/** What the title that is written like the text weighs, beside 1 for all that are near. */
const EXACT_WEIGHT = 3;
/** Occupations with less are none. */
const SHARE_MIN = 0.002;

export function vote(voters: Voters, text: string): Vote {
  const nearest = voters.index.nearest(text, VOTERS);
  const exact = voters.exact(titleKey(text));
  const votes = new Map<string, number>();
  let total = 0;
  for (const { title, similarity } of nearest) {
    const uses = voters.usesOf(title);
    const weight = similarity ** VOTE_POWER * usedOf(uses) ** USE_POWER;
    total += weight;
    addShares(votes, uses, weight);
  }
  const words = total === 0 ? new Map<string, number>() : likelihoods(voters, text);
  const wordsShare = words.size === 0 ? 0 : WORDS_SHARE;
  const exactShare = exact === undefined ? 0 : total === 0 ? 1 : EXACT_WEIGHT / (1 + EXACT_WEIGHT);
  const mass = new Map<string, number>();
  if (exact !== undefined) addShares(mass, exact, exactShare);
  for (const [soc, weight] of votes) add(mass, soc, (1 - exactShare) * (1 - wordsShare) * (weight / total));
  for (const [soc, p] of words) add(mass, soc, (1 - exactShare) * wordsShare * p);
  const shares = [...mass]
    .map(([soc, p]) => ({ soc, p }))
    .filter(({ p }) => p >= SHARE_MIN)
    .sort((a, b) => b.p - a.p || (a.soc < b.soc ? -1 : 1));
  const similarity = exact === undefined ? (nearest[0]?.similarity ?? 0) : 1;
  return { shares, similarity, exact, nearest };
}

/** The use that a thousand orders make of a title is ten times that of one. */
export function useWeight(count: number): number {
  return Math.log2(1 + count);
}

function usedOf(uses: Uses): number {
  return uses.reduce((sum, [, count]) => sum + useWeight(count), 0);
}

/** Shares a weight among the occupations of a title. */
function addShares(mass: Map<string, number>, uses: Uses, weight: number): void {
  const used = usedOf(uses);
  for (const [soc, count] of uses) add(mass, soc, (weight * useWeight(count)) / used);
}

function add(mass: Map<string, number>, soc: string, more: number): void {
  mass.set(soc, (mass.get(soc) ?? 0) + more);
}

/**
 * The probability of each occupation by the words of the text alone, with the same chance for all before: naive Bayes over
 * words and pairs, smoothed by `UNSEEN_WORD`.
 */
function likelihoods({ index, usesOf, wordsOf }: Voters, text: string): Map<string, number> {
  const shared = index.sharing(text);
  const counts = shared.map(({ titles }) => {
    const own = new Map<string, number>();
    for (const title of titles) for (const [soc, count] of usesOf(title)) add(own, soc, useWeight(count));
    return own;
  });
  const socs = new Set(counts.flatMap((own) => [...own.keys()]));
  const logs = [...socs].map((soc) => {
    const all = wordsOf(soc) + UNSEEN_WORD * index.vocabulary;
    const log = shared.reduce(
      (sum, { weight }, at) =>
        sum + weight * Math.log(((counts[at]?.get(soc) ?? 0) * weight + UNSEEN_WORD) / all),
      0,
    );
    return [soc, log] as const;
  });
  const most = Math.max(...logs.map(([, log]) => log));
  const odds = logs.map(([soc, log]) => [soc, Math.exp(log - most)] as const);
  const sum = odds.reduce((all, [, one]) => all + one, 0);
  return new Map(odds.map(([soc, one]) => [soc, one / sum]));
}

/** What a reading of known confidence and a vote say together. */
export function mixed(
  vote: readonly OccupationShare[],
  read: { readonly soc: string; readonly weight: number } | undefined,
): OccupationShare[] {
  if (read === undefined || read.weight <= 0) return [...vote];
  const voted = vote.length === 0 ? 0 : 1;
  const whole = voted + read.weight;
  const shares = new Map(vote.map(({ soc, p }) => [soc, p / whole]));
  shares.set(read.soc, (shares.get(read.soc) ?? 0) + read.weight / whole);
  return [...shares].map(([soc, p]) => ({ soc, p })).sort((a, b) => b.p - a.p || (a.soc < b.soc ? -1 : 1));
}

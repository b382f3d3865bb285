// Step 3 of the role ladder: how likely each occupation is what a text asks for. The nearest titles vote, each by how near
// it is and by how often it was used, for the occupations that it was used for. Beside them counts how usual the words of
// the text are in the titles of each occupation (naive Bayes): the nearest titles know the phrase, the words know the
// trade. A title that is written like the text counts more than both. Pure arithmetic.

import { type NearTitle, type TitleIndex, titleKey, type Uses, wordWeight } from "./title-index.ts";

export interface Voters {
  readonly index: TitleIndex;
  readonly uses: UseTable;
  /** What the title was used for that is written like this key; undefined when none is. */
  exact(key: string): Uses | undefined;
}

/** What each title of an index was used for, as columns: those of title t are from `starts[t]` up to `starts[t + 1]`. */
export interface UseTable {
  /** Codes by number. */
  readonly socs: readonly string[];
  readonly starts: Uint32Array;
  readonly occupations: Uint16Array;
  /** `useWeight` of each. */
  readonly weights: Float32Array;
  /** What the words of each occupation's titles weigh together. */
  readonly words: Float64Array;
}

/** The table of titles that are written as keys, in the order of their index. */
export function useTable(titles: readonly { readonly key: string; readonly uses: Uses }[]): UseTable {
  const numbers = new Map<string, number>();
  const size = titles.reduce((sum, { uses }) => sum + uses.length, 0);
  const starts = new Uint32Array(titles.length + 1);
  const occupations = new Uint16Array(size);
  const weights = new Float32Array(size);
  const words: number[] = [];
  let at = 0;
  for (const [title, { key, uses }] of titles.entries()) {
    for (const [soc, count] of uses) {
      const number = numbers.get(soc) ?? numbers.size;
      numbers.set(soc, number);
      occupations[at] = number;
      weights[at] = useWeight(count);
      words[number] = (words[number] ?? 0) + useWeight(count) * wordWeight(key);
      at += 1;
    }
    starts[title + 1] = at;
  }
  return { socs: [...numbers.keys()], starts, occupations, weights, words: Float64Array.from(words) };
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
/**
 * A word that no title of an occupation has counts as this part of one that a single title has: less among many titles, where
 * it says more that none has it. By cross-validation.
 */
const UNSEEN_WORD = { few: 0.05, many: 0.02 } as const;
/** Titles from which on they are many: more than ship. */
const MANY_TITLES = 10_000;
/** What the title that is written like the text weighs, beside 1 for all that are near. */
const EXACT_WEIGHT = 3;
/** Occupations with less are none. */
const SHARE_MIN = 0.002;

export function vote(voters: Voters, text: string): Vote {
  const nearest = voters.index.nearest(text, VOTERS);
  const exact = voters.exact(titleKey(text));
  const { uses } = voters;
  const votes = new Float64Array(uses.socs.length);
  let total = 0;
  for (const { title, similarity } of nearest) {
    const [from, to] = [uses.starts[title] as number, uses.starts[title + 1] as number];
    let used = 0;
    for (let at = from; at < to; at++) used += uses.weights[at] as number;
    const weight = similarity ** VOTE_POWER * used ** USE_POWER;
    total += weight;
    for (let at = from; at < to; at++)
      addTo(votes, uses.occupations[at] as number, (weight * (uses.weights[at] as number)) / used);
  }
  const words = total === 0 ? undefined : likelihoods(voters, text);
  const wordsShare = words === undefined ? 0 : WORDS_SHARE;
  const exactShare = exact === undefined ? 0 : total === 0 ? 1 : EXACT_WEIGHT / (1 + EXACT_WEIGHT);
  const mass = new Map<string, number>();
  if (exact !== undefined) addShares(mass, exact, exactShare);
  for (const [number, soc] of total > 0 ? uses.socs.entries() : []) {
    const p = (1 - wordsShare) * ((votes[number] as number) / total) + wordsShare * (words?.[number] ?? 0);
    if (p > 0) add(mass, soc, (1 - exactShare) * p);
  }
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

function addTo(sums: Float64Array, at: number, more: number): void {
  sums[at] = (sums[at] as number) + more;
}

/**
 * The probability of each occupation by the words of the text alone, with the same chance for all before: naive Bayes over
 * words and pairs, smoothed by `UNSEEN_WORD`. Undefined when no title has any of the words.
 */
function likelihoods({ index, uses }: Voters, text: string): Float64Array | undefined {
  const { starts, occupations, weights, words } = uses;
  const unseen = UNSEEN_WORD[index.size < MANY_TITLES ? "few" : "many"];
  const logs = new Float64Array(words.length);
  const known = new Uint8Array(words.length);
  const counts = new Float64Array(words.length);
  for (const { weight, titles } of index.sharing(text)) {
    counts.fill(0);
    for (const title of titles)
      for (let at = starts[title] as number; at < (starts[title + 1] as number); at++)
        addTo(counts, occupations[at] as number, weights[at] as number);
    for (let number = 0; number < words.length; number++) {
      const count = counts[number] as number;
      if (count > 0) known[number] = 1;
      const all = (words[number] as number) + unseen * index.vocabulary;
      addTo(logs, number, weight * Math.log((count * weight + unseen) / all));
    }
  }
  let most = -Infinity;
  for (let number = 0; number < words.length; number++)
    if (known[number] === 1) most = Math.max(most, logs[number] as number);
  if (most === -Infinity) return undefined;
  const odds = logs.map((log, number) => (known[number] === 1 ? Math.exp(log - most) : 0));
  const sum = odds.reduce((all, one) => all + one, 0);
  return odds.map((one) => one / sum);
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

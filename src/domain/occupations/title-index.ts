// Titles of jobs by what is written in them: which of some ten thousand titles are nearest to a text. A title is the words
// it has, pairs of neighbouring words in either order, and the n-grams of its words, so that a misspelt or derived word is
// still near; each feature counts by how rare it is (the cosine of TF-IDF vectors). Features are hashed into places of
// one table of postings in typed arrays: 60,000 titles take about 15 MB. Made in steps, so that a serving process can see
// to others between them, and never changed afterwards. Pure.

import { titleKeys } from "../orders/text/words.ts";

/** How often each occupation was meant by a title; pairs of a code and a number above 0. */
export type Uses = readonly (readonly [soc: string, count: number])[];

export interface NearTitle {
  /** The title's number, in the order given. */
  readonly title: number;
  /** Cosine, above 0 and at most 1. */
  readonly similarity: number;
}

/** A word of a text, or a pair of neighbours, and the titles that have it. */
export interface Shared {
  /** 1 for a word, less for a pair. */
  readonly weight: number;
  readonly titles: Uint32Array;
}

export interface TitleIndex {
  readonly size: number;
  /** Words and pairs of all titles. */
  readonly vocabulary: number;
  /** Words and pairs of a text that some title has too. */
  sharing(text: string): Shared[];
  /** The `count` nearest titles, the nearest first. */
  nearest(text: string, count: number): NearTitle[];
}

/** Joining words apart, a title is the set of its words however they are written. */
export function titleKey(text: string): string {
  return titleKeys(text).join(" ");
}

/** Bits of a feature's place: a million places, of which 60,000 titles use about an eighth. */
const PLACE_BITS = 20;
const PLACES = 2 ** PLACE_BITS;

// What each kind of feature weighs beside a word of weight 1, chosen by cross-validation over titles of real orders.
const PAIR_WEIGHT = 0.5;
const GRAM_WEIGHT = 0.4;

const GRAM_MIN = 3;
const GRAM_MAX = 4;
/** Letters of a word beyond these give no n-grams, and words of a text beyond these no features: no title is longer. */
const WORD_CHARS_MAX = 24;
const WORDS_MAX = 24;

/** Titles between two steps: about a millisecond. */
const STEP_TITLES = 200;

/** What the words and pairs of a title that is written as a key weigh together. */
export function wordWeight(key: string): number {
  const words = key.split(" ").length;
  return words + PAIR_WEIGHT * (words - 1);
}

/** Calls `see` for each feature of a title, once for each time it occurs. */
function features(text: string, see: (place: number, weight: number, isGram: boolean) => void): void {
  const words = titleKeys(text).slice(0, WORDS_MAX);
  let before = "";
  for (const word of words) {
    see(placeOf(word, 1), 1, false);
    if (before !== "") {
      const [first, second] = before < word ? [before, word] : [word, before];
      see(placeOf(`${first} ${second}`, 2), PAIR_WEIGHT, false);
    }
    before = word;
    const bounded = `<${word.slice(0, WORD_CHARS_MAX)}>`;
    for (let start = 0; start + GRAM_MIN <= bounded.length; start++) {
      let hash = 0x811c9dc5 ^ 3;
      for (let end = start; end < start + GRAM_MAX && end < bounded.length; end++) {
        hash = Math.imul(hash ^ bounded.charCodeAt(end), 0x01000193);
        if (end - start + 1 >= GRAM_MIN) see(mixed(hash) >>> (32 - PLACE_BITS), GRAM_WEIGHT, true);
      }
    }
  }
}

/** FNV-1a from a seed that keeps the kinds of features apart. */
function placeOf(text: string, seed: number): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return mixed(hash) >>> (32 - PLACE_BITS);
}

/** The finaliser of MurmurHash3 (Appleby). */
function mixed(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** The index of a list of titles, made in one go. */
export function titleIndex(titles: readonly string[]): TitleIndex {
  const steps = titleIndexSteps(titles);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** The index of a list of titles, made in steps of about a millisecond. */
export function* titleIndexSteps(titles: readonly string[]): Generator<undefined, TitleIndex> {
  const starts = new Uint32Array(PLACES + 1);
  const seen = new Uint32Array(PLACES);
  let vocabulary = 0;
  for (const [title, text] of titles.entries()) {
    if (title % STEP_TITLES === 0) yield;
    features(text, (place, _, isGram) => {
      // A title counts once for a feature, however often it has it.
      if (seen[place] === title + 1) return;
      if (!isGram && starts[place + 1] === 0) vocabulary++;
      seen[place] = title + 1;
      starts[place + 1] = (starts[place + 1] as number) + 1;
    });
  }
  yield;
  for (let place = 0; place < PLACES; place++)
    starts[place + 1] = (starts[place + 1] as number) + (starts[place] as number);
  yield;
  const size = titles.length;
  const rarity = (place: number): number =>
    Math.log(1 + size / ((starts[place + 1] as number) - (starts[place] as number) + 1));
  const postings = new Uint32Array(starts[PLACES] as number);
  const filled = starts.slice(0, PLACES);
  const norms = new Float32Array(size);
  seen.fill(0);
  for (const [title, text] of titles.entries()) {
    if (title % STEP_TITLES === 0) yield;
    let squares = 0;
    features(text, (place, weight) => {
      if (seen[place] === title + 1) return;
      seen[place] = title + 1;
      const at = filled[place] as number;
      postings[at] = title;
      filled[place] = at + 1;
      squares += (weight * rarity(place)) ** 2;
    });
    norms[title] = Math.sqrt(squares);
  }
  const sums = new Float32Array(size);
  const tables = { starts, postings, norms, sums, rarity };
  return {
    size,
    vocabulary,
    nearest: (text, count) => nearestIn(tables, text, count),
    sharing: (text) => sharingIn(tables, text),
  };
}

interface Tables {
  readonly starts: Uint32Array;
  readonly postings: Uint32Array;
  readonly norms: Float32Array;
  /** All zero between two calls. */
  readonly sums: Float32Array;
  rarity(place: number): number;
}

function sharingIn({ starts, postings }: Tables, text: string): Shared[] {
  const found = new Map<number, Shared>();
  features(text, (place, weight, isGram) => {
    if (isGram || found.has(place)) return;
    const titles = postings.subarray(starts[place], starts[place + 1]);
    if (titles.length > 0) found.set(place, { weight, titles });
  });
  return [...found.values()];
}

function nearestIn(
  { starts, postings, norms, sums, rarity }: Tables,
  text: string,
  count: number,
): NearTitle[] {
  const asked = new Map<number, number>();
  features(text, (place, weight) => {
    if (!asked.has(place)) asked.set(place, weight);
  });
  const touched: number[] = [];
  let squares = 0;
  for (const [place, weight] of asked) {
    const rare = rarity(place);
    squares += (weight * rare) ** 2;
    // The title's own weight of the feature is the same, as both have it of the same kind.
    const product = (weight * rare) ** 2;
    for (let at = starts[place] as number; at < (starts[place + 1] as number); at++) {
      const title = postings[at] as number;
      const sum = sums[title] as number;
      if (sum === 0) touched.push(title);
      sums[title] = sum + product;
    }
  }
  const norm = Math.sqrt(squares);
  const best: { title: number; similarity: number }[] = [];
  for (const title of touched) {
    const similarity = (sums[title] as number) / (norm * (norms[title] as number));
    sums[title] = 0;
    const last = best[count - 1];
    if (last !== undefined && similarity <= last.similarity) continue;
    let at = best.length;
    while (at > 0 && (best[at - 1] as NearTitle).similarity < similarity) at--;
    best.splice(at, 0, { title, similarity: Math.min(1, similarity) });
    if (best.length > count) best.pop();
  }
  return best;
}

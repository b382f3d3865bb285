// A BM25 index of one corpus, in memory: which documents hold the words of a question, and how much those words
// say. A document is a row, a number the corpus chose, and its text. Scores depend only on the documents that are in,
// never on the order in which they came or on what was removed, and ties go to the lower row: the same corpus answers
// the same everywhere.
//
// A document lives in a slot. Removing it kills the slot at once; its postings are swept out when a quarter of the
// slots is dead.
//
// Score (idf as in Lucene; tf is how often the document holds the term, length its words):
//   sum over terms of  ln(1 + (N - df + 0.5) / (df + 0.5)) * tf * (k1 + 1) / (tf + k1 * (1 - b + b * length / mean))

import { assert } from "#lib/assert";
import { readBm25, writeBm25, type Bm25Parts } from "./bm25-bytes.ts";
import { append, countAt, emptyPostings, moved, type Postings } from "./postings.ts";
import { termsOf } from "./terms.ts";

export interface Bm25Setup {
  /** Saturation of repeated words; 1.2 when left out. */
  readonly k1?: number;
  /** How much a long document is held back, 0 to 1; 0.75 when left out. */
  readonly b?: number;
}

export interface Bm25Hit {
  readonly row: number;
  /** Above 0, higher is better, without an upper bound. */
  readonly score: number;
}

export interface Bm25Match {
  /** As it is indexed, that is stemmed. */
  readonly term: string;
  /** What it adds to the score. */
  readonly score: number;
}

export interface Bm25 {
  /** How many rows are in. */
  readonly size: number;
  /** Adds a row, or replaces it; `row` is a whole number from 0 to 2^32 - 1. */
  put(row: number, text: string): void;
  /** False when the row was not in. */
  remove(row: number): boolean;
  /** At most k rows that hold a word of the text and that `allow` lets pass; best first, equal scores by row. */
  search(text: string, k: number, allow?: (row: number) => boolean): Bm25Hit[];
  /** The scores of single rows for a text, 0 for one that holds none of its words; while nothing is put or removed. */
  scoring(text: string): (row: number) => number;
  /**
   * What a row of mean length scores that holds each word of the text once, words that no row holds included: a score's
   * share of it says how much of the text a row answers, in one index as in another. 0 for a text without words.
   */
  fullScore(text: string): number;
  /** Which terms of the text the row holds, the weightiest first; their scores add up to the row's. */
  explain(text: string, row: number): Bm25Match[];
  /** The whole index. The same rows give the same bytes, whatever came before. `restoreBm25` reads them. */
  toBytes(): Uint8Array<ArrayBuffer>;
}

const ROW_MAX = 0xffff_ffff;

/** A question with more distinct terms is a document; the first 256 are asked. */
const QUERY_TERMS_MAX = 256;

/** So many are kept in order while they are found; more are sorted at the end, which costs less. */
const INSERTED_MAX = 1000;

/** A sweep passes over all postings, so it waits until this share of the slots is dead, and at least so many. */
const DEAD_SHARE_MAX = 0.25;
const DEAD_SLOTS_MIN = 256;

/** Of documents with fewer words, what a term that they hold once adds is computed once for each number of words. */
const ONCE_WORDS_MAX = 1000;

const DEAD = -1;

export function bm25(setup: Bm25Setup = {}): Bm25 {
  const { k1 = 1.2, b = 0.75 } = setup;
  return indexOf({ k1, b, rows: new Uint32Array(0), counts: new Uint32Array(0), terms: [] });
}

/** The index that `toBytes` wrote. Throws Fault `internal` when the bytes are damaged. */
export function restoreBm25(bytes: Uint8Array): Bm25 {
  return indexOf(readBm25(bytes));
}

function indexOf(parts: Bm25Parts): Bm25 {
  const { k1, b } = parts;
  assert(k1 >= 0 && b >= 0 && b <= 1, "k1 is at least 0, and b is between 0 and 1");

  const terms = new Map<string, Postings>();
  const slots = new Map<number, number>();
  // By slot: its row or DEAD, how many words it has, and its terms.
  let rows: number[] = [];
  let counts: number[] = [];
  let held: Postings[][] = [];
  /** Words of what is in: a whole number, so that the mean does not depend on history. */
  let total = 0;
  /** Of one search; all 0 between two. */
  let scores = new Float64Array(0);

  /** The idf of a term that so many rows hold. */
  const idfOf = (living: number): number => Math.log(1 + (slots.size - living + 0.5) / (living + 0.5));
  const idf = ({ living }: Postings): number => idfOf(living);

  const saturated = (tf: number, slot: number, mean: number): number =>
    (tf * (k1 + 1)) / (tf + k1 * (1 - b + (b * (counts[slot] as number)) / mean));

  const put = (row: number, text: string): void => {
    assert(Number.isInteger(row) && row >= 0 && row <= ROW_MAX, "a row is a whole number from 0 to 2^32 - 1");
    remove(row);
    const slot = rows.length;
    const words = termsOf(text);
    const countByTerm = new Map<string, number>();
    for (const term of words) countByTerm.set(term, (countByTerm.get(term) ?? 0) + 1);
    const own: Postings[] = [];
    for (const [term, count] of countByTerm) {
      const postings = terms.get(term) ?? emptyPostings();
      terms.set(term, postings);
      append(postings, slot, count);
      own.push(postings);
    }
    rows.push(row);
    counts.push(words.length);
    held.push(own);
    total += words.length;
    slots.set(row, slot);
  };

  const remove = (row: number): boolean => {
    const slot = slots.get(row);
    if (slot === undefined) return false;
    slots.delete(row);
    rows[slot] = DEAD;
    for (const postings of held[slot] as Postings[]) postings.living--;
    held[slot] = [];
    total -= counts[slot] as number;
    const dead = rows.length - slots.size;
    if (dead >= DEAD_SLOTS_MIN && dead > rows.length * DEAD_SHARE_MAX) load(canonical());
    return true;
  };

  const search = (text: string, k: number, allow?: (row: number) => boolean): Bm25Hit[] => {
    assert(Number.isInteger(k) && k >= 1, "k is at least 1");
    if (scores.length < rows.length) scores = new Float64Array(rows.length * 2);
    const mean = total / slots.size;
    // Most documents hold a term once, and are of few lengths.
    const once: number[] = [];
    const touched: number[] = [];
    for (const [term, times] of questionTerms(text)) {
      const postings = terms.get(term);
      if (postings === undefined) continue;
      const weight = times * idf(postings);
      const { pairs, used } = postings;
      for (let i = 0; i < used; i += 2) {
        const slot = pairs[i + 1] as number;
        if (rows[slot] === DEAD) continue;
        const before = scores[slot] as number;
        if (before === 0) touched.push(slot);
        const tf = pairs[i] as number;
        const words = counts[slot] as number;
        const share =
          tf === 1 && words < ONCE_WORDS_MAX
            ? (once[words] ??= saturated(1, slot, mean))
            : saturated(tf, slot, mean);
        scores[slot] = before + weight * share;
      }
    }
    const keeps = k <= INSERTED_MAX;
    const best: Bm25Hit[] = [];
    for (const slot of touched) {
      const score = scores[slot] as number;
      scores[slot] = 0;
      const last = keeps ? best[k - 1] : undefined;
      if (last !== undefined && score < last.score) continue;
      const hit = { row: rows[slot] as number, score };
      if (last !== undefined && !isBefore(hit, last)) continue;
      if (allow !== undefined && !allow(hit.row)) continue;
      if (keeps) insert(best, hit, k);
      else best.push(hit);
    }
    return keeps ? best : best.sort((left, right) => (isBefore(left, right) ? -1 : 1)).slice(0, k);
  };

  const scoring = (text: string): ((row: number) => number) => {
    const mean = total / slots.size;
    const asked: (readonly [postings: Postings, weight: number])[] = [];
    for (const [term, times] of questionTerms(text)) {
      const postings = terms.get(term);
      if (postings !== undefined) asked.push([postings, times * idf(postings)]);
    }
    return (row) => {
      const slot = slots.get(row);
      if (slot === undefined) return 0;
      let score = 0;
      for (const [postings, weight] of asked) {
        const count = countAt(postings, slot);
        if (count !== 0) score += weight * saturated(count, slot, mean);
      }
      return score;
    };
  };

  const fullScore = (text: string): number => {
    let sum = 0;
    for (const [term, times] of questionTerms(text)) sum += times * idfOf(terms.get(term)?.living ?? 0);
    return sum;
  };

  const explain = (text: string, row: number): Bm25Match[] => {
    const slot = slots.get(row);
    if (slot === undefined) return [];
    const mean = total / slots.size;
    const matches: Bm25Match[] = [];
    for (const [term, times] of questionTerms(text)) {
      const postings = terms.get(term);
      const count = postings === undefined ? 0 : countAt(postings, slot);
      if (postings === undefined || count === 0) continue;
      matches.push({ term, score: times * idf(postings) * saturated(count, slot, mean) });
    }
    return matches.sort((left, right) => right.score - left.score || (left.term < right.term ? -1 : 1));
  };

  /** What lives, with rows and terms in ascending order: the one form that goes to disk and that a sweep leaves. */
  const canonical = (): Bm25Parts => {
    const order = [...slots].sort(([left], [right]) => left - right);
    const slotNow = new Int32Array(rows.length).fill(-1);
    for (const [place, [, slot]] of order.entries()) slotNow[slot] = place;
    return {
      k1,
      b,
      rows: Uint32Array.from(order, ([row]) => row),
      counts: Uint32Array.from(order.map(([, slot]) => counts[slot] as number)),
      terms: [...terms]
        .filter(([, { living }]) => living > 0)
        .sort(([left], [right]) => (left < right ? -1 : 1))
        .map(([term, postings]) => [term, moved(postings, slotNow)] as const),
    };
  };

  const load = (loaded: Bm25Parts): void => {
    rows = Array.from(loaded.rows);
    counts = Array.from(loaded.counts);
    held = rows.map(() => []);
    total = counts.reduce((sum, count) => sum + count, 0);
    slots.clear();
    for (const [slot, row] of rows.entries()) slots.set(row, slot);
    terms.clear();
    for (const [term, pairs] of loaded.terms) {
      const postings = { pairs, used: pairs.length, living: pairs.length / 2 };
      terms.set(term, postings);
      for (let i = 1; i < pairs.length; i += 2) held[pairs[i] as number]?.push(postings);
    }
  };

  load(parts);
  return {
    get size() {
      return slots.size;
    },
    put,
    remove,
    search,
    scoring,
    fullScore,
    explain,
    toBytes: () => writeBm25(canonical()),
  };
}

/** The distinct terms of a question and how often it says each. */
function questionTerms(text: string): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const term of termsOf(text)) {
    if (times.has(term) || times.size < QUERY_TERMS_MAX) times.set(term, (times.get(term) ?? 0) + 1);
  }
  return times;
}

function isBefore(left: Bm25Hit, right: Bm25Hit): boolean {
  return left.score > right.score || (left.score === right.score && left.row < right.row);
}

function insert(best: Bm25Hit[], hit: Bm25Hit, k: number): void {
  let place = best.length;
  while (place > 0 && isBefore(hit, best[place - 1] as Bm25Hit)) place--;
  best.splice(place, 0, hit);
  if (best.length > k) best.pop();
}

// The versions that a search looks at closely: the best by words, the nearest by sketch, and the turns beside them. The pool
// does not depend on how many hits are asked for, so the first ten of twenty are the ten of ten.
//
// Words are scored as in src/domain/lexical/bm25.ts, over the population of the search. The name of a speaker is no word
// like others: who is addressed is named by the other one ("Thanks, Caroline!"), so a name that somebody in the population
// speaks under counts little as a word, and lifts what that person says instead.

import { turnsBeside } from "../index/conversations.ts";
import { differingBits, SKETCH_WORDS } from "../index/sketch.ts";
import { type Traces, slotAt } from "../index/traces.ts";
import type { Versions } from "../index/versions.ts";
import type { Moment } from "../moments.ts";
import type { Population } from "./population.ts";
import type { Question } from "./question.ts";

export interface Candidate {
  readonly slot: number;
  /** BM25 of the words, 0 to 1, where 1 is the best of the population. */
  readonly lexical: number;
  /** Whether the query names its speaker. */
  readonly isNamed: boolean;
  /** Slots of the turns beside it that are in the population, the nearest first. */
  readonly before: readonly number[];
  readonly after: readonly number[];
}

export interface QueryVector {
  readonly vector: Float32Array;
  readonly sketch: Uint32Array;
  readonly model: number;
}

const K1 = 1.2;
const B = 0.75;
const NAME_AS_WORD = 0.05;
const BY_WORDS_MAX = 128;
const BY_SKETCH_MAX = 192;
/** So few are compared by their vectors all of them. */
const COMPARED_ALL_MAX = 1024;
/** Candidates whose neighbours are looked at too. */
const WITH_NEIGHBOURS_MAX = 48;
/** Of the turns beside one; see `Candidate`. */
const BEFORE = 2;
const AFTER = 1;

export function candidatesOf(
  { versions, traces }: { readonly versions: Versions; readonly traces: Traces },
  question: Question,
  query: QueryVector | undefined,
  population: Population,
  moment: Moment,
): Candidate[] {
  const named = namedIn(versions, question, population);
  if (scratch.length < versions.size) scratch = new Float64Array(versions.size * 2);
  const scores = scratch;
  const touched = scoreWords(versions, question, named.words, population, scores);
  const best = bestOf(touched, scores, BY_WORDS_MAX);
  const pool = new Set<number>(best);
  const near = query === undefined ? [] : nearestBySketch(versions, query, population);
  for (const slot of near) pool.add(slot);
  const isThere = (trace: number): boolean => {
    const [first] = traces.all[trace]?.slots ?? [];
    return first !== undefined && (versions.from[first] as Moment) <= moment;
  };
  const slotOf = (trace: number): number => {
    const state = traces.all[trace];
    const slot = state === undefined ? undefined : slotAt(state, versions, moment);
    return slot !== undefined && population.isIn[slot] === 1 ? slot : NO_SLOT;
  };
  const beside = (
    slot: number,
  ): { readonly before: readonly number[]; readonly after: readonly number[] } => {
    const { turn } = traces.ofSlot(slot);
    if (turn === undefined) return NOTHING_BESIDE;
    const found = turnsBeside(turn, BEFORE, AFTER, isThere);
    return { before: found.before.map(slotOf), after: found.after.map(slotOf) };
  };
  // What says the answer often stands before or after what has the words of the question.
  for (const slot of [...best.slice(0, WITH_NEIGHBOURS_MAX), ...near.slice(0, WITH_NEIGHBOURS_MAX)]) {
    const { turn } = traces.ofSlot(slot);
    if (turn === undefined) continue;
    const found = turnsBeside(turn, AFTER, BEFORE, isThere);
    for (const trace of [...found.before, ...found.after]) {
      const there = slotOf(trace);
      if (there !== NO_SLOT) pool.add(there);
    }
  }
  const highest = best.length === 0 ? 1 : (scores[best[0] as number] as number);
  const candidates = [...pool].map((slot) => {
    const { before, after } = beside(slot);
    const lexical = (scores[slot] as number) / highest;
    return { slot, lexical, isNamed: named.isSaidSo[slot] === 1, before, after };
  });
  for (const slot of touched) scores[slot] = 0;
  return candidates;
}

/** Scores of one search by slot; all 0 between two. */
let scratch = new Float64Array(0);

const NO_SLOT = -1;
const NOTHING_BESIDE = { before: [], after: [] };

/** Words of the query that somebody in the population speaks under, and what is said so. */
function namedIn(
  versions: Versions,
  { words }: Question,
  { isIn }: Population,
): { readonly words: ReadonlySet<number>; readonly isSaidSo: Uint8Array } {
  const names = new Set<number>();
  const isSaidSo = new Uint8Array(versions.size);
  for (const word of words.keys()) {
    const postings = versions.speakers.get(word);
    if (postings === undefined) continue;
    const { pairs, used } = postings;
    for (let i = 1; i < used; i += 2) {
      const slot = pairs[i] as number;
      if (isIn[slot] !== 1) continue;
      names.add(word);
      isSaidSo[slot] = 1;
    }
  }
  return { words: names, isSaidSo };
}

/** Fills in the scores, and gives the slots that have one. */
function scoreWords(
  versions: Versions,
  { words }: Question,
  names: ReadonlySet<number>,
  { isIn, slots, meanWords }: Population,
  scores: Float64Array,
): number[] {
  const touched: number[] = [];
  const isWhole = slots.length === versions.size;
  for (const [word, times] of words) {
    const postings = versions.postings.get(word);
    if (postings === undefined) continue;
    const { pairs, used } = postings;
    let holding = used / 2;
    if (!isWhole) {
      holding = 0;
      for (let i = 1; i < used; i += 2) holding += isIn[pairs[i] as number] as number;
    }
    const idf = Math.log(1 + (slots.length - holding + 0.5) / (holding + 0.5));
    const weight = times * idf * (names.has(word) ? NAME_AS_WORD : 1) * (K1 + 1);
    for (let i = 0; i < used; i += 2) {
      const slot = pairs[i + 1] as number;
      if (isIn[slot] !== 1) continue;
      const count = pairs[i] as number;
      const length = (versions.words[slot] as number) / meanWords;
      const before = scores[slot] as number;
      if (before === 0) touched.push(slot);
      scores[slot] = before + (weight * count) / (count + K1 * (1 - B + B * length));
    }
  }
  return touched;
}

/** The slots with the highest scores, best first, equal ones by slot. */
function bestOf(touched: readonly number[], scores: Float64Array, many: number): number[] {
  const isBefore = (a: number, b: number): boolean => {
    const difference = (scores[a] as number) - (scores[b] as number);
    return difference > 0 || (difference === 0 && a < b);
  };
  const best: number[] = [];
  for (const slot of touched) {
    const last = best[many - 1];
    if (last !== undefined && !isBefore(slot, last)) continue;
    let low = 0;
    let high = best.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(best[middle] as number, slot)) low = middle + 1;
      else high = middle;
    }
    best.splice(low, 0, slot);
    if (best.length > many) best.pop();
  }
  return best;
}

/** All of a small population, else those whose sketches differ least; equal ones by slot. */
function nearestBySketch(
  { models, sketches }: Versions,
  { sketch, model }: QueryVector,
  { slots }: Population,
): number[] {
  const bitsOf = new Uint16Array(slots.length).fill(NOT_COMPARED);
  const counts = new Uint32Array(SKETCH_WORDS * 32 + 1);
  for (let i = 0; i < slots.length; i += 1) {
    const slot = slots[i] as number;
    if (models[slot] !== model) continue;
    const bits = differingBits(sketch, sketches, slot * SKETCH_WORDS);
    bitsOf[i] = bits;
    counts[bits] = (counts[bits] as number) + 1;
  }
  const many = slots.length <= COMPARED_ALL_MAX ? COMPARED_ALL_MAX : BY_SKETCH_MAX;
  let bitsMax = 0;
  for (let found = 0; bitsMax < counts.length; bitsMax += 1) {
    found += counts[bitsMax] as number;
    if (found >= many) break;
  }
  // Slots are ascending: of as many bits they stay so.
  const byBits: number[][] = Array.from({ length: bitsMax + 1 }, () => []);
  for (let i = 0; i < slots.length; i += 1) byBits[bitsOf[i] as number]?.push(slots[i] as number);
  return byBits.flat().slice(0, many);
}

const NOT_COMPARED = 0xffff;

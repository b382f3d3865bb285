// The built-in embedder: no download, no network, no state. A text becomes signed, hashed features: its words, pairs
// of neighbouring words, their character n-grams (so that a misspelt or derived word is still near), and the
// concepts its words mean. Each is weighted by how much its word says, repeated words count by the square root of
// how often, and the sum is brought to unit length.
//
// The same text gives the same bits on every machine and in every release: all arithmetic is +, *, / and sqrt, which IEEE 754
// rounds in one way, in a fixed order. Any change of this file or of fold.ts, misspelt.ts, word-weights.ts and
// concepts.ts that changes a vector is a new model and takes a new name; the tests pin the vectors.

import { setImmediate } from "node:timers/promises";
import { Fault } from "#rpc/fault";
import { conceptsOf, corrected, longestFrom, stateOf } from "./concepts.ts";
import type { EmbedModel } from "./embed-model.ts";
import { foldedWords, type FoldedWord } from "./fold.ts";
import { isListed, weightOf } from "./word-weights.ts";

export interface HashedSetup {
  /** Numbers in a vector, 64 to 4,096; 768 when left out. */
  readonly dimension?: number;
}

// What each kind of feature weighs beside a word of weight 1, chosen by trial on orders and titles.
const PAIR_WEIGHT = 0.3;
const GRAMS_WEIGHT = 0.6;
const CONCEPT_WEIGHT = 2.5;
const STATE_WEIGHT = 1.3;

/** Each feature but an n-gram falls into this many places, so that one collision never decides. */
const PLACES = 4;

const GRAM_MIN = 3;
const GRAM_MAX = 5;

/** Letters of a word beyond these give no n-grams: no word is longer, and a wild run of letters must not cost more. */
const GRAM_WORD_MAX = 32;

/** Only the beginning of a longer text is embedded: a vector of ten thousand words no longer distinguishes texts. */
const TEXT_LENGTH_MAX = 65_536;

/** Yields to the event loop after this many characters: about 5 ms of embedding. */
const TURN_LENGTH = 40_000;

export function hashedModel(setup: HashedSetup = {}): EmbedModel {
  const { dimension = 768 } = setup;
  if (!Number.isInteger(dimension) || dimension < 64 || dimension > 4096) {
    throw new Fault("invalid", "The hashed embedder takes a whole number of dimensions between 64 and 4096.");
  }
  const embed = async (texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[]> => {
    const vectors: Float32Array[] = [];
    let read = 0;
    for (const text of texts) {
      if (signal?.aborted === true) throw new Fault("cancelled", "The call was cancelled by its caller.");
      vectors.push(embedOne(text.slice(0, TEXT_LENGTH_MAX), dimension));
      read += Math.min(text.length, TEXT_LENGTH_MAX);
      if (read < TURN_LENGTH) continue;
      read = 0;
      await setImmediate();
    }
    return vectors;
  };
  return { name: "hashed-v1", provider: "hashed", remote: false, dimension, embed };
}

function embedOne(text: string, dimension: number): Float32Array {
  const sum = new Float64Array(dimension);
  const words = foldedWords(text).map((word) =>
    isListed(word.stem) ? word : { stem: corrected(word.stem), capitals: word.capitals },
  );
  const weights = words.map(({ stem }) => weightOf(stem));
  addWords(sum, words, weights);
  addPairs(sum, words, weights);
  addConcepts(sum, words);
  return unit(sum);
}

function addWords(sum: Float64Array, words: readonly FoldedWord[], weights: readonly number[]): void {
  const times = new Map<string, number>();
  for (const { stem } of words) times.set(stem, (times.get(stem) ?? 0) + 1);
  for (const [i, { stem }] of words.entries()) {
    const count = times.get(stem);
    if (count === undefined) continue;
    times.delete(stem);
    const weight = (weights[i] as number) * Math.sqrt(count);
    addFeature(sum, hashOf(stem, 1), weight);
    addGrams(sum, stem, GRAMS_WEIGHT * weight);
  }
}

/** Neighbours once function words are left out: "operator of a forklift" and "forklift in" make no pair. */
function addPairs(sum: Float64Array, words: readonly FoldedWord[], weights: readonly number[]): void {
  let before = -1;
  for (const [i, { stem }] of words.entries()) {
    if ((weights[i] as number) < 0.1) continue;
    const left = words[before];
    if (left !== undefined) {
      const weight = PAIR_WEIGHT * Math.sqrt((weights[before] as number) * (weights[i] as number));
      addFeature(sum, hashOf(stem, hashOf(left.stem, 2)), weight);
    }
    before = i;
  }
}

/**
 * The concepts of the longest phrases, read from left to right. A phrase that means several has their weight shared,
 * so that a word of one meaning says as much as a word of three.
 */
function addConcepts(sum: Float64Array, words: readonly FoldedWord[]): void {
  const found = new Map<string, number>();
  for (let i = 0; i < words.length;) {
    const { length, concepts } = longestPhrase(words, i);
    for (const concept of concepts) found.set(concept, (found.get(concept) ?? 0) + 1 / concepts.length);
    i += length;
  }
  for (const [concept, share] of found) {
    addFeature(
      sum,
      hashOf(concept, 3),
      (concept.startsWith("state ") ? STATE_WEIGHT : CONCEPT_WEIGHT) * Math.sqrt(share),
    );
  }
}

function longestPhrase(
  words: readonly FoldedWord[],
  start: number,
): { length: number; concepts: readonly string[] } {
  const { stem, capitals } = words[start] as FoldedWord;
  for (let length = Math.min(longestFrom(stem), words.length - start); length >= 1; length--) {
    let phrase = stem;
    for (let i = 1; i < length; i++) phrase += ` ${(words[start + i] as FoldedWord).stem}`;
    const concepts = conceptsOf(phrase);
    if (concepts.length > 0) return { length, concepts };
  }
  const state = stem.length === 2 ? stateOf(stem, capitals) : undefined;
  return { length: 1, concepts: state === undefined ? [] : [state] };
}

/** All n-grams of the word with its boundaries; together they have the given weight, whatever the word's length. */
function addGrams(sum: Float64Array, word: string, weight: number): void {
  const bounded = `<${word.slice(0, GRAM_WORD_MAX)}>`;
  const { length } = bounded;
  let grams = 0;
  for (let size = GRAM_MIN; size <= GRAM_MAX && size <= length; size++) grams += length - size + 1;
  if (grams === 0) return;
  const each = weight / Math.sqrt(grams);
  for (let start = 0; start + GRAM_MIN <= length; start++) {
    let hash = 0x811c9dc5;
    for (let end = start; end < start + GRAM_MAX && end < length; end++) {
      hash = Math.imul(hash ^ bounded.charCodeAt(end), 0x01000193);
      if (end - start + 1 >= GRAM_MIN) addAt(sum, mixed(hash), each);
    }
  }
}

function addFeature(sum: Float64Array, hash: number, weight: number): void {
  const each = weight / Math.sqrt(PLACES);
  let place = hash;
  for (let i = 0; i < PLACES; i++) {
    place = mixed((place + 0x9e3779b9) | 0);
    addAt(sum, place, each);
  }
}

/** The upper bits of the hash choose the place, the lowest bit the sign. */
function addAt(sum: Float64Array, hash: number, weight: number): void {
  const place = Math.floor(((hash >>> 1) * sum.length) / 0x8000_0000);
  sum[place] = (sum[place] as number) + ((hash & 1) === 0 ? weight : -weight);
}

/** FNV-1a over the UTF-16 code units, from a seed that keeps kinds of features apart, mixed at the end. */
function hashOf(text: string, seed: number): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mixed(hash);
}

/** The finaliser of MurmurHash3 (Appleby): every bit of the input reaches every bit of the result. */
function mixed(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** A text without a word, or one whose features cancel out, is the vector of one feature of its own. */
function unit(sum: Float64Array): Float32Array {
  let square = 0;
  for (let i = 0; i < sum.length; i++) square += (sum[i] as number) * (sum[i] as number);
  if (square < 1e-12) {
    sum.fill(0);
    addFeature(sum, hashOf("no words", 4), 1);
    return unit(sum);
  }
  const norm = Math.sqrt(square);
  const vector = new Float32Array(sum.length);
  for (let i = 0; i < vector.length; i++) vector[i] = (sum[i] as number) / norm;
  return vector;
}

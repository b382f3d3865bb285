// The titles that a corpus's own rows have, each with its vector and with what the taxonomy makes of it. They are
// what a question's role is compared with: a title that people of the corpus really have says more about them than
// any list, and words that no taxonomy knows still have neighbours among them.

import { assert } from "#lib/assert";
import { bm25 } from "#domain/lexical/bm25";
import { type Facts, NONE } from "./row-facts.ts";
import type { Title } from "../query/title.ts";
import { titleKeys } from "#domain/orders/text/words";

export interface TitleTable {
  readonly all: readonly Title[];
  /** Unit vectors, one after the other. */
  readonly vectors: Float32Array;
}

/** Titles with more rows than one each are in the first thousands; comparing a question with these takes 3 ms. */
export const TITLES_MAX = 4096;

/** How far the cosine decides how near two titles are; the rest is left to the words they share. */
const COSINE_SHARE = 0.7;

/** Words without plurals, marks and joining words: "Housekeepers" and "HOUSEKEEPER" are one title. */
export function titleKey(text: string): string {
  return titleKeys(text).join(" ");
}

/** The occupations of a title's rows and how much of the title each has: pairs of a number and 0 to 1. */
export type Occupations = readonly (readonly [soc: number, share: number])[];

export interface OwnTitles {
  readonly all: readonly Title[];
  occupationsOf(title: number): Occupations;
  /** The title that is written like the text, NONE when there is none. */
  exact(text: string): number;
  /** How near each title is to a text, 0 to 1. */
  similarities(text: string, vector: Float32Array): Float32Array;
}

/** `coded`: occupations come from a column of codes and not from the titles' own reading. */
export function ownTitles({ all, vectors }: TitleTable, facts: Facts, coded: boolean): OwnTitles {
  const dimension = all.length === 0 ? 0 : vectors.length / all.length;
  const numbers = new Map(all.map(({ text }, title) => [titleKey(text), title]));
  const occupations = occupationsByTitle(all, facts, coded);
  const words = bm25();
  for (const [title, { text }] of all.entries()) words.put(title, text);
  return {
    all,
    occupationsOf: (title) => occupations[title] ?? [],
    exact: (text) => numbers.get(titleKey(text)) ?? NONE,
    similarities: (text, vector) => {
      assert(vector.length === dimension, "a question has the width of the titles");
      const near = new Float32Array(all.length);
      for (let title = 0; title < all.length; title++) {
        let cosine = 0;
        const from = title * dimension;
        for (let i = 0; i < dimension; i++) cosine += (vectors[from + i] as number) * (vector[i] as number);
        near[title] = COSINE_SHARE * Math.max(0, cosine);
      }
      const found = words.search(text, SHARING_MAX);
      const best = found[0]?.score ?? 1;
      for (const { row, score } of found)
        near[row] = (near[row] as number) + ((1 - COSINE_SHARE) * score) / best;
      return near;
    },
  };
}

/** Titles that share a word with a question and count by it; the best of them. */
const SHARING_MAX = 200;

function occupationsByTitle(all: readonly Title[], { title, soc }: Facts, coded: boolean): Occupations[] {
  const counts = all.map(() => new Map<number, number>());
  for (let row = 0; row < title.length; row++) {
    const own = counts[title[row] as number];
    const number = soc[row] as number;
    if (own !== undefined && number !== NONE) own.set(number, (own.get(number) ?? 0) + 1);
  }
  return counts.map((own, at) => {
    const rows = [...own.values()].reduce((sum, count) => sum + count, 0);
    const { soc: read, confidence } = all[at] as Title;
    const sureness = coded || read === null ? 1 : confidence;
    return [...own].map(([number, count]) => [number, (sureness * count) / rows] as const);
  });
}

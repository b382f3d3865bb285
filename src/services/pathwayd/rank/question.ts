// A query as a search needs it: hashes of its words, as the index has them, and what kind of answer it wants.

import { termsOf } from "#domain/lexical/terms";
import { hashOf } from "../index/derived.ts";

export interface Question {
  readonly text: string;
  /** Hash of each word, and how often the query has it. */
  readonly words: ReadonlyMap<number, number>;
  /** By hash, the word as it was typed first. */
  readonly typed: ReadonlyMap<number, string>;
  readonly asksWhen: boolean;
}

/** A query with more distinct words is a document; the first ones are searched for. */
const WORDS_MAX = 128;
/** Words that make a question and say nothing of what it is about. */
const QUESTION_WORDS: ReadonlySet<number> = new Set(
  "what when where which who whom whose why how did do does done would could should much many about s"
    .split(" ")
    .flatMap((word) => termsOf(word).map(hashOf)),
);
const WORD = /[\p{L}\p{N}\p{M}]+/gu;
const ASKS_WHEN =
  /^\s*(?:since |until |by )?(?:when|how long|what (?:day|date|month|year|time)|which (?:day|date|month|year))\b/i;

/**
 * What of a query is embedded: all but the names of speakers, which turns that only address somebody would be near to. All
 * of it where nothing else is left.
 */
export function meaningOf(text: string, isSpeaker: (word: number) => boolean): string {
  const normal = text.normalize("NFC");
  const left = normal.replaceAll(WORD, (word) => {
    const [term] = termsOf(word);
    return term !== undefined && isSpeaker(hashOf(term)) ? "" : word;
  });
  return /[\p{L}\p{N}]/u.test(left) ? left : text;
}

export function readQuestion(text: string): Question {
  const words = new Map<number, number>();
  const all = termsOf(text).map(hashOf);
  const telling = all.filter((hash) => !QUESTION_WORDS.has(hash));
  // A query of nothing else means these words.
  for (const hash of telling.length === 0 ? all : telling) {
    if (words.has(hash) || words.size < WORDS_MAX) words.set(hash, (words.get(hash) ?? 0) + 1);
  }
  const typed = new Map<number, string>();
  for (const [word] of text.normalize("NFC").matchAll(WORD)) {
    const [term] = termsOf(word);
    const hash = term === undefined ? undefined : hashOf(term);
    if (hash !== undefined && words.has(hash) && !typed.has(hash)) typed.set(hash, word);
  }
  return { text, words, typed, asksWhen: ASKS_WHEN.test(text) };
}

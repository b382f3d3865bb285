// Tables whose entries are phrases of several words, found anywhere in a text by their words joined without blanks:
// "fork-lift", "fork lift" and "forklift" are one. A phrase may stand for several things; all are kept, in order.

import type { Token } from "../text/tokens.ts";
import { isJoining, titleKeys } from "../text/words.ts";

export interface Phrases<Value> {
  add(phrase: string, value: Value): void;
  addKeys(keys: readonly string[], value: Value): void;
  get(joined: string): readonly Value[] | undefined;
  /** Whether some phrase begins like this. */
  begins(joined: string): boolean;
}

/** No entry has more words; it bounds the work for each word of a text. */
const PHRASE_WORDS_MAX = 9;
/** With the marks and joining words between them. */
const PHRASE_TOKENS_MAX = 2 * PHRASE_WORDS_MAX;

export function phrasesOf<Value>(): Phrases<Value> {
  const values = new Map<string, Value[]>();
  /** Of every beginning of up to HEAD_CHARS letters: the phrases that begin like it, where it has as many letters. */
  const heads = new Map<string, string[]>();
  const addKeys = (keys: readonly string[], value: Value): void => {
    if (keys.length === 0 || keys.length > PHRASE_WORDS_MAX) return;
    const joined = keys.join("");
    const own = values.get(joined);
    if (own !== undefined) {
      if (!own.includes(value)) own.push(value);
      return;
    }
    values.set(joined, [value]);
    for (let length = 1; length < HEAD_CHARS; length++) heads.set(joined.slice(0, length), NO_PHRASES);
    const head = joined.slice(0, HEAD_CHARS);
    const alike = heads.get(head);
    if (alike === undefined || alike === NO_PHRASES) heads.set(head, [joined]);
    else alike.push(joined);
  };
  return {
    add: (phrase, value) => addKeys(titleKeys(phrase), value),
    addKeys,
    get: (joined) => values.get(joined),
    begins: (joined) => {
      const alike = heads.get(joined.slice(0, HEAD_CHARS));
      if (alike === undefined || joined.length <= HEAD_CHARS) return alike !== undefined;
      return alike.some((phrase) => phrase.startsWith(joined));
    },
  };
}

/** Phrases are looked up by their first letters, which rule out most words and leave a dozen phrases to compare. */
const HEAD_CHARS = 5;
const NO_PHRASES: string[] = [];

/** Where a text stands, or would stand, among sorted ones. */
export function lowerBound(sorted: readonly string[], text: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as string) < text) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Marks that glue the words of a phrase together; any other ends it. */
const GLUE: ReadonlySet<string> = new Set(["-", "/", "&", "'", "’", ".", "+"]);

export interface PhraseStep {
  /** The word's key as it joins the phrase; "" for what is passed over. */
  readonly key: string;
  readonly at: number;
  /** Commas that were passed over to get here. */
  readonly commas: number;
}

/**
 * The tokens that a phrase starting at `from` may run over: words and numbers, across marks that glue and words that
 * join, and across as many commas as are allowed. Whoever walks over them stops where no phrase goes on.
 */
export function* phraseSteps(tokens: readonly Token[], from: number, commasMax = 0): Generator<PhraseStep> {
  let words = 0;
  let commas = 0;
  const end = Math.min(tokens.length, from + PHRASE_TOKENS_MAX);
  for (let at = from; at < end && words <= PHRASE_WORDS_MAX; at++) {
    const token = tokens[at] as Token;
    if (token.kind === "mark") {
      const next = tokens[at + 1];
      const previous = tokens.slice(from, at).findLast(({ kind }) => kind !== "mark");
      // "helpers--carpenters" and "helper - roofers", as lists of occupations write it.
      if (token.word === "-" && next?.word === "-" && TURNED_HEADS.has(previous?.key ?? "")) continue;
      if (token.word === "," && at > from && next?.kind === "word" && commas < commasMax) {
        commas++;
        continue;
      }
      if (at === from || !GLUE.has(token.word) || next === undefined || next.kind === "mark") break;
      // A dash or a full stop with a blank around it ends a phrase; "c.n.a." and "fork-lift" do not.
      if (token.word === "-" && !(token.glued && next.glued) && !TURNED_HEADS.has(previous?.key ?? "")) break;
      if (token.word === "." && !((previous?.word.length ?? 0) <= 4 && token.glued)) break;
      continue;
    }
    if (at > from && isJoining(token.word) && tokens[at + 1]?.kind === "word") continue;
    words++;
    yield { key: token.key, at, commas };
  }
}

/** Words that lists put before what they belong to. */
const TURNED_HEADS: ReadonlySet<string> = new Set(["helper", "apprentice", "assistant", "laborer"]);

/** The longest phrase that starts at a token. */
export function longestPhrase<Value>(
  phrases: Phrases<Value>,
  tokens: readonly Token[],
  from: number,
): { values: readonly Value[]; joined: string; to: number; words: number } | undefined {
  let joined = "";
  let words = 0;
  let found: { values: readonly Value[]; joined: string; to: number; words: number } | undefined;
  for (const { key, at } of phraseSteps(tokens, from)) {
    joined += key;
    words++;
    if (!phrases.begins(joined)) break;
    const values = phrases.get(joined);
    if (values !== undefined) found = { values, joined, to: at + 1, words };
  }
  return found;
}

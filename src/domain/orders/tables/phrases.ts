// Tables whose entries are phrases of several words, found anywhere in a text by their words joined without blanks:
// "fork-lift", "fork lift" and "forklift" are one. A phrase may stand for several things; all are kept, in order.

import type { Token } from "../text/tokens.ts";
import { isJoining, titleKeys } from "../text/words.ts";

export interface Phrases<Value> {
  add(phrase: string, value: Value): void;
  addKeys(keys: readonly string[], value: Value): void;
  get(joined: string): readonly Value[] | undefined;
  /** The most words that a phrase has. */
  readonly wordsMax: () => number;
}

/** No entry has more words; it bounds the work for each word of a text. */
const PHRASE_WORDS_MAX = 9;

export function phrasesOf<Value>(): Phrases<Value> {
  const values = new Map<string, Value[]>();
  let wordsMax = 1;
  const addKeys = (keys: readonly string[], value: Value): void => {
    if (keys.length === 0 || keys.length > PHRASE_WORDS_MAX) return;
    const joined = keys.join("");
    const own = values.get(joined);
    if (own === undefined) values.set(joined, [value]);
    else if (!own.includes(value)) own.push(value);
    wordsMax = Math.max(wordsMax, keys.length);
  };
  return {
    add: (phrase, value) => addKeys(titleKeys(phrase), value),
    addKeys,
    get: (joined) => values.get(joined),
    wordsMax: () => wordsMax,
  };
}

/** Marks that glue the words of a phrase together; any other ends it. */
const GLUE: ReadonlySet<string> = new Set(["-", "/", "&", "'", "’", ".", "+"]);

export interface PhraseStep {
  /** The word's key as it joins the phrase; "" for what is passed over. */
  readonly key: string;
  readonly at: number;
}

/**
 * The tokens that a phrase starting at `from` may run over: words and numbers, across marks that glue and words that
 * join, at most `most` of them.
 */
export function phraseSteps(tokens: readonly Token[], from: number, most: number): PhraseStep[] {
  const steps: PhraseStep[] = [];
  let words = 0;
  for (let at = from; at < tokens.length && words < most; at++) {
    const token = tokens[at] as Token;
    if (token.kind === "mark") {
      const next = tokens[at + 1];
      const previous = tokens[at - 1];
      if (at === from || !GLUE.has(token.word) || next === undefined || next.kind === "mark") break;
      // A dash or a full stop with a blank around it ends a phrase; "c.n.a." and "fork-lift" do not.
      if (token.word === "-" && !(token.glued && next.glued)) break;
      if (token.word === "." && !((previous?.word.length ?? 0) <= 4 && token.glued)) break;
      continue;
    }
    if (at > from && isJoining(token.word) && tokens[at + 1]?.kind === "word") continue;
    steps.push({ key: token.key, at });
    words++;
  }
  return steps;
}

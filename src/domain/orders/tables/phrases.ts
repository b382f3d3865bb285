// Tables whose entries are phrases of several words, found anywhere in a text by their words joined without blanks:
// "fork-lift", "fork lift" and "forklift" are one. A phrase may stand for several things; all are kept, in order.

import type { Token } from "../text/tokens.ts";
import { isJoining, titleKeys } from "../text/words.ts";
import { LetterTree, NOWHERE, ROOT } from "./letter-tree.ts";

export interface Phrases<Value> {
  add(phrase: string, value: Value): void;
  addKeys(keys: readonly string[], value: Value): void;
  get(joined: string): readonly Value[] | undefined;
  /** How far a phrase is read, behind another word of it: from `NO_WORDS` on; `NO_PHRASE` when none goes on so. */
  step(from: Beginning, key: string): Beginning;
  /** What a beginning stands for that is a whole phrase. */
  at(beginning: Beginning): readonly Value[] | undefined;
}

/** The beginning of some phrase, as the table knows it. */
export type Beginning = number;
export const NO_WORDS: Beginning = ROOT;
export const NO_PHRASE: Beginning = NOWHERE;

/** No entry has more words; it bounds the work for each word of a text. */
const PHRASE_WORDS_MAX = 9;
/** With the marks and joining words between them. */
const PHRASE_TOKENS_MAX = 2 * PHRASE_WORDS_MAX;

export function phrasesOf<Value>(): Phrases<Value> {
  const values = new Map<string, Value[]>();
  const tree = new LetterTree();
  /** What the nodes stand for that end a phrase. */
  const ends = new Map<Beginning, Value[]>();
  /** Phrases that are not in the tree yet, by their first letters: a first order needs few of thousands. */
  const waiting = new Map<string, Map<string, string[]>>();
  const addKeys = (keys: readonly string[], value: Value): void => {
    if (keys.length === 0 || keys.length > PHRASE_WORDS_MAX) return;
    const joined = keys.join("");
    const own = values.get(joined);
    if (own !== undefined) {
      if (!own.includes(value)) own.push(value);
      return;
    }
    values.set(joined, [value]);
    const [first, second] = [joined.charAt(0), joined.charAt(1)];
    const alike = waiting.get(first) ?? new Map<string, string[]>();
    waiting.set(first, alike);
    const phrases = alike.get(second);
    if (phrases === undefined) alike.set(second, [joined]);
    else phrases.push(joined);
  };
  /** Puts the phrases into the tree that may begin with a word. */
  const layOut = (key: string): void => {
    const alike = waiting.get(key.charAt(0));
    if (alike === undefined) return;
    for (const second of key.length > 1 ? [key.charAt(1), ""] : [...alike.keys()]) {
      for (const joined of alike.get(second) ?? []) ends.set(tree.add(joined), values.get(joined) ?? []);
      alike.delete(second);
    }
    if (alike.size === 0) waiting.delete(key.charAt(0));
  };
  return {
    add: (phrase, value) => addKeys(titleKeys(phrase), value),
    addKeys,
    get: (joined) => values.get(joined),
    step: (from, key) => {
      if (from === NO_WORDS) {
        if (key === "") return NO_PHRASE;
        layOut(key);
      }
      return tree.walk(from, key);
    },
    at: (beginning) => ends.get(beginning),
  };
}

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

/** How phrases may run over the words and numbers of a text; the same for every table and every beginning. */
export interface PhraseLinks {
  /** The token that may come next in a phrase: across marks that glue and words that join. 0 where phrases end. */
  readonly next: Uint16Array;
  /** Whether a comma stands before that one. */
  readonly comma: Uint8Array;
}

export function phraseLinks(tokens: readonly Token[]): PhraseLinks {
  const next = new Uint16Array(tokens.length);
  const comma = new Uint8Array(tokens.length);
  for (let at = 0; at < tokens.length; at++) {
    if ((tokens[at] as Token).kind === "mark") continue;
    let last = at;
    for (let to = at + 1; to < tokens.length; to++) {
      const token = tokens[to] as Token;
      const behind = tokens[to + 1];
      if (token.kind !== "mark") {
        if (!isJoining(token.word) || behind?.kind !== "word") {
          next[at] = to;
          break;
        }
        last = to;
      } else if (token.word === "," && behind?.kind === "word") comma[at] = 1;
      else if (!glues(token, tokens[last] as Token, behind)) break;
    }
  }
  return { next, comma };
}

/** Whether a phrase runs on over a mark between two tokens. */
function glues(mark: Token, before: Token, behind: Token | undefined): boolean {
  const turned = TURNED_HEADS.has(before.key);
  // "helpers--carpenters" and "helper - roofers", as lists of occupations write it.
  if (mark.word === "-" && behind?.word === "-" && turned) return true;
  if (!GLUE.has(mark.word) || behind === undefined || behind.kind === "mark") return false;
  // A dash or a full stop with a blank around it ends a phrase; "c.n.a." and "fork-lift" do not.
  if (mark.word === "-") return turned || (mark.glued && behind.glued);
  // "a plumber + helper" are two.
  if (mark.word === "+") return mark.glued && behind.glued;
  return mark.word !== "." || (mark.glued && before.word.length <= 4);
}

/**
 * The tokens that a phrase starting at `from` may run over. Whoever walks over them stops where no phrase goes on:
 * `for (let at = from; at >= 0; at = after(at))`.
 */
export function phraseWalk(
  { next, comma }: PhraseLinks,
  from: number,
  commasMax = 0,
): (at: number) => number {
  let words = 1;
  let commas = 0;
  return (at) => {
    const to = next[at] as number;
    commas += comma[at] as number;
    return to === 0 || commas > commasMax || to >= from + PHRASE_TOKENS_MAX || ++words > PHRASE_WORDS_MAX + 1
      ? -1
      : to;
  };
}

/** Words that lists put before what they belong to. */
const TURNED_HEADS: ReadonlySet<string> = new Set(["helper", "apprentice", "assistant", "laborer"]);

export interface FoundPhrase<Value> {
  readonly values: readonly Value[];
  readonly to: number;
  readonly words: number;
}

/** The longest phrase that starts at a token and ends at another one at the latest. */
export function longestPhrase<Value>(
  phrases: Phrases<Value>,
  tokens: readonly Token[],
  links: PhraseLinks,
  from: number,
  toMax = tokens.length,
): FoundPhrase<Value> | undefined {
  let found: FoundPhrase<Value> | undefined;
  let beginning = NO_WORDS;
  let words = 0;
  const after = phraseWalk(links, from);
  for (let at = from; at >= 0 && at < toMax; at = after(at)) {
    beginning = phrases.step(beginning, (tokens[at] as Token).key);
    if (beginning === NO_PHRASE) break;
    words++;
    const values = phrases.at(beginning);
    if (values !== undefined) found = { values, to: at + 1, words };
  }
  return found;
}

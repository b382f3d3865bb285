// The closed vocabulary of orders in English and Spanish: weekdays, months, numbers, units, words that announce, deny or
// hurry, and the words that say nothing. A word may have several meanings ("may", "second", "mar"); which one holds is
// decided by the reading as a whole, never here.

import { listOf, readTable } from "#lib/tsv";
import { nearWords } from "../text/spelling.ts";
import { folded, singular } from "../text/words.ts";
import table from "./words.tsv" with { type: "text" };

export interface Lexicon {
  /** What a word may mean: class and value, undefined for a word that is not in the vocabulary. */
  meaningsOf(word: string): ReadonlyMap<string, string> | undefined;
  has(word: string, kind: string): boolean;
  /** The word of the closed vocabulary that a word with a typing error is meant to be, "tommrow". */
  meant(word: string): string | undefined;
}

/** The vocabulary of the trade; made once, at the first order. */
export function orderLexicon(): Lexicon {
  lexicon ??= lexiconOf(table);
  return lexicon;
}

let lexicon: Lexicon | undefined;

/** In shorter words every error makes another word. */
const MISSPELT_LENGTH_MIN = 5;
/** Classes whose words say when, how pressing and what is wanted: an error in them must not hide that. */
const SPELT_CLASSES = [
  "lead",
  "weekday",
  "month",
  "ahead",
  "urgent",
  "shiftword",
  "shiftname",
  "daypart",
  "unneeded",
  "people",
  "weekend",
  "next",
  "closing",
  "hourword",
];

function lexiconOf(text: string): Lexicon {
  const meanings = new Map<string, Map<string, string>>();
  for (const { class: kind, value, words } of readTable(text, ["class", "value", "words"])) {
    for (const word of listOf(words)) {
      const key = folded(word);
      const own = meanings.get(key) ?? new Map<string, string>();
      if (!own.has(kind)) own.set(kind, value);
      meanings.set(key, own);
    }
  }
  const meaningsOf = (word: string): ReadonlyMap<string, string> | undefined => meanings.get(word);
  const spelt = [...meanings.keys()].filter(
    (word) =>
      word.length >= MISSPELT_LENGTH_MIN &&
      SPELT_CLASSES.some((kind) => meanings.get(word)?.has(kind) === true),
  );
  const index = nearWords(spelt);
  const meant = (word: string): string | undefined => {
    if (word.length < MISSPELT_LENGTH_MIN) return undefined;
    const [nearest] = index.within(word, 1);
    return nearest === undefined ? undefined : spelt[nearest.number];
  };
  return { meaningsOf, has: (word, kind) => meanings.get(word)?.has(kind) === true, meant };
}

/** Whether a word is in the vocabulary in any form. */
export function isVocabulary({ meaningsOf }: Lexicon, word: string): boolean {
  return meaningsOf(word) !== undefined || meaningsOf(singular(word)) !== undefined;
}

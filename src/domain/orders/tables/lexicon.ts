// The closed vocabulary of orders in English and Spanish: weekdays, months, numbers, units, words that announce, deny or
// hurry, and the words that say nothing. A word may have several meanings ("may", "second", "mar"); which one holds is
// decided by the reading as a whole, never here.

import { listOf, readTable } from "#lib/tsv";
import { folded, singular } from "../text/words.ts";
import table from "./words.tsv" with { type: "text" };

export interface Lexicon {
  /** What a word may mean: class and value, undefined for a word that is not in the vocabulary. */
  meaningsOf(word: string): ReadonlyMap<string, string> | undefined;
  has(word: string, kind: string): boolean;
}

/** The vocabulary of the trade; made once, at the first order. */
export function orderLexicon(): Lexicon {
  lexicon ??= lexiconOf(table);
  return lexicon;
}

let lexicon: Lexicon | undefined;

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
  return { meaningsOf, has: (word, kind) => meanings.get(word)?.has(kind) === true };
}

/** Whether a word is in the vocabulary in any form. */
export function isVocabulary({ meaningsOf }: Lexicon, word: string): boolean {
  return meaningsOf(word) !== undefined || meaningsOf(singular(word)) !== undefined;
}

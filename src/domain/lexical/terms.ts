// Text into the terms of the word index: runs of letters and digits, lower case, without function words, stemmed.
// A word in capitals inside a text that also has small letters keeps its capitals when it would otherwise be
// dropped: "Gary, IN" and "Bend, OR" are about Indiana and Oregon. The same text gives the same terms for ever;
// an index on disk relies on it.

import { stem } from "./stem.ts";

const FUNCTION_WORDS: ReadonlySet<string> = new Set(
  (
    "a an and are as at be been but by for from had has have he her his i if in into is it its me my no not of on or " +
    "our she so such that the their them then there these they this to us was we were will with would you your who can"
  ).split(" "),
);

/** Longer documents are cut here: what follows 20,000 words no longer says what a document is about. */
const TERMS_MAX = 20_000;

/** Nothing that a person types as one word is longer; the rest of a longer run is ignored. */
const TERM_LENGTH_MAX = 64;

const WORD = /[\p{L}\p{N}\p{M}]+/gu;
const SMALL_LETTER = /\p{Ll}/u;

/** The terms of a text in their order, with repetitions; at most 20,000. */
export function termsOf(text: string): string[] {
  const normal = text.normalize("NFC");
  const mixedCase = SMALL_LETTER.test(normal);
  const terms: string[] = [];
  for (const [run] of normal.matchAll(WORD)) {
    const word = run.length > TERM_LENGTH_MAX ? run.slice(0, TERM_LENGTH_MAX).toWellFormed() : run;
    const folded = word.toLowerCase();
    if (!FUNCTION_WORDS.has(folded)) terms.push(stem(folded));
    else if (mixedCase && word.length === 2 && word === word.toUpperCase()) terms.push(word);
    if (terms.length === TERMS_MAX) break;
  }
  return terms;
}

// Text into the words that the built-in embedder sees: folded in case and accents, without plurals and possessives.
// Frozen: these rules are part of the model's name, because the same text must always give the same vector.

export interface FoldedWord {
  /** Lower case, without accents, stemmed. */
  readonly stem: string;
  /** Two capitals in a text that has small letters too: perhaps a state's code. */
  readonly capitals: boolean;
}

const BEYOND_ASCII = /[^\0-\x7f]/;
const ACCENTS = /[\u0300-\u036f]/g;
const WORD = /[\p{L}\p{N}\p{M}]+/gu;
const SMALL_ASCII = /[a-z]/;

/**
 * The words of a text in order. Composed and decomposed forms of one text give the same words. Capitals are
 * folded both ways (ß as ss, final sigma as sigma), Latin, Greek and Cyrillic accents are dropped.
 */
export function foldedWords(text: string): FoldedWord[] {
  const mixedCase = SMALL_ASCII.test(text);
  const plain = BEYOND_ASCII.test(text) ? text.normalize("NFKD").replace(ACCENTS, "").normalize("NFC") : text;
  const words: FoldedWord[] = [];
  for (const [run] of plain.matchAll(WORD)) {
    const folded = BEYOND_ASCII.test(run) ? run.toUpperCase().toLowerCase() : run.toLowerCase();
    words.push({
      stem: lightStem(folded),
      capitals: mixedCase && run.length === 2 && run !== folded && run === run.toUpperCase(),
    });
  }
  return words;
}

/** Plural and then -ing off, nothing more: "housekeepers" and "housekeeping" lose their ends, "operator" stays apart from "operation". */
export function lightStem(word: string): string {
  const singular = withoutPlural(word);
  return singular.length > 6 && singular.endsWith("ing") ? singular.slice(0, -3) : singular;
}

function withoutPlural(word: string): string {
  const { length } = word;
  if (length <= 3 || !word.endsWith("s")) return word;
  if (length > 4 && word.endsWith("ies")) return `${word.slice(0, -3)}y`;
  if (length > 4 && /(?:ss|sh|ch|x|z)es$/.test(word)) return word.slice(0, -2);
  return /[sui]s$/.test(word) ? word : word.slice(0, -1);
}

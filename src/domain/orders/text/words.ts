// How words are compared: lower case, without accents and apostrophes, and in the singular. Titles, places and the closed
// vocabulary of the tables all go through here, so that a table and a text always meet in the same form.

/** "D'Alene" is "dalene", "Montacargas" "montacargas", "mañana" "manana". */
export function folded(text: string): string {
  const lower = text.toLowerCase();
  return ASCII_WORD.test(lower) ? lower : lower.normalize("NFKD").replaceAll(/[\p{M}'’.]/gu, "");
}

const ASCII_WORD = /^[a-z0-9 ]*$/;

/** The singular of an English noun as titles use it; a word that has none comes back unchanged. */
export function singular(word: string): string {
  const { length } = word;
  if (length > 4 && word.endsWith("men")) return `${word.slice(0, -2)}an`;
  // "carnie" and "carny" both have "carnies".
  if (length > 4 && word.endsWith("ie")) return `${word.slice(0, -2)}y`;
  if (length === 3) return SHORT_PLURAL.test(word) ? word.slice(0, -1) : word;
  if (length < 3 || !word.endsWith("s")) return word;
  // "Billings" is a city and no billing: what people do has no plural.
  if (length > 6 && word.endsWith("ings")) return word;
  if (length > 4 && word.endsWith("ies")) return `${word.slice(0, -3)}y`;
  if (word.endsWith("es") && HISSING.some((end) => word.endsWith(end, length - 2))) return word.slice(0, -2);
  return "sui".includes(word.charAt(length - 2)) ? word : word.slice(0, -1);
}

const SHORT_PLURAL = /^[^aeiou]{2}s$/;
/** What an ending of "es" stands behind. */
const HISSING = ["ss", "sh", "ch", "x", "z"];

/** Words between the words of a title that say nothing: "shipping and receiving" is "shipping receiving". */
const JOINING: ReadonlySet<string> = new Set([
  "and",
  "of",
  "the",
  "or",
  "s",
  "de",
  "del",
  "la",
  "el",
  "y",
  "en",
]);

export function isJoining(word: string): boolean {
  return JOINING.has(word);
}

const WORD = /[\p{L}\p{M}\p{N}]+(?:['’]\p{L}+)*/gu;

/** Singulars by word, for a table whose thousands of titles have the same few words. */
export function singulars(): (word: string) => string {
  const known = new Map<string, string>();
  return (word) => {
    const before = known.get(word);
    if (before !== undefined) return before;
    const one = singular(word);
    known.set(word, one);
    return one;
  };
}

/** The words of a title as they are compared; joining words are left out where they join. */
export function titleKeys(title: string, singularOf = singular): string[] {
  const words = ASCII_WORD.test(title) ? title.split(" ") : (title.match(WORD) ?? []).map(folded);
  const keys: string[] = [];
  for (const word of words) {
    const key = singularOf(word);
    if (key !== "" && (keys.length === 0 || !JOINING.has(key))) keys.push(key);
  }
  return keys;
}

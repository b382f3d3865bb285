// The Porter stemmer: "operators" and "operating" become "oper", so that a question and an order meet in one term.
// Written from M. F. Porter, "An algorithm for suffix stripping", Program 14(3), 1980, with the two changes that
// its author made later (-bli for -abli, and -logi), as the search engines have it. Pure: the same word gives the
// same stem for ever, which the word indexes written to disk depend on.

type Rule = readonly [suffix: string, replacement: string];

const STEP_2: readonly Rule[] = [
  ["ational", "ate"],
  ["tional", "tion"],
  ["enci", "ence"],
  ["anci", "ance"],
  ["izer", "ize"],
  ["bli", "ble"],
  ["alli", "al"],
  ["entli", "ent"],
  ["eli", "e"],
  ["ousli", "ous"],
  ["ization", "ize"],
  ["ation", "ate"],
  ["ator", "ate"],
  ["alism", "al"],
  ["iveness", "ive"],
  ["fulness", "ful"],
  ["ousness", "ous"],
  ["aliti", "al"],
  ["iviti", "ive"],
  ["biliti", "ble"],
  ["logi", "log"],
];

const STEP_3: readonly Rule[] = [
  ["icate", "ic"],
  ["ative", ""],
  ["alize", "al"],
  ["iciti", "ic"],
  ["ical", "ic"],
  ["ful", ""],
  ["ness", ""],
];

// Longest first where one ends another: -ement before -ment before -ent.
const STEP_4: readonly string[] = [
  "al",
  "ance",
  "ence",
  "er",
  "ic",
  "able",
  "ible",
  "ant",
  "ement",
  "ment",
  "ent",
  "ion",
  "ou",
  "ism",
  "ate",
  "iti",
  "ous",
  "ive",
  "ize",
];

const ASCII_WORD = /^[a-z]+$/;

/** A longer run of letters is no English word; it is left as it is. */
const WORD_LENGTH_MAX = 64;

/** The stem of one lower-case word. Words of one or two letters and words with other than a-z come back unchanged. */
export function stem(word: string): string {
  if (word.length <= 2 || word.length > WORD_LENGTH_MAX || !ASCII_WORD.test(word)) return word;
  return tidyEnd(dropSuffix(mapSuffix(mapSuffix(yToI(pastAndGerund(plural(word))), STEP_2), STEP_3)));
}

/** Step 1a. */
function plural(word: string): string {
  if (!word.endsWith("s")) return word;
  if (word.endsWith("sses") || word.endsWith("ies")) return word.slice(0, -2);
  return word.endsWith("ss") ? word : word.slice(0, -1);
}

/** Step 1b. */
function pastAndGerund(word: string): string {
  if (word.endsWith("eed")) return measure(word, word.length - 3) > 0 ? word.slice(0, -1) : word;
  const cut = word.endsWith("ed") ? 2 : word.endsWith("ing") ? 3 : 0;
  if (cut === 0 || !hasVowel(word, word.length - cut)) return word;
  const base = word.slice(0, -cut);
  if (base.endsWith("at") || base.endsWith("bl") || base.endsWith("iz")) return `${base}e`;
  if (endsInDouble(base)) return /[lsz]$/.test(base) ? base : base.slice(0, -1);
  return measure(base, base.length) === 1 && endsInCvc(base, base.length) ? `${base}e` : base;
}

/** Step 1c. */
function yToI(word: string): string {
  return word.endsWith("y") && hasVowel(word, word.length - 1) ? `${word.slice(0, -1)}i` : word;
}

/** Steps 2 and 3: the first suffix that fits decides, whether or not its stem is long enough. */
function mapSuffix(word: string, rules: readonly Rule[]): string {
  for (const [suffix, replacement] of rules) {
    if (!word.endsWith(suffix)) continue;
    const length = word.length - suffix.length;
    return measure(word, length) > 0 ? word.slice(0, length) + replacement : word;
  }
  return word;
}

/** Step 4. */
function dropSuffix(word: string): string {
  for (const suffix of STEP_4) {
    if (!word.endsWith(suffix)) continue;
    const length = word.length - suffix.length;
    if (suffix === "ion" && !/[st]$/.test(word.slice(0, length))) return word;
    return measure(word, length) > 1 ? word.slice(0, length) : word;
  }
  return word;
}

/** Step 5. */
function tidyEnd(word: string): string {
  let kept = word;
  if (kept.endsWith("e")) {
    const length = kept.length - 1;
    const m = measure(kept, length);
    if (m > 1 || (m === 1 && !endsInCvc(kept, length))) kept = kept.slice(0, -1);
  }
  return kept.endsWith("ll") && measure(kept, kept.length - 1) > 1 ? kept.slice(0, -1) : kept;
}

function isVowelLetter(code: number): boolean {
  return code === 97 || code === 101 || code === 105 || code === 111 || code === 117;
}

/** A y is a consonant at the start and after a vowel, and a vowel after a consonant. */
function isConsonant(word: string, at: number): boolean {
  const code = word.charCodeAt(at);
  if (isVowelLetter(code)) return false;
  return code !== 121 || at === 0 || !isConsonant(word, at - 1);
}

/** m of the paper: how many times a run of vowels is followed by a run of consonants in the first `length` letters. */
function measure(word: string, length: number): number {
  let m = 0;
  let afterVowel = false;
  let consonant = false;
  for (let at = 0; at < length; at++) {
    const code = word.charCodeAt(at);
    consonant = !isVowelLetter(code) && (code !== 121 || at === 0 || !consonant);
    if (consonant && afterVowel) m++;
    afterVowel = !consonant;
  }
  return m;
}

function hasVowel(word: string, length: number): boolean {
  for (let at = 0; at < length; at++) if (!isConsonant(word, at)) return true;
  return false;
}

function endsInDouble(word: string): boolean {
  const last = word.length - 1;
  return last > 0 && word.charCodeAt(last) === word.charCodeAt(last - 1) && isConsonant(word, last);
}

/** *o of the paper: consonant, vowel, consonant that is not w, x or y. */
function endsInCvc(word: string, length: number): boolean {
  const last = length - 1;
  if (last < 2 || !isConsonant(word, last) || isConsonant(word, last - 1) || !isConsonant(word, last - 2))
    return false;
  const code = word.charCodeAt(last);
  return code !== 119 && code !== 120 && code !== 121;
}

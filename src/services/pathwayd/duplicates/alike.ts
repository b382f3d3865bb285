// How alike two texts are, and in what they differ. Likeness is Jaccard's of the single words and the pairs of neighbouring
// words (Broder 1997). Texts that are alike may still say different things: a name, a number, a "not" is all the difference
// between two facts, so those are compared for themselves.

export interface Shingles {
  /** The words in small letters, one space apart: equal for texts that differ in case, spaces and punctuation alone. */
  readonly normal: string;
  readonly set: ReadonlySet<string>;
  readonly facts: string;
  readonly identifiers: string;
}

const WORD = /[\p{L}\p{N}\p{M}\p{So}]+/gu;
const NEGATION = /^(?:no|not|never|none|nobody|nothing|without|cannot|\p{L}+nt)$/u;
const NAME = /^\p{Lu}/u;
const NUMBER = /\p{N}/u;
/** Numbers of this length name something; shorter ones count. */
const IDENTIFIER = /\p{N}{4,}|\p{L}\p{N}|\p{N}\p{L}/u;
/** "6am" is "6 am", and names nothing. */
const MEASURE = /(?<![\p{L}\p{N}])(\d{1,3})(am|pm|hrs?|mins?|lbs?|mi|ft|st|nd|rd|th|x)(?![\p{L}\p{N}])/giu;
/** What is compared of a text. */
const WORDS_MAX = 4_000;

export function shinglesOf(text: string): Shingles {
  const raw = text
    .normalize("NFKC")
    .replaceAll(/(?<=\p{L})['’](?=\p{L})/gu, "")
    .replaceAll(MEASURE, "$1 $2");
  const words = (raw.match(WORD) ?? []).slice(0, WORDS_MAX);
  const folded = words.map((word) => word.toLowerCase());
  const set = new Set(folded);
  for (let i = 1; i < folded.length; i += 1) set.add(`${folded[i - 1] ?? ""} ${folded[i] ?? ""}`);
  const isFact = (word: string, at: number): boolean =>
    NUMBER.test(word) || NEGATION.test(folded[at] ?? "") || (at > 0 && NAME.test(word));
  const sorted = (chosen: readonly string[]): string =>
    chosen
      .map((word) => word.toLowerCase())
      .sort()
      .join(" ");
  return {
    // Text without a letter is what it is.
    normal: words.length === 0 ? raw.trim() : folded.join(" "),
    set,
    facts: sorted(words.filter(isFact)),
    identifiers: sorted(words.filter((word) => IDENTIFIER.test(word))),
  };
}

/** 0 to 1. */
export function likeness(a: Shingles, b: Shingles): number {
  if (a.normal === b.normal) return 1;
  let shared = 0;
  for (const shingle of a.set) if (b.set.has(shingle)) shared += 1;
  const all = a.set.size + b.set.size - shared;
  return all === 0 ? 0 : shared / all;
}

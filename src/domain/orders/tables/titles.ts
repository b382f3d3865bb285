// The titles of the taxonomy and what else people write for them: abbreviations, slang, the other language, and the name
// of the field where the job is meant ("warehouse", "security"). One title may stand for several roles; the first is
// the usual one. Words of titles are also the vocabulary that typing errors are corrected against.

import type { Role } from "../../roles.ts";
import { listOf, readTable } from "#lib/tsv";
import { errorsAllowed, nearWords } from "../text/spelling.ts";
import { folded, singulars, titleKeys } from "../text/words.ts";
import { lowerBound, type Phrases, phrasesOf } from "./phrases.ts";
import table from "./titles.tsv" with { type: "text" };

/** The table as it ships: what was read with another one may have been read otherwise. */
export const TITLE_TABLE = table;

export interface TitleSense {
  readonly role: Role;
  /** The field's name only: it is the role unless a title proper stands in the text. */
  readonly weak: boolean;
  /** A title of a neighbouring occupation that the taxonomy has no role for: the nearest role, and never sure. */
  readonly near: boolean;
  /** Turned around as in lists, "cook, short order". */
  readonly turned: boolean;
}

export interface Titles {
  readonly phrases: Phrases<TitleSense>;
  /** Whether some title has this word. */
  hasWord(key: string): boolean;
  /** Words of titles that a misspelt word may be, the nearest first; at most three. */
  corrections(word: string): readonly string[];
  /** Words of titles that a word without its vowels stands for, "rcptnst", "bartndr", or that begin with it, "phleb"; at most three. */
  shortened(word: string): readonly string[];
}

const CORRECTIONS_MAX = 3;

/** The index of a taxonomy, made in one go. */
export function titlesOf(roles: readonly Role[]): Titles {
  const steps = titleSteps(roles);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** Rows of the table between two steps: a few milliseconds. */
const STEP_ROWS = 40;

/**
 * The index of a taxonomy, made in steps, so that a serving process can see to others between them. Roles that the table
 * of titles names and the taxonomy does not have are left out.
 */
export function* titleSteps(roles: readonly Role[]): Generator<undefined, Titles> {
  const phrases = phrasesOf<TitleSense>();
  const words = new Set<string>();
  const singularOf = singulars();
  const add = (title: string, sense: TitleSense, plural = false): void => {
    for (const form of plural ? spanishForms(title) : [title]) {
      const keys = titleKeys(form, singularOf);
      phrases.addKeys(keys, sense);
      if (sense.weak) continue;
      for (const key of keys) if (!words.has(key) && WORD.test(key)) words.add(key);
    }
  };
  const senses = roles.map((role) => ({
    name: role.name,
    plain: { role, weak: false, near: false, turned: false },
    near: { role, weak: false, near: true, turned: false },
    weak: { role, weak: true, near: false, turned: false },
    turned: { role, weak: false, near: false, turned: true },
  }));
  for (const { name, plain } of senses) add(name, plain);
  for (const { plain } of senses) for (const alias of plain.role.aliases) add(alias, plain);
  yield;
  const byName = new Map(senses.map((sense) => [sense.name, sense]));
  const rows = readTable(table, ["role", "language", "strength", "titles"]);
  for (const strength of ["full", "near", "weak"] as const) {
    for (const [at, row] of rows.entries()) {
      if (at % STEP_ROWS === 0) yield;
      const sense = byName.get(row.role);
      if (sense === undefined || row.strength !== strength) continue;
      for (const title of listOf(row.titles))
        add(
          title,
          { full: sense.plain, near: sense.near, weak: sense.weak }[strength],
          row.language === "es",
        );
    }
  }
  yield;
  for (const { turned } of senses) {
    for (const title of [turned.role.name, ...turned.role.aliases]) {
      const keys = titleKeys(title, singularOf);
      const last = keys.pop();
      if (last !== undefined && keys.length > 0 && phrases.get([last, ...keys].join("")) === undefined)
        phrases.addKeys([last, ...keys], turned);
    }
  }
  return {
    phrases,
    hasWord: (key) => words.has(key),
    corrections: correctionsFrom([...words]),
    ...shortenedFrom([...words]),
  };
}

const WORD = /^[a-z]{3,}$/;

/** "operador de montacargas" also in its plurals, "operadores de montacargas". */
function spanishForms(title: string): string[] {
  const words = folded(title).split(" ");
  const [first = "", ...rest] = words;
  return [words, [plural(first), ...rest], words.map(plural)].map((form) => form.join(" "));
}

function plural(word: string): string {
  if (word.length < 4 || word.endsWith("s")) return word;
  return /[aeiou]$/.test(word) ? `${word}s` : word.endsWith("z") ? `${word.slice(0, -1)}ces` : `${word}es`;
}

const TWO_ERRORS_LENGTH = 8;

function correctionsFrom(words: readonly string[]): Titles["corrections"] {
  const index = nearWords(words);
  return (word) => {
    // Words of eight letters are near to too many others for two errors.
    const most = word.length === TWO_ERRORS_LENGTH ? 1 : errorsAllowed(word.length);
    if (most === 0) return [];
    return index
      .within(word, most)
      .slice(0, CORRECTIONS_MAX)
      .map(({ number }) => words[number] ?? "");
  };
}

/** Shorter words say too little. */
const SKELETON_MIN = 4;
const SKELETON_CONSONANTS_MIN = 3;
const PREFIX_MIN = 5;
const SOUNDING_CONSONANTS_MIN = 5;
const SOUNDING_LENGTHS_APART = 2;

/** "btndr", "frnt": the first letter, the last and some consonants between, of a word that is not much longer. */
function contractedFrom(word: string, sorted: readonly string[]): string[] {
  const found: string[] = [];
  const [first = "", last] = [word[0], word.at(-1)];
  for (let at = lowerBound(sorted, first); sorted[at]?.startsWith(first) === true; at++) {
    const full = sorted[at] as string;
    if (
      full.length > word.length &&
      full.length <= 2 * word.length &&
      full.at(-1) === last &&
      isSubsequence(word, full)
    )
      found.push(full);
  }
  return found.toSorted((one, other) => one.length - other.length).slice(0, CORRECTIONS_MAX);
}

/** "ploomber": the same consonants, and vowels as they sound. */
function soundsLike(word: string, same: readonly string[] | undefined): string[] {
  return (same ?? [])
    .filter((full) => Math.abs(full.length - word.length) <= SOUNDING_LENGTHS_APART)
    .slice(0, CORRECTIONS_MAX);
}

function shortenedFrom(words: readonly string[]): Pick<Titles, "shortened"> {
  // Made at the first word that needs them: most texts have none.
  let bySkeleton: Map<string, string[]> | undefined;
  let sorted: readonly string[] | undefined;
  return {
    shortened: (word) => {
      bySkeleton ??= Map.groupBy(words, skeleton);
      sorted ??= words.toSorted();
      const bare = skeleton(word);
      const same =
        word.length >= SKELETON_MIN && bare.length >= SKELETON_CONSONANTS_MIN
          ? (bySkeleton.get(bare) ?? []).filter((full) => isSubsequence(word, full))
          : [];
      if (same.length > 0) return same.slice(0, CORRECTIONS_MAX);
      if (word.length >= SKELETON_MIN && !/[aeiou]/.test(word)) {
        sorted ??= words.toSorted();
        return contractedFrom(word, sorted);
      }
      const sounding = bare.length >= SOUNDING_CONSONANTS_MIN ? soundsLike(word, bySkeleton.get(bare)) : [];
      if (sounding.length > 0) return sounding;
      if (word.length < PREFIX_MIN) return [];
      const from = lowerBound(sorted, word);
      const found: string[] = [];
      for (let at = from; found.length < CORRECTIONS_MAX && sorted[at]?.startsWith(word) === true; at++)
        found.push(sorted[at] as string);
      return found;
    },
  };
}

/** Whether letters were only left out. */
function isSubsequence(word: string, full: string): boolean {
  let at = 0;
  for (const letter of full) if (letter === word[at]) at++;
  return at === word.length;
}

/** The first letter and the consonants behind it, each once in a row. */
function skeleton(word: string): string {
  return (
    word[0] +
    word
      .slice(1)
      .replaceAll(/[aeiou]/g, "")
      .replaceAll(/(.)\1/g, "$1")
  );
}

// What one text could be, as bits: the kinds that it fits (`kinds.ts`) and marks beside them. Values of a column repeat
// themselves in shape, so masks are remembered under keys below which texts cannot differ.

import { bitOf, isKind, KINDS } from "./kinds.ts";

/** Marks beside the kinds' own bits. */
export const MARKS = {
  /** A number with leading zeros is a name made of digits. */
  leadingZero: 1 << 24,
  /** Says that there is nothing, in words that may also be a text. */
  nothing: 1 << 25,
  saysTrue: 1 << 26,
  saysFalse: 1 << 27,
  /** `true` or `false` itself, which nobody writes for anything else. */
  booleanWord: 1 << 28,
} as const;

/** A mask in words, which stay what they are when kinds are added. */
export function wordsOf(mask: number): string[] {
  const marks = Object.entries(MARKS).flatMap(([name, bit]) => ((mask & bit) !== 0 ? [name] : []));
  return [...KINDS.flatMap(({ name }) => ((mask & bitOf(name)) !== 0 ? [name] : [])), ...marks];
}

/** The mask that `wordsOf` put into words; words that are not known any more are left out. */
export function maskOfWords(words: readonly string[]): number {
  const marks: Readonly<Record<string, number>> = MARKS;
  return words.reduce((mask, word) => mask | (marks[word] ?? (isKind(word) ? bitOf(word) : 0)), 0);
}

const NOTHING =
  /^(?:na|nan|nil|none|missing|unknown|-+|\.+|\?+|\*+|#(?:value|ref|div\/0|name|null|num)[!?]|tbd)$/i;
const LEADING_ZERO = /^-?0[0-9]+(?:\.[0-9]+)?$/;

/** The kinds that a trimmed, non-empty text fits, and its marks, as bits. */
export function maskOf(text: string): number {
  if (text.length > KIND_CHARS_MAX) return 0;
  let mask = 0;
  for (let index = 0; index < KINDS.length; index += 1)
    if (KINDS[index]?.matches(text) === true) mask |= 1 << index;
  if (LEADING_ZERO.test(text)) mask |= MARKS.leadingZero;
  if (NOTHING.test(text)) mask |= MARKS.nothing;
  if ((mask & BOOLEAN) !== 0) {
    mask |= /^(?:t|y|on)/i.test(text) ? MARKS.saysTrue : MARKS.saysFalse;
    if (/^(?:true|false)$/i.test(text)) mask |= MARKS.booleanWord;
  }
  return mask;
}

/** Words of letters that are a value of some kind, or a mark, and those that one begins with. */
const WHOLE_WORDS = "true|false|yes|no|y|n|t|f|on|off|na|nan|nil|none|missing|unknown|tbd";
const FIRST_WORDS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|usd|eur|gbp|chf";
const WORD_OF_A_KIND = new RegExp(`^(?:(?:${WHOLE_WORDS})$|${FIRST_WORDS})`, "i");
const KIND_WORDS = `${WHOLE_WORDS}|${FIRST_WORDS}`.split("|");

/** By their first two letters: whether a word of a kind begins so. */
const BEGINS_A_KIND: readonly boolean[] = Array.from({ length: 26 * 26 }, (_, pair) => {
  const letters = String.fromCharCode(97 + Math.floor(pair / 26), 97 + (pair % 26));
  return KIND_WORDS.some((word) => word.startsWith(letters) || word === letters[0]);
});

/** A quick look: whether a text surely has no mask. */
export function isPlainText(text: string): boolean {
  if (text.length > KIND_CHARS_MAX) return true;
  const first = (text.charCodeAt(0) | 32) - 97;
  if (!(first >= 0 && first < 26)) return false;
  const second = (text.charCodeAt(1) | 32) - 97;
  if (second >= 0 && second < 26 && BEGINS_A_KIND[first * 26 + second] !== true) return true;
  return !WORD_OF_A_KIND.test(text);
}

/**
 * A number under which texts of one shape have equal masks: numbers by their length and their point, because
 * beyond these only leading zeros matter, and those are not numbered. -1 for every other text.
 */
export function shapeOfNumber(text: string): number {
  const { length } = text;
  if (length > NUMBER_CHARS_MAX) return -1;
  let point = -1;
  const start = text.charCodeAt(0) === 45 ? 1 : 0;
  // A leading zero is looked at in full.
  const digit = text.charCodeAt(start);
  if (!(digit >= 49 && digit <= 57)) return -1;
  for (let at = start + 1; at < length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 46 && point < 0) point = at;
    else if (code < 48 || code > 57) return -1;
  }
  return (start * 16 + length) * 16 + point + 1;
}

/** A key under which texts have equal masks: days share one, because beyond it only those that do not exist matter. */
export function maskKeyOf(text: string): string {
  if (text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return text;
  const day = isoDayKey(text);
  if (day === undefined) return text;
  return text.length === 10 ? day : day + text.slice(10);
}

/** For `2026-01-05...`: whether the day may exist; undefined for what starts in any other way. */
function isoDayKey(text: string): "day" | "no day" | undefined {
  for (const at of ISO_DIGITS) {
    const code = text.charCodeAt(at);
    if (!(code >= 48 && code <= 57)) return undefined;
  }
  const month = text.charCodeAt(5) * 10 + text.charCodeAt(6) - 528;
  const day = text.charCodeAt(8) * 10 + text.charCodeAt(9) - 528;
  return month >= 1 && month <= 12 && day >= 1 && day <= 31 ? "day" : "no day";
}

const ISO_DIGITS = [0, 1, 2, 3, 5, 6, 8, 9];

/** Longer ones are rare and some of them no numbers any more. */
const NUMBER_CHARS_MAX = 15;

const BOOLEAN = 1;
/** No kind's values are longer. */
const KIND_CHARS_MAX = 40;

/** Texts whose masks are remembered: columns repeat themselves. */
const MASKS_MAX = 100_000;

const masks = new Map<string, number>();
const masksOfNumbers: (number | undefined)[] = [];

/** `maskOf`, remembered by what can change it. */
export function rememberedMask(text: string): number {
  if (isPlainText(text)) return 0;
  const shape = shapeOfNumber(text);
  if (shape >= 0) return (masksOfNumbers[shape] ??= maskOf(text));
  const key = maskKeyOf(text);
  const known = masks.get(key);
  if (known !== undefined) return known;
  const mask = maskOf(text);
  if (masks.size >= MASKS_MAX) masks.clear();
  masks.set(key, mask);
  return mask;
}

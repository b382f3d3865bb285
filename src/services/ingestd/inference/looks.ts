// What one text could be: the kinds that it fits (`kinds.ts`), marks beside them, and what a number's digits say. Texts
// that look alike share one object, so that a column counts its values by identity. Values of a column repeat
// themselves, so looks are remembered under keys below which texts cannot differ.

import { bitOf, CURRENCIES, digitsOf, hasShortYear, isKind, KINDS } from "./kinds.ts";
import { WORDED_BEGINNING, WORDED_BEGINNINGS } from "./worded-dates.ts";

export interface Look {
  /** The bits of the kinds it fits. */
  readonly kinds: number;
  /** Bits of `MARKS`. */
  readonly marks: number;
  /** Of a plain number: its digits before and after the point. */
  readonly whole: number;
  readonly scale: number;
  /** The currency of an amount; empty where none is written. */
  readonly currency: string;
}

export const MARKS = {
  /** A number with leading zeros is a name made of digits. */
  leadingZero: 1 << 0,
  /** Says that there is nothing, in words that may also be a text. */
  nothing: 1 << 1,
  saysTrue: 1 << 2,
  saysFalse: 1 << 3,
  /** `true` or `false` itself, which nobody writes for anything else. */
  booleanWord: 1 << 4,
  /** Begins with a plus sign. */
  plus: 1 << 5,
  /** A number that begins with a minus sign. */
  minus: 1 << 15,
  /** Has a decimal point, or an exponent as programs write it: a number for certain. */
  surelyNumber: 1 << 6,
  /** An exponent without a sign after a whole number: 1E05 may be a code. */
  bareExponent: 1 << 7,
  /** Its point can only be a decimal mark: 2.5, 0.1234, 1,234.5. */
  decimalPoint: 1 << 8,
  /** Its comma can only be a decimal mark: 2,5, 1.234,56. */
  decimalComma: 1 << 9,
  /** Points or commas that can only separate thousands: 1.234.567. */
  groupingPoints: 1 << 10,
  groupingCommas: 1 << 11,
  /** One point or comma before three digits, which may be either. */
  unclearPoint: 1 << 12,
  unclearComma: 1 << 13,
  /** A year of two digits. */
  shortYear: 1 << 14,
} as const;

const interned = new Map<string, Look>();

function intern(look: Look): Look {
  const key = `${look.kinds} ${look.marks} ${look.whole} ${look.scale} ${look.currency}`;
  const known = interned.get(key);
  if (known !== undefined) return known;
  interned.set(key, look);
  return look;
}

export const TEXT_LOOK: Look = intern({ kinds: 0, marks: 0, whole: 0, scale: 0, currency: "" });
export const NOTHING_LOOK: Look = intern({ ...TEXT_LOOK, marks: MARKS.nothing });

/** The same look as if there were no other kinds than these, and no number's marks. */
export function onlyKinds(look: Look, kinds: number): Look {
  const marks = look.marks & (MARKS.nothing | MARKS.shortYear);
  return intern({ kinds: look.kinds & kinds, marks, whole: 0, scale: 0, currency: "" });
}

/** A look in words, which stay what they are when kinds are added. */
export function wordsOf({ kinds, marks, whole, scale, currency }: Look): string[] {
  return [
    ...KINDS.flatMap(({ name }) => ((kinds & bitOf(name)) !== 0 ? [name] : [])),
    ...Object.entries(MARKS).flatMap(([name, bit]) => ((marks & bit) !== 0 ? [name] : [])),
    ...(whole > 0 ? [`whole:${whole}`] : []),
    ...(scale > 0 ? [`scale:${scale}`] : []),
    ...(currency === "" ? [] : [`currency:${currency}`]),
  ];
}

/** The look that `wordsOf` put into words; words that are not known any more are left out. */
export function lookOfWords(words: readonly string[]): Look {
  const known: Readonly<Record<string, number>> = MARKS;
  const after = (prefix: string): string =>
    words.find((word) => word.startsWith(prefix))?.slice(prefix.length) ?? "";
  return intern({
    kinds: words.reduce((mask, word) => mask | (isKind(word) ? bitOf(word) : 0), 0),
    marks: words.reduce((mask, word) => mask | (known[word] ?? 0), 0),
    whole: Number(after("whole:")),
    scale: Number(after("scale:")),
    currency: after("currency:"),
  });
}

const NOTHING_WORDS =
  "na|nan|nil|none|null|missing|unknown|undefined|blank|empty|tbd|n/a|n\\.a\\.?|k\\.a\\.?|not available|not applicable|no data";
/** Words in any case, also in brackets; dashes and the like; the errors of spreadsheets. */
const NOTHING = new RegExp(
  `^(?:${NOTHING_WORDS}|[(<[](?:${NOTHING_WORDS})[)>\\]]|[$€£]? ?[-\u2013\u2014]+|\\.+|\\?+|\\*+|#(?:value|ref|div/0|name|null|num|spill|calc)[!?]|#n/a)$`,
  "i",
);
const LEADING_ZERO = /^[+-]?0[0-9]+(?:[.,][0-9]+)?$/;
const PLAIN_NUMBER = /^[+-]?([0-9]*)(?:\.([0-9]*))?$/;
const SURELY_NUMBER = /^[+-]?[0-9]*\.[0-9]+(?:e[+-]?[0-9]+)?$|^[+-]?[0-9]+e[+-][0-9]+$|^-[0-9]+e[0-9]+$/i;
const BARE_EXPONENT = /^[0-9]+e[0-9]+$/i;
const BOOLEAN = bitOf("boolean");
const PLAIN = bitOf("exact decimal");

/** One of these is how separators are read: by the amount alone, without its sign and currency. */
const SEPARATORS: readonly [keyof typeof MARKS, RegExp][] = [
  ["unclearPoint", /^[1-9][0-9]{0,2}\.[0-9]{3}$/],
  ["unclearComma", /^[1-9][0-9]{0,2},[0-9]{3}$/],
  ["groupingPoints", /^[1-9][0-9]{0,2}(?:\.[0-9]{3}){2,}$/],
  ["groupingCommas", /^[1-9][0-9]{0,2}(?:,[0-9]{3}){2,}$|^[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}$/],
  ["decimalComma", /^[0-9]*(?:\.[0-9]{3})*,[0-9]+$/],
  ["decimalPoint", /^[0-9]*(?:,[0-9]{2,3})*\.[0-9]+(?:e[+-]?[0-9]+)?$/i],
];

/** How a trimmed, non-empty text looks. */
export function lookOf(text: string): Look {
  if (text.length > KIND_CHARS_MAX) return TEXT_LOOK;
  let kinds = 0;
  let marks = 0;
  for (let index = 0; index < KINDS.length; index += 1)
    if (KINDS[index]?.matches(text) === true) kinds |= 1 << index;
  if (LEADING_ZERO.test(text)) marks |= MARKS.leadingZero;
  if (NOTHING.test(text)) marks |= MARKS.nothing;
  if ((kinds & BOOLEAN) !== 0) {
    marks |= /^(?:t|y|on)/i.test(text) ? MARKS.saysTrue : MARKS.saysFalse;
    if (/^(?:true|false)$/i.test(text)) marks |= MARKS.booleanWord;
  }
  if (kinds !== 0 && text.startsWith("+")) marks |= MARKS.plus;
  if (kinds !== 0 && /^[-\u2212]/.test(text)) marks |= MARKS.minus;
  if (SURELY_NUMBER.test(text)) marks |= MARKS.surelyNumber;
  if (BARE_EXPONENT.test(text)) marks |= MARKS.bareExponent;
  if (hasShortYear(text)) marks |= MARKS.shortYear;
  const amount = text.replace(/^[^0-9.,]+|[^0-9]+$|[ '\u2019\u00a0\u202f\u2009](?=[0-9]{3})/g, "");
  const separator = kinds === 0 ? undefined : SEPARATORS.find(([, pattern]) => pattern.test(amount));
  if (separator !== undefined) marks |= MARKS[separator[0]];
  const [, whole = "", scale = ""] = ((kinds & PLAIN) === 0 ? null : PLAIN_NUMBER.exec(text)) ?? [];
  return intern({
    kinds,
    marks,
    whole: digitsOf(whole),
    scale: scale.length,
    currency: (kinds & MONEY) === 0 ? "" : currencyOf(text),
  });
}

const MONEY = bitOf("money") | bitOf("fine money") | bitOf("money with comma");

const UPPER_CURRENCIES = CURRENCIES.map((currency) => currency.toUpperCase());

/** Both signs of an amount that has two, so that it is like no other. */
function currencyOf(text: string): string {
  if (!/[^-+\u2212 ().,'\u2019\u00a0\u202f\u20090-9]/.test(text)) return "";
  const upper = text.toUpperCase();
  const start = upper.replace(/^[(+\-\u2212 ]+/, "");
  const end = upper.replace(/[)\- ]+$/, "");
  const before = CURRENCIES[UPPER_CURRENCIES.findIndex((currency) => start.startsWith(currency))] ?? "";
  const after = CURRENCIES[UPPER_CURRENCIES.findIndex((currency) => end.endsWith(currency))] ?? "";
  return before === after ? before : before + after;
}

/** Words of letters that are a value of some kind, or a mark, and those that one begins with. */
const WHOLE_WORDS = `true|false|yes|no|y|n|t|f|on|off|${NOTHING_WORDS}`;
const FIRST_WORDS = CURRENCIES.map((currency) => currency.toLowerCase()).filter((currency) =>
  /^[a-z]/.test(currency),
);
const WORD_OF_A_KIND = new RegExp(
  `^(?:(?:${WHOLE_WORDS})$|${WORDED_BEGINNING}|${FIRST_WORDS.map((word) => word.replace(/[$.]/g, "\\$&")).join("|")})`,
  "i",
);
const KIND_WORDS = [...WHOLE_WORDS.split("|"), ...WORDED_BEGINNINGS, ...FIRST_WORDS];

/** By their first two letters: whether a word of a kind begins so. */
const BEGINS_A_KIND: readonly boolean[] = Array.from({ length: 26 * 26 }, (_, pair) => {
  const letters = String.fromCharCode(97 + Math.floor(pair / 26), 97 + (pair % 26));
  return KIND_WORDS.some((word) => word.startsWith(letters) || word === letters[0]);
});

/** A quick look: whether a text surely has no kind and no mark. */
export function isPlainText(text: string): boolean {
  if (text.length > KIND_CHARS_MAX) return true;
  const first = (text.charCodeAt(0) | 32) - 97;
  if (!(first >= 0 && first < 26)) return false;
  const second = (text.charCodeAt(1) | 32) - 97;
  if (second >= 0 && second < 26 && BEGINS_A_KIND[first * 26 + second] !== true) return true;
  return !WORD_OF_A_KIND.test(text);
}

/**
 * A number under which texts of one shape look alike: numbers by their length, their point and whether only zeros
 * follow it, because beyond these only leading zeros matter, and those are not numbered. -1 for every other text.
 */
function shapeOfNumber(text: string): number {
  const { length } = text;
  if (length > NUMBER_CHARS_MAX) return -1;
  let point = -1;
  let zeros = 1;
  const start = text.charCodeAt(0) === 45 ? 1 : 0;
  // A leading zero is looked at in full.
  const digit = text.charCodeAt(start);
  if (!(digit >= 49 && digit <= 57)) return -1;
  for (let at = start + 1; at < length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 46 && point < 0) point = at;
    else if (code < 48 || code > 57) return -1;
    else if (point > 0 && code !== 48) zeros = 0;
  }
  return ((start * 16 + length) * 16 + point + 1) * 2 + zeros;
}

/** A key under which texts look alike: days share one, because beyond it only those that do not exist matter. */
export function lookKeyOf(text: string): string {
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

/** Longer ones are rare, and a double does not hold all of their digits. */
const NUMBER_CHARS_MAX = 15;

/** No kind's values are longer; the longest are decimals of 38 digits with sign and point. */
const KIND_CHARS_MAX = 40;

/** Texts whose looks are remembered: columns repeat themselves. */
const LOOKS_MAX = 100_000;

const looks = new Map<string, Look>();
const looksOfNumbers: (Look | undefined)[] = [];

/** `lookOf`, remembered by what can change it. */
export function rememberedLook(text: string): Look {
  if (isPlainText(text)) return TEXT_LOOK;
  const shape = shapeOfNumber(text);
  if (shape >= 0) return (looksOfNumbers[shape] ??= lookOf(text));
  const key = lookKeyOf(text);
  const known = looks.get(key);
  if (known !== undefined) return known;
  const look = lookOf(text);
  if (looks.size >= LOOKS_MAX) looks.clear();
  looks.set(detached(key), look);
  return look;
}

/** The same text in memory of its own: a slice keeps the text that it was cut from, which may be a chunk of a file. */
function detached(text: string): string {
  return ` ${text}`.slice(1);
}

// The type of a column, decided by all of its values that were seen, checked against its neighbours in the file and
// the dataset. A type is a claim with evidence: a column is the first kind that every value fits, or the one that
// more than 99 % fit when the rest are few enough to be mistakes. Below that it stays text, and a warning names the
// value that stood in the way. Where two readings are possible and nothing decides (several currencies, thousands or
// decimals, numbers or codes), the column stays text too: nothing is bent to fit.

import type { ColumnStats } from "./column-stats.ts";
import { bitOf, bitsOf, DOUBLE_DIGITS, exactDecimal, type Kind, KINDS, moneyIn } from "./kinds.ts";
import { MARKS } from "./looks.ts";

/** The share of values that must fit before the others count as mistakes. */
const FIT_SHARE_MIN = 0.99;
/** From here on a column of texts would nearly have had a type, and a warning says what stood in the way. */
const NEARLY_SHARE_MIN = 0.5;
const VALUE_CHARS_MAX = 60;
const PRECISION_MAX = 38;
const PRECISION_USUAL = 18;
const MONEY_SCALE_MAX = 6;
/** Different words for nothing that one column of yes and no has. */
const NOTHING_WORDS_MAX = 2;

/** How a column of texts is read. */
export interface Typing {
  /** DuckDB's type. */
  readonly type: string;
  /** Tried in turn; none for a column that stays text. */
  readonly kinds: readonly Kind[];
  /** Words that mean NULL here, besides those that do everywhere. */
  readonly nothing: readonly string[];
  readonly spaced: boolean;
  /** 0 to 1. */
  readonly confidence: number;
  /** The share of the values that were seen which fit. */
  readonly share: number;
  readonly samples: readonly string[];
  readonly warning?: string;
  /** Nothing but NULL was seen. */
  readonly empty: boolean;
  /** The caller named the type: a text keeps the words that mean NULL elsewhere, and DuckDB's own cast is good enough. */
  readonly asked?: boolean;
  /** The last day that a year of two digits may mean. */
  readonly latest?: string;
  /** The order of day and month in its dates, where they have one that was known or seen. */
  readonly dayFirst?: boolean;
}

/** What the file, and what the dataset has of it, say beside the column itself. */
export interface Surroundings {
  /** Cells are separated by semicolons, as where the comma is the decimal mark. */
  readonly semicolons: boolean;
  /** Another column shows the order of day and month beyond doubt, or the dataset knows it. */
  readonly dayFirst: boolean | undefined;
  /** The decimal mark that other columns show beyond doubt. */
  readonly decimalMark: "." | "," | undefined;
  /** Today, as 2026-01-31: years of two digits are read as near it. */
  readonly today: string;
}

export function surroundingsOf(
  columns: readonly ColumnStats[],
  semicolons: boolean,
  today: string,
): Surroundings {
  return { semicolons, today, dayFirst: dayFirstOf(columns), decimalMark: decimalMarkOf(columns) };
}

const MONTH_FIRST = bitsOf(["date, month first", "timestamp, month first"]);
const DAY_FIRST = bitsOf(["date, day first", "timestamp, day first"]);
const NUMBERS = bitsOf(KINDS.filter(({ type }) => isNumeric(type)).map(({ name }) => name));
const MONEY = ["money", "fine money", "money with comma"];

/** Values that say something. */
const filledIn = (stats: ColumnStats): number => stats.values - stats.marked(MARKS.nothing);

/** The order of day and month that some column shows beyond doubt; undefined where none does or two disagree. */
export function dayFirstOf(columns: readonly ColumnStats[]): boolean | undefined {
  let seen: boolean | undefined;
  for (const column of columns) {
    const month = column.having(MONTH_FIRST);
    const day = column.having(DAY_FIRST);
    if (month === day || Math.max(month, day) < filledIn(column) * FIT_SHARE_MIN) continue;
    const dayFirst = day > month;
    if (seen !== undefined && seen !== dayFirst) return undefined;
    seen = dayFirst;
  }
  return seen;
}

/** The decimal mark of the columns of numbers; undefined where they show none, or both. */
function decimalMarkOf(columns: readonly ColumnStats[]): "." | "," | undefined {
  let points = 0;
  let commas = 0;
  for (const column of columns) {
    const filled = filledIn(column);
    if (filled === 0 || column.having(NUMBERS) < filled * FIT_SHARE_MIN) continue;
    const mark = ownMark(column);
    if (mark === ".") points += 1;
    if (mark === ",") commas += 1;
  }
  return points > 0 === commas > 0 ? undefined : points > 0 ? "." : ",";
}

/** The decimal mark that a column shows by itself; undefined where it shows none, or both. */
function ownMark(stats: ColumnStats): "." | "," | undefined {
  const point = stats.marked(MARKS.decimalPoint | MARKS.groupingCommas);
  const comma = stats.marked(MARKS.decimalComma | MARKS.groupingPoints);
  return point === comma ? undefined : point > comma ? "." : ",";
}

/** Names of columns in which 1.10 comes after 1.9, and is no 1.1. */
const VERSION = /(?:^|[^a-z])(?:versions?|release|firmware|build)(?:$|[^a-z])/i;

/** The natural type of a column, from its values and its surroundings. */
export function inferType(stats: ColumnStats, around: Surroundings, columnName: string): Typing {
  const { values } = stats;
  const filled = filledIn(stats);
  if (values === 0) return { ...textTyping(stats, 0), empty: true };
  if (filled === 0) return textTyping(stats, 0.5);
  const mark = markOf(stats, around);
  const isVersion = VERSION.test(columnName) && stats.marked(MARKS.decimalPoint | MARKS.unclearPoint) > 0;
  const candidates = KINDS.filter(
    (kind) => isAllowed(kind, stats, around, mark) && !(isVersion && isNumeric(kind.type)),
  ).flatMap((kind) => narrowed(kind, stats));
  const fits = (kinds: readonly Kind[]): number => stats.having(bitsOf(kinds.map(({ name }) => name)));

  for (const kind of candidates)
    if (fits([kind]) === filled) return typed(stats, [kind], filled, around, columnName);
  const dates = unionOf(candidates, "DATE", stats, around.dayFirst === true);
  if (dates.length > 1 && fits(dates) > filled * FIT_SHARE_MIN)
    return typed(stats, dates, filled, around, columnName);
  let best: Kind | undefined;
  for (const kind of candidates) if (best === undefined || fits([kind]) > fits([best])) best = kind;
  if (best !== undefined && fits([best]) > filled * FIT_SHARE_MIN)
    return typed(stats, [best], filled, around, columnName);
  // Digits with leading zeros are text for certain; otherwise the nearer another kind came, the less it is.
  const nearest = best === undefined || stats.marked(MARKS.leadingZero) > 0 ? 0 : fits([best]) / filled;
  const warning = whyText(stats, filled, mark, nearest, best, columnName);
  return {
    ...textTyping(stats, round(1 - nearest / 2)),
    ...(warning === undefined ? {} : { warning }),
  };
}

/** The decimal mark by which a column is read: "unclear" where 1.234 or 1,234 may be either and nothing tells. */
type Mark = "." | "," | "unclear" | undefined;

function markOf(stats: ColumnStats, { semicolons, decimalMark }: Surroundings): Mark {
  const own = ownMark(stats);
  if (own !== undefined) return own;
  const points = stats.marked(MARKS.unclearPoint) > 0;
  const commas = stats.marked(MARKS.unclearComma) > 0;
  if (!points && !commas) return undefined;
  if (decimalMark !== undefined) return decimalMark;
  if (points && commas) return "unclear";
  if (!semicolons) return ".";
  // 1.613 beside 379: decimals would have been written with their places, or with fewer.
  if (points) return hasSmallIntegers(stats) ? "," : "unclear";
  return "unclear";
}

function hasSmallIntegers(stats: ColumnStats): boolean {
  const integers = stats.looksOf(bitOf("integer"));
  return integers.length > 0 && integers.every(({ whole }) => whole <= 3);
}

function isAllowed(kind: Kind, stats: ColumnStats, around: Surroundings, mark: Mark): boolean {
  const { name, type } = kind;
  if (name === "boolean") {
    // Null, None and Nan beside True are names.
    if (stats.nothing.filter((word) => /^[a-z]/i.test(word)).length > NOTHING_WORDS_MAX) return false;
    // A lone letter may be a code of which only one was seen.
    const both = stats.marked(MARKS.saysTrue) > 0 && stats.marked(MARKS.saysFalse) > 0;
    return both || stats.marked(MARKS.booleanWord) > 0;
  }
  // Zeros behind the point are kept by a decimal; whole numbers are what the dataset or the caller says.
  if (name === "integer with zeros") return false;
  if (type === "DOUBLE" && isLongMoney(stats)) return false;
  if (isNumeric(type)) return stats.marked(MARKS.leadingZero) === 0 && isNumberAllowed(kind, stats, mark);
  if (name === "date, short year") return stats.having(bitOf("date")) > stats.having(bitOf(name));
  if ((bitOf(name) & MONTH_FIRST) !== 0 && stats.having(MONTH_FIRST) === stats.having(DAY_FIRST)) {
    return around.dayFirst !== true;
  }
  return true;
}

/** Decimals of few places that have more digits than a double adds up without loss. */
function isLongMoney(stats: ColumnStats): boolean {
  const exact = bitOf("exact decimal");
  if (stats.having(exact) < stats.having(NUMBERS)) return false;
  const looks = stats.looksOf(exact);
  return (
    looks.some(({ scale }) => scale > 0) &&
    looks.every(({ scale }) => scale <= MONEY_SCALE_MAX) &&
    looks.some(({ whole, scale }) => whole + scale > DOUBLE_DIGITS)
  );
}

/** Whether a column's numbers may be read by this kind, whatever other values it has. */
function isNumberAllowed({ name }: Kind, stats: ColumnStats, mark: Mark): boolean {
  // A plus is a sign where there is a minus, or where it is rare; else it belongs to the value: +1, +44, +49.
  const plus = stats.marked(MARKS.plus);
  if (stats.marked(MARKS.minus) === 0 && plus * 2 > stats.having(NUMBERS)) return false;
  if (mark === "unclear" && name !== "integer" && name !== "percentage") return false;
  if (POINT_KINDS.has(name) && mark === ",") return false;
  if (COMMA_KINDS.has(name) && mark !== ",") return false;
  if (name === "integer grouped by points")
    return stats.marked(MARKS.decimalComma | MARKS.decimalPoint) === 0;
  if (name === "decimal, any exponent")
    return stats.marked(MARKS.surelyNumber) >= Math.max(stats.marked(MARKS.bareExponent), 1);
  if (name === "exact decimal") return stats.looksOf(bitOf(name)).some(({ scale }) => scale > 0);
  if (MONEY.includes(name)) return currenciesOf(stats).length < 2;
  return true;
}

/** The currencies that a column's amounts are written in. */
function currenciesOf(stats: ColumnStats): string[] {
  const found = new Set(stats.looksOf(bitsOf(MONEY)).map(({ currency }) => currency));
  found.delete("");
  return [...found];
}

/** A kind made fit for one column: its currency, its precision. None when no such kind holds the values. */
function narrowed(kind: Kind, stats: ColumnStats): Kind[] {
  if (MONEY.includes(kind.name)) {
    const [currency] = currenciesOf(stats);
    return currency === undefined ? [kind] : [moneyIn(kind, currency)];
  }
  if (kind.name !== "exact decimal") return [kind];
  const looks = stats.looksOf(bitOf(kind.name));
  const scale = Math.max(...looks.map((look) => look.scale));
  const whole = Math.max(1, ...looks.map((look) => look.whole));
  if (whole + scale > PRECISION_MAX) return [];
  return [exactDecimal(Math.max(whole + scale, PRECISION_USUAL), scale)];
}

export function isNumeric(type: string): boolean {
  return type === "BIGINT" || type === "DOUBLE" || type.startsWith("DECIMAL");
}

/** Kinds that read a point as the decimal mark, or a comma as that of thousands. */
const POINT_KINDS: ReadonlySet<string> = new Set([
  "integer with zeros",
  "decimal",
  "decimal, any exponent",
  "exact decimal",
  "grouped integer",
  "grouped decimal",
  "money",
  "fine money",
]);

/** Kinds that read a comma as the decimal mark, or a point as that of thousands. */
const COMMA_KINDS: ReadonlySet<string> = new Set([
  "integer grouped by points",
  "decimal with comma",
  "money with comma",
]);

/** Every way of writing a type that occurs, the frequent one of day-first and month-first only. */
function unionOf(candidates: readonly Kind[], type: string, stats: ColumnStats, dayFirst: boolean): Kind[] {
  const month = stats.having(MONTH_FIRST);
  const day = stats.having(DAY_FIRST);
  const dropped = month > day || (month === day && !dayFirst) ? DAY_FIRST : MONTH_FIRST;
  return candidates.filter(
    (kind) => kind.type === type && (bitOf(kind.name) & dropped) === 0 && stats.having(bitOf(kind.name)) > 0,
  );
}

function typed(
  stats: ColumnStats,
  kinds: readonly Kind[],
  filled: number,
  around: Surroundings,
  columnName: string,
): Typing {
  const bits = bitsOf(kinds.map(({ name }) => name));
  const fits = stats.having(bits);
  const ordered = (bits & (MONTH_FIRST | DAY_FIRST)) !== 0;
  const unclear = ordered && stats.having(MONTH_FIRST) === stats.having(DAY_FIRST);
  const doubt = doubtOf(stats, kinds, unclear && around.dayFirst === undefined, columnName);
  const latest = latestOf(columnName, around.today);
  const note = doubt ?? noteOf(stats, kinds, hasShortYears(stats, kinds) ? latest : null, columnName);
  return {
    type: kinds[0]?.type ?? "VARCHAR",
    kinds,
    nothing: stats.nothing,
    spaced: stats.spaced,
    share: fits / filled,
    confidence: round((fits / filled) * (filled / (filled + 1)) * (doubt === undefined ? 1 : 0.6)),
    samples: stats.samples,
    empty: false,
    ...(note === undefined ? {} : { warning: note }),
    ...(latest === undefined ? {} : { latest }),
    ...(ordered && (!unclear || around.dayFirst !== undefined) ? { dayFirst: (bits & DAY_FIRST) !== 0 } : {}),
  };
}

/** What may be otherwise than it was read. */
function doubtOf(
  stats: ColumnStats,
  kinds: readonly Kind[],
  unclearOrder: boolean,
  columnName: string,
): string | undefined {
  const first = kinds[0]?.name;
  if (unclearOrder)
    return `"${columnName}": no date shows whether the day or the month comes first; the month was taken.`;
  if (first === "percentage") return `"${columnName}": percent signs were removed; 12.5% is 12.5.`;
  if (first === "integer grouped by points")
    return `"${columnName}": points were read as thousands separators; 1.613 is 1613.`;
  if (stats.marked(MARKS.unclearComma) > 0 && first === "decimal with comma" && ownMark(stats) === undefined)
    return `"${columnName}": commas were read as decimal marks, as in the other columns; 1,613 is 1.613.`;
  return undefined;
}

/** What was done with values whose text says less or more than the type keeps. */
function noteOf(
  stats: ColumnStats,
  kinds: readonly Kind[],
  latest: string | undefined | null,
  columnName: string,
): string | undefined {
  if (latest !== null) {
    const last = latest === undefined ? 2068 : Number(latest.slice(0, 4));
    return `"${columnName}": years of two digits were read as ${last - 99} to ${last}.`;
  }
  if (kinds.some(({ name }) => name === "date, short year"))
    return `"${columnName}": years of three digits were taken as they stand, ${stats.having(bitOf("date, short year"))} in all.`;
  const [currency] = kinds.some(({ name }) => MONEY.includes(name)) ? currenciesOf(stats) : [];
  const words = stats.nothing.filter((word) => word !== "").map((word) => `"${word}"`);
  const notes = [
    ...(currency === undefined ? [] : [`amounts in ${currency} are loaded as numbers without it`]),
    ...(words.length === 0 ? [] : [`${words.join(", ")} was read as NULL`]),
  ];
  return notes.length === 0 ? undefined : `"${columnName}": ${notes.join("; ")}.`;
}

function hasShortYears(stats: ColumnStats, kinds: readonly Kind[]): boolean {
  return (
    stats.marked(MARKS.shortYear) > 0 && kinds.some(({ type }) => type === "DATE" || type === "TIMESTAMP")
  );
}

const BIRTH = /birth|born|\bdob\b|geburt|naiss|nacim/i;
const DUE = /expir|\bexp\b|\bdue\b|valid|until|matur|retire|terminat|renew|\bend\b|ends?\b/i;
/** How far ahead a date usually lies. */
const YEARS_AHEAD = 10;

/**
 * The last day that a year of two digits may mean, by what the column is called: people are born in the past, terms
 * end in the future, and everything else has its date within ten years from now.
 */
function latestOf(columnName: string, today: string): string | undefined {
  const words = columnName.replace(/[_-]+/g, " ").replace(/([a-z])([A-Z])/g, "$1 $2");
  if (BIRTH.test(words)) return today;
  if (DUE.test(words)) return undefined;
  return `${Number(today.slice(0, 4)) + YEARS_AHEAD}-12-31`;
}

/** Why a column that looks like something else is a text; undefined for what is plainly text. */
function whyText(
  stats: ColumnStats,
  filled: number,
  mark: Mark,
  nearest: number,
  best: Kind | undefined,
  columnName: string,
): string | undefined {
  if (stats.marked(MARKS.leadingZero) > 0) return undefined;
  const share = (bits: number): number => stats.having(bits) / filled;
  const kept = `"${columnName}" stays text:`;
  const currencies = currenciesOf(stats);
  if (currencies.length > 1 && share(bitsOf(MONEY)) > FIT_SHARE_MIN)
    return `${kept} its amounts are in several currencies (${currencies.slice(0, 5).join(", ")}).`;
  if (mark === "unclear" && share(NUMBERS) > FIT_SHARE_MIN)
    return `${kept} nothing shows whether its points or commas separate thousands or decimals. Name its type to load it as numbers.`;
  const month = stats.having(MONTH_FIRST);
  const day = stats.having(DAY_FIRST);
  if (month !== day && share(MONTH_FIRST | DAY_FIRST) > FIT_SHARE_MIN)
    return `${kept} some of its dates have the day first and some the month.`;
  if (stats.marked(MARKS.bareExponent) > 0 && share(NUMBERS) > FIT_SHARE_MIN)
    return `${kept} values like 1E05 may be codes. Name its type to load it as numbers.`;
  if (best === undefined || nearest < NEARLY_SHARE_MIN) return undefined;
  const example = stats.exampleBeside(bitOf(best.name));
  if (example === undefined) return undefined;
  const place = example.line > 0 ? ` in line ${example.line}` : "";
  const value = example.text.slice(0, VALUE_CHARS_MAX);
  return `${kept} ${stats.having(bitOf(best.name))} of ${filled} values are ${wordOf(best.type)}, and "${value}"${place} is not. Name its type to reject such rows instead.`;
}

/** What values of a type are called. */
function wordOf(type: string): string {
  if (isNumeric(type)) return "numbers";
  if (type === "DATE") return "dates";
  if (type === "BOOLEAN") return "yes or no";
  return type === "TIME" ? "times" : "timestamps";
}

export function textTyping(stats: ColumnStats, confidence: number): Typing {
  return {
    type: "VARCHAR",
    kinds: [],
    nothing: [],
    spaced: false,
    share: 1,
    confidence,
    samples: stats.samples,
    empty: false,
  };
}

/** Which kinds' values a type can hold, in the order in which they are tried. */
const REACHES: readonly [type: RegExp, from: readonly string[]][] = [
  [/^(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)$/, ["BIGINT"]],
  [/^(FLOAT|DOUBLE)$/, ["BIGINT", "DOUBLE", "DECIMAL(18,4)"]],
  [/^DECIMAL/, ["BIGINT", "DECIMAL(18,4)", "DECIMAL", "DOUBLE"]],
  [/^BOOLEAN$/, ["BOOLEAN"]],
  [/^DATE$/, ["DATE"]],
  [/^TIME$/, ["TIME"]],
  [/^TIMESTAMP$/, ["TIMESTAMP", "DATE"]],
  [/^TIMESTAMP WITH TIME ZONE$/, ["TIMESTAMP WITH TIME ZONE", "TIMESTAMP"]],
];

const INTEGER = /INT$|^INTEGER$/;

/**
 * How a column is read as a type that its dataset has or, `asked`, that the caller names; and the share of its values
 * that can be. A named type decides what the values alone leave open.
 */
export function typeAs(
  stats: ColumnStats,
  type: string,
  around: Surroundings,
  columnName: string,
  asked: boolean,
): { typing: Typing; share: number } {
  if (type === "VARCHAR") return { typing: { ...textTyping(stats, 1), asked }, share: 1 };
  const from = REACHES.find(([pattern]) => pattern.test(type))?.[1] ?? [];
  const month = stats.having(MONTH_FIRST);
  const day = stats.having(DAY_FIRST);
  const dayFirst = month === day ? (around.dayFirst ?? false) : day > month;
  const otherOrder = dayFirst ? MONTH_FIRST : DAY_FIRST;
  const mark = markOf(stats, around);
  const foreign = mark === "," ? POINT_KINDS : COMMA_KINDS;
  const kinds = from.flatMap((source) =>
    KINDS.filter(
      (kind) =>
        kind.type === source &&
        (bitOf(kind.name) & otherOrder) === 0 &&
        !foreign.has(kind.name) &&
        (kind.name !== "integer with zeros" || INTEGER.test(type)) &&
        stats.having(bitOf(kind.name)) > 0 &&
        (asked || !isNumeric(source) || isNumberAllowed(kind, stats, mark)),
    ),
  );
  const bits = bitsOf(kinds.map(({ name }) => name));
  const filled = filledIn(stats);
  const share = filled === 0 ? 1 : stats.having(bits) / filled;
  const { samples, spaced, nothing } = stats;
  const latest = latestOf(columnName, around.today);
  const ordered = (bits & (MONTH_FIRST | DAY_FIRST)) !== 0;
  const doubt =
    type === "VARCHAR" || kinds.length === 0
      ? undefined
      : (doubtOf(stats, kinds, ordered && month === day && around.dayFirst === undefined, columnName) ??
        noteOf(stats, kinds, hasShortYears(stats, kinds) ? latest : null, columnName));
  return {
    typing: {
      type,
      kinds,
      nothing,
      spaced,
      share,
      confidence: round(share),
      samples,
      empty: false,
      asked,
      ...(latest === undefined ? {} : { latest }),
      ...(doubt === undefined ? {} : { warning: doubt }),
      ...(ordered && (month !== day || around.dayFirst !== undefined) ? { dayFirst } : {}),
    },
    share,
  };
}

function round(share: number): number {
  return Math.round(share * 1000) / 1000;
}

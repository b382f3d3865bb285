// What a column is, decided by all of its values that were seen. Each value is a mask of the kinds it fits;
// a column is the first kind that every value fits, or the one that more than 99 % fit when the rest are few
// enough to be mistakes. Below that it stays text: nothing is ever bent to fit.

import { quoteLiteral } from "#lib/sql-text";
import { exactCast } from "./types.ts";
import {
  bitOf,
  isNull,
  isPlainText,
  type Kind,
  KINDS,
  maskKeyOf,
  MARKS,
  maskOf,
  maskOfWords,
  QUICK_BYTES_MAX,
  shapeOfNumber,
  wordsOf,
} from "./kinds.ts";

/** The share of values that must fit before the others count as mistakes. */
const FIT_SHARE_MIN = 0.99;
const SAMPLES_MAX = 3;
const SAMPLE_CHARS_MAX = 200;
/** Words for nothing that one column may have; a column with more has words, not gaps. */
const NOTHING_WORDS_MAX = 16;
/** Texts whose masks are remembered: columns repeat themselves. */
const MASKS_MAX = 100_000;

const masks = new Map<string, number>();
const masksOfNumbers: (number | undefined)[] = [];

function rememberedMask(text: string): number {
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

/** JSON says itself whether a value is a text. */
export type Origin = "text" | "json string" | "json scalar";

const WORDS_OF_JSON = KINDS.filter(
  ({ type }) => type === "DATE" || type === "TIME" || type.startsWith("TIMESTAMP"),
);
const JSON_STRING_MASK = WORDS_OF_JSON.reduce((mask, { name }) => mask | bitOf(name), 0);

/** A column's values as counts of what they look like. */
export interface ToldStats {
  readonly counts: readonly (readonly [words: readonly string[], count: number])[];
  readonly nothing: readonly string[];
  readonly spaced: boolean;
}

export class ColumnStats {
  readonly #counted = new Map<number, number>();
  /** Most values look like the one before: they are counted apart, and put to the others when one does not. */
  #mask = 0;
  #alike = 0;
  readonly #samples: string[] = [];
  readonly #nothing = new Set<string>();
  #values = 0;
  #gaps = 0;
  #spaced = false;

  add(text: string, origin: Origin = "text"): void {
    if (isNull(text)) {
      this.#gaps += 1;
      return;
    }
    const trimmed = hasSpace(text) ? text.trim() : text;
    if (trimmed.length !== text.length) this.#spaced = true;
    let mask = trimmed === "" ? MARKS.nothing : rememberedMask(trimmed);
    if (origin === "json string") mask &= JSON_STRING_MASK;
    if ((mask & MARKS.nothing) !== 0 && this.#nothing.size < NOTHING_WORDS_MAX) this.#nothing.add(trimmed);
    this.#values += 1;
    if (mask !== this.#mask) {
      this.#settle();
      this.#mask = mask;
    }
    this.#alike += 1;
    if (this.#samples.length < SAMPLES_MAX && !this.#samples.includes(text)) {
      this.#samples.push(text.slice(0, SAMPLE_CHARS_MAX));
    }
  }

  #settle(): void {
    if (this.#alike > 0) this.#counted.set(this.#mask, (this.#counted.get(this.#mask) ?? 0) + this.#alike);
    this.#alike = 0;
  }

  get #counts(): ReadonlyMap<number, number> {
    this.#settle();
    return this.#counted;
  }

  /** What was seen, to be kept: `seen` takes it back. */
  told(): ToldStats {
    const counts = [...this.#counts].map(([mask, count]): [string[], number] => [wordsOf(mask), count]);
    return { counts, nothing: this.nothing, spaced: this.#spaced };
  }

  /** Adds what another column like this one has told. */
  seen({ counts, nothing, spaced }: ToldStats): this {
    for (const [words, count] of counts) {
      const mask = maskOfWords(words);
      this.#values += count;
      this.#counted.set(mask, (this.#counted.get(mask) ?? 0) + count);
    }
    for (const word of nothing) this.#nothing.add(word);
    this.#spaced ||= spaced;
    return this;
  }

  get values(): number {
    return this.#values;
  }
  get gaps(): number {
    return this.#gaps;
  }
  get samples(): readonly string[] {
    return this.#samples;
  }
  /** Words for nothing, as they stand in this column. */
  get nothing(): readonly string[] {
    return [...this.#nothing];
  }
  /** Some values have spaces around them. */
  get spaced(): boolean {
    return this.#spaced;
  }

  /** How many values have any of these bits. */
  having(bits: number): number {
    let total = 0;
    for (const [mask, count] of this.#counts) if ((mask & bits) !== 0) total += count;
    return total;
  }
}

/** Whether something may have to be trimmed: most texts begin and end with a plain character. */
function hasSpace(text: string): boolean {
  const first = text.charCodeAt(0);
  const last = text.charCodeAt(text.length - 1);
  return first <= 32 || first > 126 || last <= 32 || last > 126;
}

/** How a column of texts is read. */
export interface Reading {
  /** DuckDB's type. */
  readonly type: string;
  /** Tried in turn; none for a column that stays text. */
  readonly kinds: readonly Kind[];
  /** Words that mean NULL here, besides those that do everywhere. */
  readonly nothing: readonly string[];
  readonly spaced: boolean;
  /** 0 to 1. */
  readonly confidence: number;
  readonly samples: readonly string[];
  readonly warning?: string;
  /** Nothing but NULL was seen. */
  readonly empty: boolean;
}

/** What the file says beside the column itself. */
export interface Surroundings {
  /** Cells are separated by semicolons, as where the comma is the decimal mark. */
  readonly semicolons: boolean;
  /** Another column shows the order of day and month beyond doubt. */
  readonly dayFirst: boolean | undefined;
}

const MONTH_FIRST = bitOf("date, month first") | bitOf("timestamp, month first");
const DAY_FIRST = bitOf("date, day first") | bitOf("timestamp, day first");

/** The order of day and month that some column shows beyond doubt; undefined where none does or two disagree. */
export function dayFirstOf(columns: readonly ColumnStats[]): boolean | undefined {
  let seen: boolean | undefined;
  for (const column of columns) {
    const month = column.having(MONTH_FIRST);
    const day = column.having(DAY_FIRST);
    if (month === day || Math.max(month, day) < column.values * FIT_SHARE_MIN) continue;
    const dayFirst = day > month;
    if (seen !== undefined && seen !== dayFirst) return undefined;
    seen = dayFirst;
  }
  return seen;
}

/** The natural reading of a column, from its values alone. */
export function readingOf(stats: ColumnStats, around: Surroundings, columnName: string): Reading {
  const { values } = stats;
  const nothing = stats.having(MARKS.nothing);
  const filled = values - nothing;
  if (values === 0) return { ...textReading(stats, 0), empty: true };
  if (filled === 0) return textReading(stats, 0.5);
  const candidates = KINDS.filter(({ name, type }) => isAllowed(name, type, stats, around));
  const fits = (kinds: readonly Kind[]): number =>
    stats.having(kinds.reduce((bits, { name }) => bits | bitOf(name), 0));

  for (const kind of candidates)
    if (fits([kind]) === filled) return typed(stats, [kind], filled, filled, around, columnName);
  const dates = unionOf(candidates, "DATE", stats);
  if (dates.length > 1 && fits(dates) > filled * FIT_SHARE_MIN) {
    return typed(stats, dates, fits(dates), filled, around, columnName);
  }
  let best: Kind | undefined;
  for (const kind of candidates) if (best === undefined || fits([kind]) > fits([best])) best = kind;
  if (best !== undefined && fits([best]) > filled * FIT_SHARE_MIN) {
    return typed(stats, [best], fits([best]), filled, around, columnName);
  }
  // Digits with leading zeros are text for certain; otherwise the nearer another kind came, the less it is.
  const nearest = best === undefined || stats.having(MARKS.leadingZero) > 0 ? 0 : fits([best]) / filled;
  return textReading(stats, round(1 - nearest / 2));
}

function isAllowed(name: string, type: string, stats: ColumnStats, around: Surroundings): boolean {
  if (name === "boolean") {
    // A lone letter may be a code of which only one was seen.
    const both = stats.having(MARKS.saysTrue) > 0 && stats.having(MARKS.saysFalse) > 0;
    return both || stats.having(MARKS.booleanWord) > 0;
  }
  if (isNumeric(type) && stats.having(MARKS.leadingZero) > 0) return false;
  if (name === "integer grouped by points") return looksGroupedByPoints(stats, around);
  if (POINT_DECIMALS.has(name)) return !looksGroupedByPoints(stats, around);
  if (name === "date, short year") return stats.having(bitOf("date")) > stats.having(bitOf(name));
  if ((bitOf(name) & MONTH_FIRST) !== 0 && stats.having(MONTH_FIRST) === stats.having(DAY_FIRST)) {
    return around.dayFirst !== true;
  }
  return true;
}

function isNumeric(type: string): boolean {
  return type === "BIGINT" || type === "DOUBLE" || type.startsWith("DECIMAL");
}

/** Kinds that read a point as the decimal mark. */
const POINT_DECIMALS: ReadonlySet<string> = new Set(["decimal", "grouped decimal", "money", "fine money"]);

/** 1.613 beside 379 in a file of semicolons is a count of thousands; 1.613 beside 2.5 is not. */
function looksGroupedByPoints(stats: ColumnStats, { semicolons }: Surroundings): boolean {
  if (!semicolons) return false;
  const grouped = stats.having(bitOf("integer grouped by points"));
  return (
    grouped > stats.having(bitOf("integer")) &&
    grouped === stats.having(bitOf("decimal") | bitOf("integer grouped by points"))
  );
}

/** Every way of writing a type that occurs, the frequent one of day-first and month-first only. */
function unionOf(candidates: readonly Kind[], type: string, stats: ColumnStats): Kind[] {
  const dropped = stats.having(MONTH_FIRST) >= stats.having(DAY_FIRST) ? DAY_FIRST : MONTH_FIRST;
  return candidates.filter(
    (kind) => kind.type === type && (bitOf(kind.name) & dropped) === 0 && stats.having(bitOf(kind.name)) > 0,
  );
}

function typed(
  stats: ColumnStats,
  kinds: readonly Kind[],
  fits: number,
  filled: number,
  around: Surroundings,
  columnName: string,
): Reading {
  const ordered = kinds.filter(({ name }) => ((MONTH_FIRST | DAY_FIRST) & bitOf(name)) !== 0);
  const unclear =
    ordered.length > 0 &&
    around.dayFirst === undefined &&
    stats.having(MONTH_FIRST) === stats.having(DAY_FIRST);
  const first = kinds[0];
  const doubts = [
    ...(unclear
      ? [`"${columnName}": no date tells whether day or month comes first; the month was taken.`]
      : []),
    ...(first?.name === "percentage"
      ? [`"${columnName}": percent signs were taken off; 12.5% is 12.5.`]
      : []),
    ...(first?.name === "integer grouped by points"
      ? [`"${columnName}": points were read as thousands; 1.613 is 1613.`]
      : []),
  ];
  const short = kinds.some(({ name }) => name === "date, short year")
    ? `"${columnName}": years of three digits were taken as they stand, ${stats.having(bitOf("date, short year"))} in all.`
    : undefined;
  const warning = doubts[0] ?? short;
  return {
    type: first?.type ?? "VARCHAR",
    kinds,
    nothing: stats.nothing,
    spaced: stats.spaced,
    confidence: round((fits / filled) * (filled / (filled + 1)) * (doubts.length > 0 ? 0.6 : 1)),
    samples: stats.samples,
    empty: false,
    ...(warning === undefined ? {} : { warning }),
  };
}

function textReading(stats: ColumnStats, confidence: number): Reading {
  return {
    type: "VARCHAR",
    kinds: [],
    nothing: [],
    spaced: false,
    confidence,
    samples: stats.samples,
    empty: false,
  };
}

/** Which kinds' values a type can hold, in the order in which they are tried. */
const REACHES: readonly [type: RegExp, from: readonly string[]][] = [
  [/^(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)$/, ["BIGINT"]],
  [/^(FLOAT|DOUBLE)$/, ["BIGINT", "DOUBLE", "DECIMAL(18,4)"]],
  [/^DECIMAL/, ["BIGINT", "DECIMAL(18,4)", "DOUBLE"]],
  [/^BOOLEAN$/, ["BOOLEAN"]],
  [/^DATE$/, ["DATE"]],
  [/^TIME$/, ["TIME"]],
  [/^TIMESTAMP$/, ["TIMESTAMP"]],
  [/^TIMESTAMP WITH TIME ZONE$/, ["TIMESTAMP WITH TIME ZONE", "TIMESTAMP"]],
];

/** Kinds that read a comma as the decimal mark, or a point as that of thousands. */
const COMMA_DECIMALS: ReadonlySet<string> = new Set([
  "integer grouped by points",
  "decimal with comma",
  "money with comma",
]);

/** Kinds that take the decimal mark for the other one than most values of the column do. */
function foreignMarks(stats: ColumnStats, around: Surroundings): ReadonlySet<string> {
  const having = (names: ReadonlySet<string>): number =>
    stats.having([...names].reduce((bits, name) => bits | bitOf(name), 0));
  const commas = looksGroupedByPoints(stats, around) || having(COMMA_DECIMALS) > having(POINT_DECIMALS);
  return commas ? POINT_DECIMALS : COMMA_DECIMALS;
}

/** A reading that is to give this type, and the share of values it can. */
export function readingAs(
  stats: ColumnStats,
  type: string,
  around: Surroundings,
): { reading: Reading; share: number } {
  if (type === "VARCHAR") return { reading: textReading(stats, 1), share: 1 };
  const from = REACHES.find(([pattern]) => pattern.test(type))?.[1] ?? [];
  const other =
    (around.dayFirst ?? stats.having(DAY_FIRST) > stats.having(MONTH_FIRST)) ? MONTH_FIRST : DAY_FIRST;
  const marks = foreignMarks(stats, around);
  const kinds = from.flatMap((source) =>
    KINDS.filter(
      (kind) =>
        kind.type === source &&
        (bitOf(kind.name) & other) === 0 &&
        !marks.has(kind.name) &&
        stats.having(bitOf(kind.name)) > 0,
    ),
  );
  const bits = kinds.reduce((sum, { name }) => sum | bitOf(name), 0);
  const filled = stats.values - stats.having(MARKS.nothing);
  const share = filled === 0 ? 1 : stats.having(bits) / filled;
  const { samples, spaced, nothing } = stats;
  return {
    reading: { type, kinds, nothing, spaced, confidence: round(share), samples, empty: false },
    share,
  };
}

const WIDE_DECIMAL = "DECIMAL(38,18)";

/** A column's value in SQL: NULL for NULL and for what does not fit. `raw` is the text column, quoted. */
export function valueSql({ type, kinds, nothing, spaced }: Reading, raw: string): string {
  if (type === "VARCHAR") return raw;
  const text = spaced ? `trim(${raw})` : raw;
  const tries = kinds.map((kind) => {
    // A float between text and decimal would change the last digits of long ones.
    const wide = kind.name === "decimal" && type.startsWith("DECIMAL");
    const value = wide ? `TRY_CAST(${text} AS ${WIDE_DECIMAL})` : kind.sql(text);
    const quick = wide ? "" : quickWhen(kind, text, value);
    const guarded = `CASE ${quick}WHEN ${matches(kind, text)} THEN ${value} END`;
    return exactCast(guarded, wide ? WIDE_DECIMAL : kind.type, type);
  });
  // Types that no kind gives are left to DuckDB's own cast; a number that it would round is not.
  if (!/INT$|^INTEGER$|^DECIMAL|^DATE$|^TIMESTAMP/.test(type)) tries.push(`TRY_CAST(${text} AS ${type})`);
  if (tries.length === 0) tries.push(`TRY_CAST(NULL AS ${type})`);
  const value = tries.length === 1 ? tries.join("") : `coalesce(${tries.join(", ")})`;
  return nothing.length === 0 ? value : `CASE WHEN ${isNothing(text, nothing)} THEN NULL ELSE ${value} END`;
}

/** Whether a value does not fit its column, in SQL. */
export function misfitSql(reading: Reading, raw: string): string {
  if (reading.type === "VARCHAR") return "false";
  const text = reading.spaced ? `trim(${raw})` : raw;
  const something = reading.nothing.length === 0 ? "" : ` AND NOT ${isNothing(text, reading.nothing)}`;
  return `(${raw} IS NOT NULL${something} AND ${valueSql(reading, raw)} IS NULL)`;
}

/**
 * The value, or an error for anything that was not foreseen: what `valueSql` gives where `misfitSql` is never
 * true, at the price of one cast.
 */
export function strictSql(reading: Reading, raw: string): string {
  if (reading.empty)
    return `CASE WHEN ${raw} IS NULL THEN CAST(NULL AS ${reading.type}) ELSE error('misfit') END`;
  if (reading.type === "VARCHAR") return raw;
  const [kind] = reading.kinds;
  if (reading.kinds.length !== 1 || kind === undefined || kind.type !== reading.type || reading.spaced) {
    return `coalesce(${valueSql(reading, raw)}, CASE WHEN ${misfitSql(reading, raw)} THEN error('misfit') END)`;
  }
  const value = kind.sql(raw);
  const quick = quickWhen(kind, raw, value);
  const nothing = reading.nothing.length === 0 ? "" : `WHEN ${isNothing(raw, reading.nothing)} THEN NULL `;
  return `CASE WHEN ${raw} IS NULL THEN NULL ${quick}${nothing}WHEN ${matches(kind, raw)} AND ${value} IS NOT NULL THEN ${value} ELSE error('misfit') END`;
}

/** The branch that most values take. */
function quickWhen({ canonical, quick }: Kind, raw: string, value: string): string {
  if (canonical === true) return `WHEN CAST(${value} AS VARCHAR) = ${raw} THEN ${value} `;
  if (quick === undefined) return "";
  return `WHEN strlen(${raw}) <= ${QUICK_BYTES_MAX} AND regexp_full_match(${raw}, ${quoteLiteral(quick)}) THEN ${value} `;
}

function matches(kind: Kind, text: string): string {
  return `regexp_full_match(${text}, ${quoteLiteral(kind.pattern)}, 'i')`;
}

function isNothing(text: string, words: readonly string[]): string {
  return `(${text} IN (${words.map(quoteLiteral).join(", ")}))`;
}

function round(share: number): number {
  return Math.round(share * 1000) / 1000;
}

/**
 * Column names out of header cells: trimmed, on one line, never empty, and different for an engine that does
 * not tell capitals apart.
 */
export function columnNames(cells: readonly string[]): string[] {
  const taken = new Set<string>();
  const wanted = cells.map((cell) => cell.replaceAll("\0", "").replace(/\s+/g, " ").trim());
  return wanted.map((name, index) => {
    const base = name === "" ? `column_${index + 1}` : name;
    let unique = base;
    for (let copy = 2; taken.has(unique.toLowerCase()); copy += 1) unique = `${base}_${copy}`;
    taken.add(unique.toLowerCase());
    return unique;
  });
}

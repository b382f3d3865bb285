// The type of a column, decided by all of its values that were seen. Each value is a mask of the kinds it fits; a
// column is the first kind that every value fits, or the one that more than 99 % fit when the rest are few enough
// to be mistakes. Below that it stays text: nothing is ever bent to fit.

import type { ColumnStats } from "./column-stats.ts";
import { bitOf, type Kind, KINDS } from "./kinds.ts";
import { MARKS } from "./masks.ts";

/** The share of values that must fit before the others count as mistakes. */
const FIT_SHARE_MIN = 0.99;

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

/** The natural type of a column, from its values alone. */
export function inferType(stats: ColumnStats, around: Surroundings, columnName: string): Typing {
  const { values } = stats;
  const nothing = stats.having(MARKS.nothing);
  const filled = values - nothing;
  if (values === 0) return { ...textTyping(stats, 0), empty: true };
  if (filled === 0) return textTyping(stats, 0.5);
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
  return textTyping(stats, round(1 - nearest / 2));
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
): Typing {
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

function textTyping(stats: ColumnStats, confidence: number): Typing {
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

/** How a column is read as this type, and the share of values it can. */
export function typeAs(
  stats: ColumnStats,
  type: string,
  around: Surroundings,
): { typing: Typing; share: number } {
  if (type === "VARCHAR") return { typing: textTyping(stats, 1), share: 1 };
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
    typing: { type, kinds, nothing, spaced, confidence: round(share), samples, empty: false },
    share,
  };
}

function round(share: number): number {
  return Math.round(share * 1000) / 1000;
}

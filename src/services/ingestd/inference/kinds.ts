// The kinds of value that a cell of text can hold, as data: a pattern that is the same in JavaScript and in
// DuckDB's RE2, and the SQL that turns such a text into its typed value. The pattern decides what fits, in
// both places; the SQL gives NULL for what matches and is still no value (30 February). A kind never changes a
// value: a DOUBLE takes only numbers that it gives back digit by digit, a code such as 1E05 is no number, and a
// date whose year has two digits gets the century that its column's window says.

import { quoteLiteral } from "#lib/sql-text";
import { WORDED_DATE, WORDED_SHORT_YEAR, wordedDaySql } from "./worded-dates.ts";

export interface Kind {
  readonly name: string;
  /** DuckDB's type of the values. */
  readonly type: string;
  /** Must match the whole text. */
  readonly pattern: string;
  /** `latest` is the last day (ISO) that a year of two digits may mean; without it the years are 1969 to 2068. */
  readonly sql: (text: string, latest?: string) => string;
  /** A condition in SQL that must hold besides the pattern. */
  readonly guard?: (text: string) => string;
  /** What the value's own text is equal to, nearly always: a check that costs less than the pattern. */
  readonly canonical?: boolean;
  /** A pattern for what is written as most are, up to `QUICK_BYTES_MAX` long: it implies the other and costs less. */
  readonly quick?: string;
  readonly matches: (text: string) => boolean;
}

/** A number that is no longer than this, its point included, has at most 15 digits. */
export const QUICK_BYTES_MAX = 15;

interface KindSpec extends Omit<Kind, "matches"> {
  readonly valid?: (text: string) => boolean;
}

export function kindOf({ valid, ...spec }: KindSpec): Kind {
  const pattern = new RegExp(`^(?:${spec.pattern})$`, "i");
  return {
    ...spec,
    matches: valid === undefined ? (text) => pattern.test(text) : (text) => pattern.test(text) && valid(text),
  };
}

/** Spaces that group digits: the plain one, without a break, narrow, thin; and apostrophes. */
const GAPS = " '\u2019\u00a0\u202f\u2009";
/**
 * Thousands apart by commas, spaces or apostrophes, or as in India, where two digits follow the thousands; where the
 * comma is the decimal mark, by points, spaces or apostrophes.
 */
const GROUPED = `(?:[1-9][0-9]{0,2}(?:[,${GAPS}][0-9]{3})+|[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3})`;
const GROUPED_BY_POINTS = `[1-9][0-9]{0,2}(?:[.${GAPS}][0-9]{3})+`;
const WHOLE = "0|[1-9][0-9]{0,17}";
/** The hyphen, or the sign that typesetters use. */
const MINUS = "[-\u2212]";
const SIGN = `(?:${MINUS} ?|\\+)?`;
/** Currency signs and codes that stand before or after an amount; longer ones first. */
export const CURRENCIES: readonly string[] = [
  ..."US$ CA$ AU$ NZ$ HK$ NT$ MX$ A$ C$ R$ S$".split(" "),
  ..."USD EUR GBP CHF CAD AUD NZD JPY CNY INR SEK NOK DKK PLN CZK HUF MXN BRL ZAR SGD HKD".split(" "),
  ..."RUB KRW TWD THB IDR MYR AED SAR ILS RON BGN UAH".split(" "),
  ..."Rs. Rs Fr. kr. kr Kč zł".split(" "),
  ..."$€£¥￥₹₩₽₺₪₴₫₦₱฿".split(""),
];
const escaped = (text: string): string => text.replace(/[$.]/g, "\\$&");
const ANY_CURRENCY = `(?:${CURRENCIES.map(escaped).join("|")})`;
const CLOCK = "(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\\.[0-9]{1,6})?)?";
const CLOCK_12 = "(?:0?[1-9]|1[0-2]):[0-5][0-9](?::[0-5][0-9])? ?[AP]M";
const ISO_CLOCK = "[T ][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\\.[0-9]{1,6}0{0,3})?)?";
const ISO_DATE = "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}";
const ANY_DAY = "[0-9]{1,2}[/.-][0-9]{1,2}[/.-](?:[0-9]{4}|[0-9]{2})";
/** As in Prague: 31. 12. 2024. */
const SPACED_DAY = "[0-9]{1,2}\\. [0-9]{1,2}\\. [0-9]{4}";
/** As in Budapest, Tokyo and Seoul: 2024. 12. 31., 2024年12月31日, 2024년 12월 31일. */
const YEAR_FIRST =
  "[0-9]{4}[/.][0-9]{1,2}[/.][0-9]{1,2}|[0-9]{4}\\. ?[0-9]{1,2}\\. ?[0-9]{1,2}\\.|[0-9]{4}年 ?[0-9]{1,2}月 ?[0-9]{1,2}日|[0-9]{4}년 ?[0-9]{1,2}월 ?[0-9]{1,2}일";
const MONTHS =
  "(?:January|February|March|April|May|June|July|August|September|October|November|December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";

/** Digits, point and sign of a number that is dressed up; `keep` names the decimal mark. */
const bare = (text: string, keep: "." | ","): string => {
  const digits = `regexp_replace(${text}, '[^0-9${keep}]', '', 'g')`;
  const plain = keep === "," ? `replace(${digits}, ',', '.')` : digits;
  return `CASE WHEN contains(${text}, '-') OR contains(${text}, '\u2212') OR contains(${text}, '(') THEN '-' || ${plain} ELSE ${plain} END`;
};

/** Digits that count: without those that only place the point. */
export function digitsOf(text: string): number {
  const mantissa = /^[^eE]*/.exec(text)?.[0] ?? "";
  return mantissa.replace(/[^0-9]/g, "").replace(/^0+/, "").length;
}

/** Every decimal of so many digits is told apart by a double. */
export const DOUBLE_DIGITS = 15;
/** Whether a double gives back every digit. The dressed-up ones are taken up to 15, the plain ones also when they are a double's own text. */
const fewDigits = (text: string): boolean => digitsOf(text) <= DOUBLE_DIGITS;
const exactDouble = (text: string): boolean => {
  const value = Number(text);
  if (!Number.isFinite(value)) return false;
  if (fewDigits(text)) return true;
  if (WHOLE_NUMBER.test(text)) return BigInt(value) === BigInt(text);
  const size = Math.abs(value);
  // Where JavaScript and DuckDB write a number alike, its own text is a proof.
  if (/e/i.test(text)) return (size < 1e-5 || size >= 1e17) && value.toExponential() === exponentOf(text);
  return size >= 1e-4 && size < 1e15 && String(value) === text;
};
const WHOLE_NUMBER = /^-?[0-9]+$/;
const exponentOf = (text: string): string =>
  text
    .toLowerCase()
    .replace(/e(?=[0-9])/, "e+")
    .replace(/e([+-])0+(?=[0-9])/, "e$1");
const fewDigitsSql = (text: string): string =>
  `length(ltrim(regexp_replace(split_part(lower(${text}), 'e', 1), '[^0-9]', '', 'g'), '0')) <= ${DOUBLE_DIGITS}`;
const exponentSql = (text: string): string =>
  `regexp_replace(regexp_replace(lower(${text}), 'e([0-9])', 'e+\\1'), 'e([+-])0+([0-9])', 'e\\1\\2')`;
/** DuckDB reads 1e+400 as infinity. */
const exactDoubleSql = (text: string): string => {
  const value = `TRY_CAST(${text} AS DOUBLE)`;
  const written = `CAST(${value} AS VARCHAR)`;
  const cases = [
    `WHEN ${fewDigitsSql(text)} THEN true`,
    `WHEN regexp_full_match(${text}, '-?[0-9]+') THEN TRY_CAST(${value} AS HUGEINT) = TRY_CAST(${text} AS HUGEINT)`,
    `WHEN contains(lower(${text}), 'e') THEN (abs(${value}) < 1e-5 OR abs(${value}) >= 1e17) AND ${exponentSql(written)} = ${exponentSql(text)}`,
    `ELSE abs(${value}) >= 1e-4 AND abs(${value}) < 1e15 AND ${written} = ${text}`,
  ];
  return `(isfinite(${value}) AND CASE ${cases.join(" ")} END)`;
};

const unspaced = (text: string): string => `replace(${text}, '. ', '.')`;
const slashed = (text: string): string => `translate(${text}, '.-', '//')`;
/** A day whose year stands first as ISO writes it. */
const dashed = (text: string): string =>
  `rtrim(regexp_replace(${text}, '[-/.年月년월]+ ?', '-', 'g'), '-日일')`;
const strptime = (text: string, formats: readonly string[]): string =>
  `try_strptime(${text}, [${formats.map(quoteLiteral).join(", ")}])`;

/** Years of two digits are read as 1969 to 2068; a date after `latest` is one of the century before. */
function inWindow(stamp: string, text: string, shortYear: string, latest: string | undefined): string {
  if (latest === undefined) return stamp;
  return `CASE WHEN ${stamp} >= DATE ${quoteLiteral(latest)} + INTERVAL 1 DAY AND regexp_matches(${text}, ${quoteLiteral(shortYear)}) THEN ${stamp} - INTERVAL 100 YEAR ELSE ${stamp} END`;
}
const SHORT_YEAR_LAST = "^[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2}(?:[, ]|$)";
const SHORT_YEARS = [new RegExp(SHORT_YEAR_LAST), new RegExp(WORDED_SHORT_YEAR)];

export function hasShortYear(text: string): boolean {
  return SHORT_YEARS.some((pattern) => pattern.test(text));
}

const DAY_FORMATS = { mdy: ["%m/%d/%y", "%m/%d/%Y"], dmy: ["%d/%m/%y", "%d/%m/%Y"] } as const;
/** 31. 12. 2024 with slashes for its points: for the few that write so, the many lose no time. */
const SPACED_FORMAT = "%d/ %m/ %Y";
const WORDED_DAYS = ["%d %m %y", "%d %m %Y"];
const CLOCK_FORMATS = [
  "%H:%M",
  "%H:%M:%S",
  "%H:%M:%S.%f",
  "%I:%M %p",
  "%I:%M:%S %p",
  "%I:%M%p",
  "%I:%M:%S%p",
];

function stampFormats(days: readonly string[]): string[] {
  return [...days, ...days.flatMap((day) => CLOCK_FORMATS.map((clock) => `${day} ${clock}`))];
}

function dayIs(text: string, monthFirst: boolean): boolean {
  const [first = 0, second = 0] = text.split(/[/. -]+/, 2).map(Number);
  const [month, day] = monthFirst ? [first, second] : [second, first];
  return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

const isoDay = (text: string): boolean => {
  const [, month = 0, day = 0] = text
    .slice(0, 14)
    .split(/[-/.T 年月日년월일]+/, 3)
    .map(Number);
  return month >= 1 && month <= 12 && day >= 1 && day <= 31;
};

const DECIMAL = "(?:0|[1-9][0-9]{0,17}|(?:0|[1-9][0-9]{0,17})?\\.[0-9]{1,30})";
/** What programs write: a point in the mantissa, or a sign in the exponent. */
const EXPONENT =
  "(?:0|[1-9][0-9]{0,17})?\\.[0-9]{1,30}e[+-]?[0-9]{1,3}|(?:0|[1-9][0-9]{0,14})e[+-][0-9]{1,3}";
const SIGNED_DECIMAL = `-?(?:${DECIMAL}|${EXPONENT})|-(?:0|[1-9][0-9]{0,14})e[0-9]{1,3}|\\+(?:0|[1-9][0-9]{0,5}|(?:0|[1-9][0-9]{0,17})?\\.[0-9]{1,30})`;

const SPECS: readonly KindSpec[] = [
  {
    name: "boolean",
    type: "BOOLEAN",
    pattern: "true|false|yes|no|y|n|t|f|on|off",
    sql: (text) => `(lower(${text}) IN ('true', 't', 'yes', 'y', 'on'))`,
  },
  {
    name: "integer",
    type: "BIGINT",
    // A plus and many digits is a telephone number.
    pattern: `-?(?:${WHOLE})|\\+(?:0|[1-9][0-9]{0,5})`,
    sql: (text) => `TRY_CAST(${text} AS BIGINT)`,
    canonical: true,
  },
  {
    // What programs make of whole numbers beside gaps: taken where the dataset holds whole numbers.
    name: "integer with zeros",
    type: "BIGINT",
    pattern: `-?(?:${WHOLE})\\.0{1,6}`,
    sql: (text) => `TRY_CAST(split_part(${text}, '.', 1) AS BIGINT)`,
  },
  {
    name: "decimal",
    type: "DOUBLE",
    pattern: SIGNED_DECIMAL,
    sql: (text) => `TRY_CAST(${text} AS DOUBLE)`,
    guard: exactDoubleSql,
    quick: "-?(?:0|[1-9][0-9]*)(?:[.][0-9]+)?",
    valid: exactDouble,
  },
  {
    // 2E5 may be a number or the name of a part: taken among numbers that leave no doubt.
    name: "decimal, any exponent",
    type: "DOUBLE",
    pattern: `${SIGNED_DECIMAL}|[1-9][0-9]{0,14}e[0-9]{1,3}`,
    sql: (text) => `TRY_CAST(${text} AS DOUBLE)`,
    guard: exactDoubleSql,
    valid: exactDouble,
  },
  {
    // Its precision and scale are the column's: `exactDecimal`.
    name: "exact decimal",
    type: "DECIMAL",
    pattern: "[+-]?(?:0|[1-9][0-9]{0,37})?(?:\\.[0-9]{1,37})?",
    sql: (text) => `TRY_CAST(${text} AS DECIMAL(38,18))`,
    valid: (text) => /[0-9]/.test(text) && !isPhone(text),
    guard: notPhoneSql,
  },
  {
    name: "grouped integer",
    type: "BIGINT",
    pattern: `${SIGN}(?:${WHOLE}|${GROUPED})`,
    sql: (text) => `TRY_CAST(${bare(text, ".")} AS BIGINT)`,
    valid: (text) => !isPhone(text),
    guard: notPhoneSql,
  },
  {
    name: "grouped decimal",
    type: "DOUBLE",
    // A minus may stand behind a number with decimals.
    pattern: `${SIGN}(?:${WHOLE}|${GROUPED})(?:\\.[0-9]+)?|(?:${WHOLE}|${GROUPED})\\.[0-9]+-`,
    sql: (text) => `TRY_CAST(${bare(text, ".")} AS DOUBLE)`,
    valid: (text) => fewDigits(text) && !isPhone(text),
    guard: (text) => `${fewDigitsSql(text)} AND ${notPhoneSql(text)}`,
  },
  money("money", 2, ANY_CURRENCY),
  money("fine money", 4, ANY_CURRENCY),
  {
    name: "percentage",
    type: "DOUBLE",
    pattern: "[+-]?(?:0|[1-9][0-9]{0,14})(?:\\.[0-9]+)? ?%",
    sql: (text) => `TRY_CAST(rtrim(${text}, ' %') AS DOUBLE)`,
    valid: fewDigits,
    guard: fewDigitsSql,
  },
  {
    name: "integer grouped by points",
    type: "BIGINT",
    pattern: `[+-]?(?:${WHOLE}|[1-9][0-9]{0,2}(?:\\.[0-9]{3})+)`,
    sql: (text) => `TRY_CAST(replace(${text}, '.', '') AS BIGINT)`,
    valid: (text) => !isPhone(text),
    guard: notPhoneSql,
  },
  {
    name: "decimal with comma",
    type: "DOUBLE",
    pattern: `[+-]?(?:${WHOLE}|${GROUPED_BY_POINTS})(?:,[0-9]+)?|(?:${WHOLE}|${GROUPED_BY_POINTS}),[0-9]+-`,
    sql: (text) => `TRY_CAST(${bare(text, ",")} AS DOUBLE)`,
    valid: (text) => fewDigits(text) && !isPhone(text),
    guard: (text) => `${fewDigitsSql(text)} AND ${notPhoneSql(text)}`,
  },
  moneyWithComma(ANY_CURRENCY),
  {
    name: "date",
    type: "DATE",
    pattern: ISO_DATE,
    sql: (text) => `TRY_CAST(${text} AS DATE)`,
    canonical: true,
    valid: isoDay,
  },
  {
    // A digit is missing, and the rest of the row is worth having: taken beside full dates only.
    name: "date, short year",
    type: "DATE",
    pattern: "[0-9]{3}-[0-9]{2}-[0-9]{2}",
    sql: (text) => `TRY_CAST('0' || ${text} AS DATE)`,
    valid: (text) => isoDay(`0${text}`),
  },
  {
    name: "date, year first",
    type: "DATE",
    pattern: YEAR_FIRST,
    sql: (text) => `TRY_CAST(${dashed(text)} AS DATE)`,
    valid: isoDay,
  },
  {
    name: "date, month first",
    type: "DATE",
    pattern: ANY_DAY.replaceAll("[/.-]", "[/-]"),
    sql: (text, latest) =>
      `CAST(${inWindow(strptime(slashed(text), DAY_FORMATS.mdy), text, SHORT_YEAR_LAST, latest)} AS DATE)`,
    valid: (text) => dayIs(text, true),
  },
  {
    name: "date, day first",
    type: "DATE",
    pattern: `${ANY_DAY}|${SPACED_DAY}`,
    sql: (text, latest) =>
      `CAST(${inWindow(strptime(slashed(text), [...DAY_FORMATS.dmy, SPACED_FORMAT]), text, SHORT_YEAR_LAST, latest)} AS DATE)`,
    valid: (text) => dayIs(text, false),
  },
  {
    name: "date in words",
    type: "DATE",
    pattern: `[0-9]{1,2}[ -]${MONTHS}[ -](?:[0-9]{4}|[0-9]{2})|${MONTHS} [0-9]{1,2},? [0-9]{4}`,
    sql: (text, latest) => {
      const plain = `replace(replace(${text}, '-', ' '), ',', '')`;
      const formats = ["%d %b %y", "%d %b %Y", "%d %B %y", "%d %B %Y", "%b %d %Y", "%B %d %Y"];
      return `CAST(${inWindow(strptime(plain, formats), text, WORDED_SHORT_YEAR, latest)} AS DATE)`;
    },
  },
  {
    name: "date in words of any language",
    type: "DATE",
    pattern: WORDED_DATE,
    sql: (text, latest) =>
      `CAST(${inWindow(strptime(wordedDaySql(text), WORDED_DAYS), text, WORDED_SHORT_YEAR, latest)} AS DATE)`,
  },
  {
    name: "time",
    type: "TIME",
    pattern: CLOCK,
    sql: (text) => `TRY_CAST(${text} AS TIME)`,
    canonical: true,
  },
  {
    name: "time, 12 hours",
    type: "TIME",
    pattern: CLOCK_12,
    sql: (text) => `CAST(${strptime(`upper(replace(${text}, ' ', ''))`, ["%I:%M%p", "%I:%M:%S%p"])} AS TIME)`,
  },
  {
    name: "timestamp",
    type: "TIMESTAMP",
    pattern: `${ISO_DATE}(?:${ISO_CLOCK})?`,
    sql: (text) => `TRY_CAST(${text} AS TIMESTAMP)`,
    canonical: true,
    valid: isoDay,
  },
  {
    name: "timestamp, year first",
    type: "TIMESTAMP",
    // Loggers write the fraction behind a comma.
    pattern: `(?:${YEAR_FIRST})(?:[T ]${CLOCK})?|${ISO_DATE}[T ][0-9]{1,2}:[0-9]{2}:[0-9]{2},[0-9]{1,6}|[0-9]{4}[/.-][0-9]{1,2}[/.-][0-9]{1,2},? ${CLOCK_12}`,
    sql: yearFirstStamp,
    valid: isoDay,
  },
  {
    name: "timestamp with zone",
    type: "TIMESTAMP WITH TIME ZONE",
    pattern: `${ISO_DATE}${ISO_CLOCK} ?(?:Z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?)`,
    // DuckDB wants seconds before a zone, and a colon in it.
    sql: (text) =>
      `TRY_CAST(regexp_replace(regexp_replace(regexp_replace(upper(${text}), ' ?(UTC|Z)$', 'Z'), '([T ][0-9]{1,2}:[0-9]{2}) ?(Z|[+-].*)$', '\\1:00\\2'), ' ?([+-][0-9]{2}):?([0-9]{2})$', '\\1:\\2') AS TIMESTAMPTZ)`,
    valid: isoDay,
  },
  {
    name: "timestamp, month first",
    type: "TIMESTAMP",
    pattern: `${ANY_DAY.replaceAll("[/.-]", "[/-]")}(?:,? (?:${CLOCK}|${CLOCK_12}))?`,
    sql: (text, latest) =>
      inWindow(strptime(dayAndClock(text), stampFormats(DAY_FORMATS.mdy)), text, SHORT_YEAR_LAST, latest),
    valid: (text) => dayIs(text, true),
  },
  {
    name: "timestamp, day first",
    type: "TIMESTAMP",
    pattern: `(?:${ANY_DAY}|${SPACED_DAY})(?:,? (?:${CLOCK}|${CLOCK_12}))?`,
    sql: (text, latest) =>
      inWindow(
        strptime(dayAndClock(unspaced(text)), stampFormats(DAY_FORMATS.dmy)),
        text,
        SHORT_YEAR_LAST,
        latest,
      ),
    valid: (text) => dayIs(text, false),
  },
  {
    name: "timestamp in words",
    type: "TIMESTAMP",
    pattern: `${WORDED_DATE}(?:,? (?:(?:at|a las|um|à) )?(?:${CLOCK}|${CLOCK_12}))?`,
    sql: (text, latest) => {
      const clock = `regexp_extract(upper(${text}), ' ([0-9]{1,2}:.*)$', 1)`;
      const stamp = `rtrim(${wordedDaySql(text)} || ' ' || ${clock})`;
      return inWindow(strptime(stamp, stampFormats(WORDED_DAYS)), text, WORDED_SHORT_YEAR, latest);
    },
  },
];

/** The day and the clock behind it are told apart by the colon: the day may have blanks of its own. */
function yearFirstStamp(text: string): string {
  const point = `regexp_replace(upper(${text}), '(:[0-9]{2}),([0-9])', '\\1.\\2')`;
  const clock = `regexp_extract(${point}, '[0-9]{1,2}:.*$')`;
  const day = dashed(`rtrim(left(${point}, length(${point}) - length(${clock})), 'T ,')`);
  const stamp = `rtrim(${day} || ' ' || ${clock})`;
  const halves = strptime(stamp, [
    "%Y-%m-%d %I:%M %p",
    "%Y-%m-%d %I:%M:%S %p",
    "%Y-%m-%d %I:%M%p",
    "%Y-%m-%d %I:%M:%S%p",
  ]);
  return `coalesce(${halves}, TRY_CAST(${stamp} AS TIMESTAMP))`;
}

/** Day separators become one mark, the fraction's point stays: it stands behind the space. */
function dayAndClock(text: string): string {
  const upper = `upper(replace(replace(${text}, ',', ''), 'T', ' '))`;
  const day = `split_part(${upper}, ' ', 1)`;
  return `(${slashed(day)} || CASE WHEN contains(${upper}, ' ') THEN ' ' || substr(${upper}, strpos(${upper}, ' ') + 1) ELSE '' END)`;
}

function isPhone(text: string): boolean {
  return PHONE.test(text);
}
const PHONE = /^\+[0-9]{7}/;
function notPhoneSql(text: string): string {
  return `NOT regexp_matches(${text}, '^[+][0-9]{7}')`;
}

const MONEY_DIGITS = 18;

/** Digits before the decimal mark. */
function wholeDigitsOf(text: string, mark: "." | ","): number {
  const [whole = ""] = text.split(mark);
  return whole.replace(/[^0-9]/g, "").length;
}

/**
 * An amount as accountants write it: sign before or behind the currency, or a minus at the end, or all of it in
 * brackets.
 */
function amountPattern(currency: string, amount: string): string {
  const gap = "[ \u00a0\u202f]?";
  const behind = `(?:${gap}${currency})?`;
  const ways = [
    `${SIGN}(?:${currency}${gap})?${amount}${behind}`,
    `${currency}${gap}${SIGN}${amount}`,
    `(?:${currency}${gap})?${amount}-${behind}`,
    `(?:${currency}${gap})?\\( ?(?:${currency}${gap})?${amount}${behind} ?\\)`,
  ];
  return ways.join("|");
}

/** Without the point that belongs to a currency, as in `Rs. 5`. */
const withoutDots = (text: string): string => `regexp_replace(${text}, '(rs|fr|kr)[.]', '', 'i')`;

function money(name: string, scale: number, currency: string): KindSpec {
  return {
    name,
    type: `DECIMAL(18,${scale})`,
    pattern: amountPattern(currency, `(?:${WHOLE}|${GROUPED})(?:\\.[0-9]{1,${scale}})?`),
    sql: (text) => `TRY_CAST(${bare(withoutDots(text), ".")} AS DECIMAL(18,${scale}))`,
    valid: (text) =>
      isAmount(text) && wholeDigitsOf(text.replace(/(?:rs|fr|kr)\./i, ""), ".") <= MONEY_DIGITS - scale,
    guard: isAmountSql,
  };
}

function moneyWithComma(currency: string): KindSpec {
  return {
    name: "money with comma",
    type: "DECIMAL(18,2)",
    pattern: amountPattern(currency, `(?:${WHOLE}|${GROUPED_BY_POINTS})(?:,[0-9]{1,2})?`),
    sql: (text) => `TRY_CAST(${bare(withoutDots(text), ",")} AS DECIMAL(18,2))`,
    valid: (text) => isAmount(text) && wholeDigitsOf(text, ",") <= MONEY_DIGITS - 2,
    guard: isAmountSql,
  };
}

/**
 * Letters that stand against whole digits, CAD-12, are rather a code than an amount; so are a telephone number and
 * whole digits before a hyphen.
 */
const GLUED = "^[A-Z]{2,4}-?[0-9]+$|^[0-9]+-?[A-Z]{2,4}$|^[0-9]+-$";
const GLUED_CODE = new RegExp(GLUED, "i");
function isAmount(text: string): boolean {
  return !isPhone(text) && !GLUED_CODE.test(text);
}
function isAmountSql(text: string): string {
  return `${notPhoneSql(text)} AND NOT regexp_matches(${text}, '${GLUED}', 'i')`;
}

/** A kind of money in one currency alone: in a column of dollars, euros are misfits. */
export function moneyIn(kind: Kind, currency: string): Kind {
  const sign = `(?:${escaped(currency)})`;
  if (kind.name === "money") return kindOf(money(kind.name, 2, sign));
  if (kind.name === "fine money") return kindOf(money(kind.name, 4, sign));
  return kindOf(moneyWithComma(sign));
}

/** Plain decimals of a precision and scale: none is rounded. */
export function exactDecimal(precision: number, scale: number): Kind {
  const whole = precision - scale;
  // Of nothing but places the whole part is a zero, or left out.
  const digits = whole === 0 ? "0" : `(?:0|[1-9][0-9]{0,${whole - 1}})`;
  return kindOf({
    name: "exact decimal",
    type: `DECIMAL(${precision},${scale})`,
    pattern: `[+-]?(?:${digits}(?:\\.[0-9]{0,${scale}})?|\\.[0-9]{1,${scale}})`,
    sql: (text) => `TRY_CAST(${text} AS DECIMAL(${precision},${scale}))`,
    valid: (text) => !isPhone(text),
    guard: notPhoneSql,
  });
}

export const KINDS: readonly Kind[] = SPECS.map(kindOf);

const BY_NAME = new Map(KINDS.map((entry, index) => [entry.name, index]));

/** The bit of a kind in a mask. */
export function bitOf(name: string): number {
  return 1 << (BY_NAME.get(name) ?? 31);
}

/** The bits of several kinds. */
export function bitsOf(names: Iterable<string>): number {
  let bits = 0;
  for (const name of names) bits |= bitOf(name);
  return bits;
}

/** Whether there is a kind of that name. */
export function isKind(name: string): boolean {
  return BY_NAME.has(name);
}

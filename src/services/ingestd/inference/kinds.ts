// The kinds of value that a cell of text can hold, as data: a pattern that is the same in JavaScript and in
// DuckDB's RE2, and the SQL that turns such a text into its typed value. The pattern decides what fits, in
// both places; the SQL gives NULL for what matches and is still no value (30 February).

import { quoteLiteral } from "#lib/sql-text";

export interface Kind {
  readonly name: string;
  /** DuckDB's type of the values. */
  readonly type: string;
  /** Must match the whole text. */
  readonly pattern: string;
  readonly sql: (text: string) => string;
  /** What the value's own text is equal to, nearly always: a check that costs less than the pattern. */
  readonly canonical?: boolean;
  /** A pattern for what is written as most are, up to `QUICK_BYTES_MAX` long: it implies the other and costs less. */
  readonly quick?: string;
  readonly matches: (text: string) => boolean;
}

/** Below the digits that any pattern takes. */
export const QUICK_BYTES_MAX = 16;

interface KindSpec extends Omit<Kind, "matches"> {
  readonly valid?: (text: string) => boolean;
}

function kind({ valid, ...spec }: KindSpec): Kind {
  const pattern = new RegExp(`^(?:${spec.pattern})$`, "i");
  return {
    ...spec,
    matches: valid === undefined ? (text) => pattern.test(text) : (text) => pattern.test(text) && valid(text),
  };
}

const GROUPED = "[1-9][0-9]{0,2}(?:[, ][0-9]{3})+";
const WHOLE = "0|[1-9][0-9]{0,17}";
const SIGN = "(?:- ?)?";
const MONEY_SIGN = "(?:[$€£¥₹]|USD|EUR|GBP|CHF)";
const CLOCK = "(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\\.[0-9]{1,6})?)?";
const CLOCK_12 = "(?:0?[1-9]|1[0-2]):[0-5][0-9](?::[0-5][0-9])? ?[AP]M";
const ISO_CLOCK = "[T ][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\\.[0-9]{1,9})?)?";
const ISO_DATE = "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}";
const ANY_DAY = "[0-9]{1,2}[/.-][0-9]{1,2}[/.-](?:[0-9]{4}|[0-9]{2})";
const MONTHS =
  "(?:January|February|March|April|May|June|July|August|September|October|November|December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";

/** Digits, point and sign of a number that is dressed up; `keep` names the decimal mark. */
const bare = (text: string, keep: "." | ","): string => {
  const digits = `regexp_replace(${text}, '[^0-9${keep}]', '', 'g')`;
  const plain = keep === "," ? `replace(${digits}, ',', '.')` : digits;
  return `CASE WHEN contains(${text}, '-') OR starts_with(${text}, '(') THEN '-' || ${plain} ELSE ${plain} END`;
};

const slashed = (text: string): string => `translate(${text}, '.-', '//')`;
const strptime = (text: string, formats: readonly string[]): string =>
  `try_strptime(${text}, [${formats.map(quoteLiteral).join(", ")}])`;

const DAY_FORMATS = { mdy: ["%m/%d/%y", "%m/%d/%Y"], dmy: ["%d/%m/%y", "%d/%m/%Y"] } as const;
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
  const [first = 0, second = 0] = text.split(/[/. -]/, 2).map(Number);
  const [month, day] = monthFirst ? [first, second] : [second, first];
  return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

const isoDay = (text: string): boolean => {
  const [, month = 0, day = 0] = text
    .slice(0, 10)
    .split(/[-/.T ]/)
    .map(Number);
  return month >= 1 && month <= 12 && day >= 1 && day <= 31;
};

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
    pattern: `-?(?:${WHOLE})`,
    sql: (text) => `TRY_CAST(${text} AS BIGINT)`,
    canonical: true,
  },
  {
    name: "decimal",
    type: "DOUBLE",
    pattern: "-?(?:0|[1-9][0-9]{0,15}|(?:0|[1-9][0-9]{0,15})?\\.[0-9]{1,18})(?:e[+-]?[0-9]{1,3})?",
    sql: (text) => `TRY_CAST(${text} AS DOUBLE)`,
    quick: "-?(?:0|[1-9][0-9]*)(?:[.][0-9]+)?",
    valid: (text) => Number.isFinite(Number(text)),
  },
  {
    name: "grouped integer",
    type: "BIGINT",
    pattern: `${SIGN}(?:${WHOLE}|${GROUPED})`,
    sql: (text) => `TRY_CAST(${bare(text, ".")} AS BIGINT)`,
  },
  {
    name: "grouped decimal",
    type: "DOUBLE",
    pattern: `${SIGN}(?:${WHOLE}|${GROUPED})(?:\\.[0-9]+)?`,
    sql: (text) => `TRY_CAST(${bare(text, ".")} AS DOUBLE)`,
  },
  {
    name: "money",
    type: "DECIMAL(18,2)",
    pattern: moneyPattern("(?:\\.[0-9]{1,2})?"),
    sql: (text) => `TRY_CAST(${bare(text, ".")} AS DECIMAL(18,2))`,
  },
  {
    name: "fine money",
    type: "DECIMAL(18,4)",
    pattern: moneyPattern("(?:\\.[0-9]{1,4})?"),
    sql: (text) => `TRY_CAST(${bare(text, ".")} AS DECIMAL(18,4))`,
  },
  {
    name: "percentage",
    type: "DOUBLE",
    pattern: "-?(?:0|[1-9][0-9]{0,15})(?:\\.[0-9]+)? ?%",
    sql: (text) => `TRY_CAST(rtrim(${text}, ' %') AS DOUBLE)`,
  },
  {
    name: "integer grouped by points",
    type: "BIGINT",
    pattern: `-?(?:${WHOLE}|[1-9][0-9]{0,2}(?:\\.[0-9]{3})+)`,
    sql: (text) => `TRY_CAST(replace(${text}, '.', '') AS BIGINT)`,
  },
  {
    name: "decimal with comma",
    type: "DOUBLE",
    pattern: `-?(?:${WHOLE}|[1-9][0-9]{0,2}(?:\\.[0-9]{3})+)(?:,[0-9]+)?`,
    sql: (text) => `TRY_CAST(${bare(text, ",")} AS DOUBLE)`,
  },
  {
    name: "money with comma",
    type: "DECIMAL(18,2)",
    pattern: `${SIGN}${MONEY_SIGN}? ?(?:${WHOLE}|[1-9][0-9]{0,2}(?:\\.[0-9]{3})+)(?:,[0-9]{1,2})?(?: ?${MONEY_SIGN})?`,
    sql: (text) => `TRY_CAST(${bare(text, ",")} AS DECIMAL(18,2))`,
  },
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
    pattern: "[0-9]{4}[/.][0-9]{1,2}[/.][0-9]{1,2}",
    sql: (text) => `TRY_CAST(translate(${text}, '/.', '--') AS DATE)`,
    valid: isoDay,
  },
  {
    name: "date, month first",
    type: "DATE",
    pattern: ANY_DAY.replaceAll("[/.-]", "[/-]"),
    sql: (text) => `CAST(${strptime(slashed(text), DAY_FORMATS.mdy)} AS DATE)`,
    valid: (text) => dayIs(text, true),
  },
  {
    name: "date, day first",
    type: "DATE",
    pattern: ANY_DAY,
    sql: (text) => `CAST(${strptime(slashed(text), DAY_FORMATS.dmy)} AS DATE)`,
    valid: (text) => dayIs(text, false),
  },
  {
    name: "date in words",
    type: "DATE",
    pattern: `[0-9]{1,2}[ -]${MONTHS}[ -](?:[0-9]{4}|[0-9]{2})|${MONTHS} [0-9]{1,2},? [0-9]{4}`,
    sql: (text) =>
      `CAST(${strptime(`replace(replace(${text}, '-', ' '), ',', '')`, ["%d %b %y", "%d %b %Y", "%d %B %y", "%d %B %Y", "%b %d %Y", "%B %d %Y"])} AS DATE)`,
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
    sql: (text) => strptime(dayAndClock(text), stampFormats(DAY_FORMATS.mdy)),
    valid: (text) => dayIs(text, true),
  },
  {
    name: "timestamp, day first",
    type: "TIMESTAMP",
    pattern: `${ANY_DAY}(?:,? (?:${CLOCK}|${CLOCK_12}))?`,
    sql: (text) => strptime(dayAndClock(text), stampFormats(DAY_FORMATS.dmy)),
    valid: (text) => dayIs(text, false),
  },
];

/** Day separators become slashes, the fraction's point stays: it stands behind the space. */
function dayAndClock(text: string): string {
  const upper = `upper(replace(${text}, ',', ''))`;
  return `(${slashed(`split_part(${upper}, ' ', 1)`)} || CASE WHEN contains(${upper}, ' ') THEN ' ' || substr(${upper}, strpos(${upper}, ' ') + 1) ELSE '' END)`;
}

function moneyPattern(fraction: string): string {
  const amount = `(?:${WHOLE}|${GROUPED})${fraction}`;
  return `${SIGN}${MONEY_SIGN}? ?${SIGN}${amount}(?: ?${MONEY_SIGN})?|\\(${MONEY_SIGN}? ?${amount}\\)`;
}

export const KINDS: readonly Kind[] = SPECS.map(kind);

const BY_NAME = new Map(KINDS.map((entry, index) => [entry.name, index]));

/** The bit of a kind in a mask. */
export function bitOf(name: string): number {
  return 1 << (BY_NAME.get(name) ?? 31);
}

/** Whether there is a kind of that name. */
export function isKind(name: string): boolean {
  return BY_NAME.has(name);
}

// How the reference reader decides the type of a column and reads its values: by trying every rule on every value.

export type ColumnType =
  | "BIGINT"
  | "DOUBLE"
  | "DECIMAL"
  | "BOOLEAN"
  | "DATE"
  | "TIME"
  | "TIMESTAMP"
  | "TIMESTAMP WITH TIME ZONE"
  | "VARCHAR";

export interface Column {
  readonly type: ColumnType;
  /** Nothing but NULL was seen. */
  readonly empty: boolean;
  /** A value in one spelling for all types; null for NULL; undefined where the text does not fit. */
  readonly read: (text: string) => string | null | undefined;
}

/** The day on which the files are read. */
export const TODAY = "2026-11-29";
export const NULLS = new Set(["", "NULL", "null", "\\N", "N/A", "n/a", "#N/A", "<NA>"]);
const NOTHING = new Set(["na", "-", "#ref!", "null", "(null)", "n.a.", "\u2014"]);

interface Rule {
  readonly type: ColumnType;
  /** The value in its one spelling; undefined for a text that is none. */
  readonly read: (text: string) => string | undefined;
  /** Whether a column with these values may be of this type at all. */
  readonly allowed?: (texts: readonly string[]) => boolean;
  /** Whether a value, also one that had no vote, fits what these values make of the type. */
  readonly fitsAmong?: (texts: readonly string[]) => (text: string) => boolean;
}

const when = (pattern: RegExp, read: (text: string) => string | undefined) => (text: string) =>
  pattern.test(text) ? read(text) : undefined;
const number = (text: string): string => String(Number(text));
const digits = (text: string): number =>
  text
    .replace(/e.*/i, "")
    .replace(/[^0-9]/g, "")
    .replace(/^0+/, "").length;
/** A number that a double gives back. */
function double(text: string): string | undefined {
  const value = Number(text);
  if (!Number.isFinite(value)) return undefined;
  const exact = /^-?[0-9]+$/.test(text)
    ? BigInt(value) === BigInt(text)
    : number(text) === text && Math.abs(value) >= 1e-4;
  return digits(text) <= 15 || exact ? number(text) : undefined;
}

function isoDate(year: string, month: string, day: string): string | undefined {
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  const same = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
  return same ? `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}` : undefined;
}
const split = (text: string): [string, string, string] => {
  const [a = "", b = "", c = ""] = text.split(/[-/.]/);
  return [a, b, c];
};
const plausible = (month: string, day: string): boolean =>
  Number(month) >= 1 && Number(month) <= 12 && Number(day) >= 1 && Number(day) <= 31;

const some =
  (pattern: RegExp) =>
  (texts: readonly string[]): boolean =>
    texts.some((text) => pattern.test(text));
/** An amount without sign, currency, brackets and gaps between groups. */
const undressed = (text: string): string => {
  if (UNDRESSED.test(text)) return text;
  return text
    .replace(/^[-+\u2212($€ ]*|[-)€$%]$/g, "")
    .replace(/ ?kr$| ?[€%]$/i, "")
    .replace(/[ '\u2019](?=[0-9]{3})/g, "");
};
const UNDRESSED = /^[0-9a-z][0-9.,]*$/i;
const isDecimalComma = (text: string): boolean =>
  /^[0-9]*(?:\.[0-9]{3})*,[0-9]+$/.test(undressed(text)) &&
  !/^[1-9][0-9]{0,2},[0-9]{3}$/.test(undressed(text));
/** A point before three digits alone may separate thousands. */
const isDecimalPoint = (text: string): boolean =>
  /^[0-9]*(?:,[0-9]{2,3})*\.[0-9]+(?:e[+-]?[0-9]+)?$/i.test(undressed(text)) &&
  !/^[1-9][0-9]{0,2}\.[0-9]{3}$/.test(undressed(text));
const isGroupedByCommas = (text: string): boolean =>
  /^[1-9][0-9]{0,2}(?:,[0-9]{3}){2,}$|^[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}$/.test(undressed(text));

const isoDay = when(/^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}$/, (text) => dateOf(split(text)));
const monthDateUntil = (latest: string | undefined): Rule["read"] =>
  when(/^[0-9]{1,2}[/-][0-9]{1,2}[/-](?:[0-9]{4}|[0-9]{2})$/, (text) =>
    dateOf([split(text)[2], split(text)[0], split(text)[1]], latest),
  );
const dayDateUntil = (latest: string | undefined): Rule["read"] =>
  when(/^[0-9]{1,2}[/.-][0-9]{1,2}[/.-](?:[0-9]{4}|[0-9]{2})$/, (text) =>
    dateOf([split(text)[2], split(text)[1], split(text)[0]], latest),
  );
const monthDate = monthDateUntil(undefined);
const dayDate = dayDateUntil(undefined);
const yearDate = when(/^[0-9]{4}[/.][0-9]{1,2}[/.][0-9]{1,2}$/, (text) => dateOf(split(text)));
const count = (texts: readonly string[], read: Rule["read"]): number =>
  texts.filter((text) => read(text) !== undefined).length;
/** Every way of writing a date, of the two orders the frequent one. */
const anyDate = (monthFirst: boolean, latest: string | undefined): Rule["read"] => {
  const ordered = (monthFirst ? monthDateUntil : dayDateUntil)(latest);
  return (text) => isoDay(text) ?? yearDate(text) ?? ordered(text);
};

/** Groups of three digits, or of two above the thousands. */
const GROUPED =
  "(?:0|[1-9][0-9]{0,17}|[1-9][0-9]{0,2}(?:[, '\u2019][0-9]{3})+|[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3})";
const GROUPED_BY_POINTS = "(?:0|[1-9][0-9]{0,17}|[1-9][0-9]{0,2}(?:[. '\u2019][0-9]{3})+)";

const GROUPED_INTEGER = new RegExp(`^(?:[-\u2212] ?|\\+)?${GROUPED}$`);
const GROUPED_DECIMAL = new RegExp(`^(?:[-\u2212] ?|\\+)?${GROUPED}(?:\\.[0-9]+)?$|^${GROUPED}\\.[0-9]+-$`);
const DECIMAL_WITH_COMMA = new RegExp(
  `^[+-]?${GROUPED_BY_POINTS}(?:,[0-9]+)?$|^${GROUPED_BY_POINTS},[0-9]+-$`,
);

/** An amount without its dress: its sign, digits, and a point for the mark. */
function bareOf(text: string, mark: "." | ","): string {
  const sign = /[-\u2212(]/.test(text) ? "-" : "";
  const kept = text.replace(mark === "." ? /[^0-9.]/g : /[^0-9,]/g, "");
  return sign + kept.replace(",", ".");
}

/** With its currency before or behind it, its minus first, behind the currency or last, or in brackets. */
function amountPattern(amount: string): RegExp {
  const known = AMOUNT_PATTERNS.get(amount);
  if (known !== undefined) return known;
  const currency = "(?:\\$|€|kr|CAD)";
  const behind = `(?: ?${currency})?`;
  const ways = [
    `(?:[-\u2212] ?|\\+)?(?:${currency} ?)?${amount}${behind}`,
    `${currency} ?(?:[-\u2212] ?|\\+)?${amount}`,
    `(?:${currency} ?)?${amount}-${behind}`,
    `(?:${currency} ?)?\\( ?(?:${currency} ?)?${amount}${behind} ?\\)`,
  ];
  const pattern = new RegExp(`^(?:${ways.join("|")})$`, "i");
  AMOUNT_PATTERNS.set(amount, pattern);
  return pattern;
}

const AMOUNT_PATTERNS = new Map<string, RegExp>();

/** Amounts are DECIMAL(18, places). */
const AMOUNT_DIGITS = 18;

function amountOf(text: string, mark: "." | ",", places: number): string | undefined {
  const code = /^\+[0-9]{7}|^[a-z]{2,4}-?[0-9]+$|^[0-9]+-?[a-z]{2,4}$|^[0-9]+-$/i;
  if (code.test(text)) return undefined;
  const bare = bareOf(text, mark);
  const whole = /[1-9][0-9]*(?=\.|$)/.exec(bare)?.[0] ?? "";
  return whole.length > AMOUNT_DIGITS - places ? undefined : plainDecimal(bare);
}

const signsIn = (texts: readonly string[]): string[] =>
  ["$", "€", "kr"].filter((sign) => texts.some((text) => text.includes(sign) && /[0-9]/.test(text)));

/** An amount in another currency than the column's is none of its values. */
function fitsCurrency(among: readonly string[]): (text: string) => boolean {
  const signs = signsIn(among);
  return (text) => signs.length === 0 || signsIn([text]).every((sign) => signs.includes(sign));
}

/** In the order in which they are tried: the first that every value fits is the column's. */
function rulesFor(file: FileMarks, latest: string | undefined): Rule[] {
  const marks = new Map<readonly string[], ReturnType<typeof markOf>>();
  const mark = (texts: readonly string[]): ReturnType<typeof markOf> => {
    if (!marks.has(texts)) marks.set(texts, markOf(texts, file));
    return marks.get(texts);
  };
  const point = (texts: readonly string[]): boolean => [".", undefined].includes(mark(texts));
  const comma = (texts: readonly string[]): boolean => mark(texts) === ",";
  return [
    {
      type: "BOOLEAN",
      read: when(/^(?:true|false|yes|no|y|n|t|f|on|off)$/i, (text) => String(/^(?:t|y|on)/i.test(text))),
      allowed: (texts) =>
        some(/^(?:true|false)$/i)(texts) || (some(/^(?:t|y|on)/i)(texts) && some(/^(?:f|n|of)/i)(texts)),
    },
    {
      type: "BIGINT",
      read: when(/^-?(?:0|[1-9][0-9]{0,17})$|^\+(?:0|[1-9][0-9]{0,5})$/, (text) =>
        String(BigInt(text.replace("+", ""))),
      ),
    },
    {
      type: "DOUBLE",
      read: when(
        /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$|^-?[0-9]*\.[0-9]+e[+-]?[0-9]{1,3}$|^-?[0-9]+e[+-][0-9]{1,3}$|^\+(?:[0-9]{1,6}|[0-9]*\.[0-9]+)$/i,
        (text) => (/^-?[0-9]{19,}$/.test(text) ? undefined : double(text)),
      ),
      allowed: point,
    },
    {
      type: "DOUBLE",
      read: when(/^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$|^-?[0-9]*\.?[0-9]+e[+-]?[0-9]{1,3}$/i, (text) =>
        /^-?[0-9]{19,}$/.test(text) ? undefined : double(text),
      ),
      allowed: (texts) =>
        point(texts) &&
        texts.filter((text) => /\.|e[+-]/i.test(text)).length >=
          texts.filter((text) => /^[0-9]+e[0-9]+$/i.test(text)).length &&
        some(/\.|e[+-]/i)(texts),
    },
    {
      type: "DECIMAL",
      read: when(/^[+-]?(?:0|[1-9][0-9]{0,37})(?:\.[0-9]{1,37})?$/, plainDecimal),
      allowed: (texts) => point(texts) && some(/^[+-]?[0-9]+\./)(texts) && widest(texts) <= 38,
      fitsAmong: fitsPrecision,
    },
    {
      type: "BIGINT",
      read: when(GROUPED_INTEGER, (text) =>
        /^\+[0-9]{7}/.test(text) ? undefined : String(BigInt(bareOf(text, "."))),
      ),
      allowed: point,
    },
    {
      type: "DOUBLE",
      read: when(GROUPED_DECIMAL, (text) =>
        /^\+[0-9]{7}/.test(text) || digits(text) > 15 ? undefined : number(bareOf(text, ".")),
      ),
      allowed: point,
    },
    {
      type: "DECIMAL",
      read: when(amountPattern(`${GROUPED}(?:\\.[0-9]{1,2})?`), (text) => amountOf(text, ".", 2)),
      allowed: (texts) => point(texts) && signsIn(texts).length < 2,
      fitsAmong: fitsCurrency,
    },
    {
      type: "DECIMAL",
      read: when(amountPattern(`${GROUPED}(?:\\.[0-9]{1,4})?`), (text) => amountOf(text, ".", 4)),
      allowed: (texts) => point(texts) && signsIn(texts).length < 2,
      fitsAmong: fitsCurrency,
    },
    {
      type: "DOUBLE",
      read: when(/^[+-]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)? ?%$/, (text) => number(text.replace(/ ?%/, ""))),
    },
    {
      type: "BIGINT",
      read: when(/^[+-]?(?:0|[1-9][0-9]{0,17}|[1-9][0-9]{0,2}(?:\.[0-9]{3})+)$/, (text) =>
        /^\+[0-9]{7}/.test(text) ? undefined : String(BigInt(text.replace(/[.+]/g, ""))),
      ),
      allowed: (texts) => comma(texts) && !texts.some(isDecimalComma) && !some(/^[0-9.]+,[0-9]+$/)(texts),
    },
    {
      type: "DOUBLE",
      read: when(DECIMAL_WITH_COMMA, (text) =>
        /^\+[0-9]{7}/.test(text) || digits(text) > 15 ? undefined : number(bareOf(text, ",")),
      ),
      allowed: comma,
    },
    {
      type: "DECIMAL",
      read: when(amountPattern(`${GROUPED_BY_POINTS}(?:,[0-9]{1,2})?`), (text) => amountOf(text, ",", 2)),
      allowed: (texts) => comma(texts) && signsIn(texts).length < 2,
      fitsAmong: fitsCurrency,
    },
    { type: "DATE", read: when(/^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}$/, (text) => dateOf(split(text))) },
    { type: "DATE", read: yearDate },
    {
      type: "DATE",
      read: monthDateUntil(latest),
      allowed: (texts) => count(texts, monthDate) !== count(texts, dayDate) || file.dayFirst !== true,
    },
    {
      type: "DATE",
      read: dayDateUntil(latest),
    },
    {
      type: "DATE",
      read: anyDate(true, latest),
      allowed: (texts) =>
        count(texts, monthDate) > count(texts, dayDate) ||
        (count(texts, monthDate) === count(texts, dayDate) && file.dayFirst !== true),
    },
    {
      type: "DATE",
      read: anyDate(false, latest),
      allowed: (texts) =>
        count(texts, monthDate) < count(texts, dayDate) ||
        (count(texts, monthDate) === count(texts, dayDate) && file.dayFirst === true),
    },
    {
      type: "TIME",
      read: when(/^(?:[01]?[0-9]|2[0-3]):[0-5][0-9]$/, (text) => `${text.padStart(5, "0")}:00`),
    },
    {
      type: "TIMESTAMP",
      read: when(/^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[T ][0-9]{2}:[0-9]{2}:[0-9]{2})?$/, (text) => {
        const [date = "", clock] = text.split(/[T ]/);
        const read = dateOf(split(date));
        return read === undefined || read === NO_DAY ? read : `${read} ${clock ?? "00:00:00"}`;
      }),
    },
    {
      type: "TIMESTAMP",
      read: when(/^[0-9]{4}\/[0-9]{1,2}\/[0-9]{1,2}(?: [0-9]{2}:[0-5][0-9])?$/, (text) => {
        const [date = "", clock = "00:00"] = text.split(" ");
        const read = dateOf(split(date));
        return read === undefined || read === NO_DAY ? read : `${read} ${clock}:00`;
      }),
    },
    {
      type: "TIMESTAMP WITH TIME ZONE",
      read: when(
        /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:Z|[+-][0-9]{2}:?[0-9]{2})$/,
        zoned,
      ),
    },
  ];
}

/** Looks like a day and is none: it fits its column, and is rejected when it is read. */
const NO_DAY = "no day";

/** A year of two digits is one of 1969 to 2068, or of a hundred years before when that is later than it may be. */
function dateOf([year, month, day]: [string, string, string], latest?: string): string | undefined {
  if (!plausible(month, day)) return undefined;
  if (year.length > 2) return isoDate(year, month, day) ?? NO_DAY;
  const near = (Number(year) >= 69 ? 1900 : 2000) + Number(year);
  const date = isoDate(String(near), month, day) ?? NO_DAY;
  if (date === NO_DAY || latest === undefined || date <= latest) return date;
  return isoDate(String(near - 100), month, day) ?? NO_DAY;
}

/** The last day that a year of two digits may mean, by the column's name; none where dates lie ahead. */
function latestOf(name: string): string | undefined {
  if (name.startsWith("valid until")) return undefined;
  return name.startsWith("birth") ? TODAY : `${Number(TODAY.slice(0, 4)) + 10}-12-31`;
}

function zoned(text: string): string | undefined {
  const date = new Date(text.replace(/([+-][0-9]{2})([0-9]{2})$/, "$1:$2"));
  if (Number.isNaN(date.getTime())) return NO_DAY;
  return `${date.toISOString().slice(0, 19).replace("T", " ")}+00`;
}

function plainDecimal(text: string): string | undefined {
  if (/^\+[0-9]{7}/.test(text)) return undefined;
  const [whole = "", scale = ""] = text.replace("+", "").split(".");
  const kept = scale.replace(/0+$/, "");
  const sign = whole.startsWith("-") ? "-" : "";
  const value = `${whole.replace("-", "").replace(/^0+(?=[0-9])/, "") || "0"}${kept === "" ? "" : `.${kept}`}`;
  return value === "0" ? "0" : sign + value;
}

/** Digits before and behind the point that the plain numbers among the texts need. */
function needed(texts: readonly string[]): { whole: number; scale: number } {
  const plain = texts.filter((text) => /^[+-]?[0-9]+(?:\.[0-9]+)?$/.test(text));
  const whole = Math.max(...plain.map((text) => digits(text.split(".")[0] ?? "")), 1);
  const scale = Math.max(...plain.map((text) => text.split(".")[1]?.length ?? 0));
  return { whole, scale };
}

function widest(texts: readonly string[]): number {
  const { whole, scale } = needed(texts);
  return whole + scale;
}

/** A column of plain decimals has 18 digits, or as many as its values need: one that had no vote may have more. */
function fitsPrecision(texts: readonly string[]): (text: string) => boolean {
  const { whole, scale } = needed(texts);
  return (text) => {
    const [before = "", behind = ""] = text.split(".");
    return digits(before) <= Math.max(whole, 18 - scale) && behind.length <= scale;
  };
}

/** What the file says of its numbers. */
export interface FileMarks {
  readonly decimalMark: "." | "," | undefined;
  readonly semicolons: boolean;
  /** The order of day and month that a column shows beyond doubt, where no other shows the other one. */
  readonly dayFirst: boolean | undefined;
}

/** The decimal mark of a column of numbers: its own, else the file's; "?" where it may be either. */
function markOf(texts: readonly string[], file: FileMarks): "." | "," | "?" | undefined {
  const counted = (pattern: RegExp): number => texts.filter((text) => pattern.test(undressed(text))).length;
  const points = texts.filter((text) => isDecimalPoint(text) || isGroupedByCommas(text)).length;
  const commas = texts.filter(isDecimalComma).length;
  if (points !== commas) return points > commas ? "." : ",";
  const unclear = counted(/^[1-9][0-9]{0,2}[.,][0-9]{3}$/);
  if (unclear === 0) return undefined;
  if (file.decimalMark !== undefined) return file.decimalMark;
  if (counted(/^[1-9][0-9]{0,2}\.[0-9]{3}$/) > 0 && counted(/^[1-9][0-9]{0,2},[0-9]{3}$/) > 0) return "?";
  if (!file.semicolons) return ".";
  const integers = texts.filter((text) => /^-?[0-9]+$/.test(text));
  const small = integers.length > 0 && integers.every((text) => digits(text) <= 3);
  return counted(/^[1-9][0-9]{0,2}\.[0-9]{3}$/) === unclear && small ? "," : "?";
}

const filledOf = (texts: readonly string[]): string[] =>
  texts.map((text) => text.trim()).filter((text) => !NULLS.has(text) && !NOTHING.has(text.toLowerCase()));

export const isNumeric = ({ type }: { readonly type: ColumnType }): boolean =>
  type === "BIGINT" || type === "DOUBLE" || type === "DECIMAL";

/** Plain decimals of few places, of which one has more digits than a double adds up without loss. */
function isLongMoney(numbers: readonly string[]): boolean {
  const plain = numbers.filter((text) => /^[+-]?(?:0|[1-9][0-9]*)?(?:\.[0-9]+)?$/.test(text));
  const scales = plain.map((text) => text.split(".")[1]?.length ?? 0);
  const long = plain.some((text, at) => digits(text.split(".")[0] ?? "") + (scales[at] ?? 0) > 15);
  return plain.length === numbers.length && long && Math.max(...scales) > 0 && Math.max(...scales) <= 6;
}

export function columnOf(texts: readonly string[], file: FileMarks, name: string): Column {
  const filled = filledOf(texts.filter((text) => !NULLS.has(text)));
  const asText: Column = {
    type: "VARCHAR",
    empty: texts.every((text) => NULLS.has(text)),
    read: (text) => (NULLS.has(text) ? null : text),
  };
  if (filled.length === 0) return asText;
  const numbers = filled.filter((text) => /^[-+\u2212]?[$€]?[0-9][0-9.,]*(?:e[+-]?[0-9]+)?%?$/i.test(text));
  const plus = numbers.filter((text) => text.startsWith("+") && !/^\+[0-9]{7}/.test(text)).length;
  const plusIsMeant =
    plus > 0 && !numbers.some((text) => /^[-\u2212]/.test(text)) && plus * 2 > numbers.length;
  const leadingZero = filled.some((text) => /^[+-]?0[0-9]+(?:[.,][0-9]+)?$/.test(text));
  const all = rulesFor(file, latestOf(name));
  const long = isLongMoney(
    filled.filter((text) => all.some((rule) => isNumeric(rule) && rule.read(text) !== undefined)),
  );
  const rules = all.filter(
    (rule) =>
      !(isNumeric(rule) && (leadingZero || plusIsMeant)) &&
      !(rule.type === "DOUBLE" && long) &&
      (rule.allowed?.(filled) ?? true),
  );
  const having = (rule: Rule): number => filled.filter((text) => rule.read(text) !== undefined).length;
  let best = rules.find((rule) => having(rule) === filled.length);
  if (best === undefined) {
    for (const rule of rules) if (best === undefined || having(rule) > having(best)) best = rule;
    if (best === undefined || having(best) <= filled.length * 0.99) return asText;
  }
  const { type, read } = best;
  const fits = best.fitsAmong?.(filled) ?? (() => true);
  // Words for nothing and spaces are those of the rows that decide the type.
  const nothing = new Set(texts.map((text) => text.trim()).filter((text) => NOTHING.has(text.toLowerCase())));
  const spaced = texts.some((text) => text !== text.trim());
  return {
    type,
    empty: false,
    read: (text) => {
      const trimmed = spaced ? text.trim() : text;
      if (NULLS.has(text) || trimmed === "" || nothing.has(trimmed)) return null;
      const value = read(trimmed);
      return value === NO_DAY || !fits(trimmed) ? undefined : value;
    },
  };
}

/** Whether a text says something and is no value of any kind. */
export function isPlainText(text: string): boolean {
  const trimmed = text.trim();
  const none = { decimalMark: undefined, semicolons: false, dayFirst: undefined };
  return (
    filledOf([text]).length > 0 &&
    !/^[+-]?0[0-9]+(?:[.,][0-9]+)?$/.test(trimmed) &&
    rulesFor(none, undefined).every(({ read }) => read(trimmed) === undefined)
  );
}

/** The mark that the file's columns of numbers show beyond doubt. */
export function fileMark(columns: readonly (readonly string[])[]): "." | "," | undefined {
  const none = { decimalMark: undefined, semicolons: false, dayFirst: undefined };
  const numbers = rulesFor(none, undefined).filter(isNumeric);
  const isNumber = (text: string): boolean => numbers.some((rule) => rule.read(text) !== undefined);
  const marks = new Set(
    columns.flatMap((texts) => {
      const filled = filledOf(texts);
      if (filled.length === 0 || filled.filter(isNumber).length < filled.length * 0.99) return [];
      const shown = filled.some(
        (text) => isDecimalPoint(text) || isDecimalComma(text) || isGroupedByCommas(text),
      );
      const mark = shown ? markOf(filled, none) : undefined;
      return mark === "." || mark === "," ? [mark] : [];
    }),
  );
  const [only] = [...marks];
  return marks.size === 1 ? only : undefined;
}

export function fileOrder(columns: readonly (readonly string[])[]): boolean | undefined {
  const orders = new Set(
    columns.flatMap((texts) => {
      const all = filledOf(texts);
      const [month, day] = [count(all, monthDate), count(all, dayDate)];
      return month === day || Math.max(month, day) < all.length * 0.99 ? [] : [day > month];
    }),
  );
  const [only] = [...orders];
  return orders.size === 1 ? only : undefined;
}

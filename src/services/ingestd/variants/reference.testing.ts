// A slow and simple reader of a generated file: told how it was written, it decodes the bytes, walks them character by
// character, and decides each column by trying every rule on every value. It shares no line with the product and is
// compared with it; where both differ, one of them is wrong.

import type { Variant, Written } from "./generate.testing.ts";

export interface Column {
  readonly type: "BIGINT" | "DOUBLE" | "DECIMAL" | "BOOLEAN" | "DATE" | "TIME" | "TIMESTAMP" | "VARCHAR";
  /** By row: the value in one spelling for all types; null for NULL; undefined where the text does not fit. */
  readonly values: readonly (string | null | undefined)[];
}

export interface Reference {
  readonly columns: readonly Column[];
  /** Of the rows that have the table's width, those that are loaded. */
  readonly loaded: readonly (readonly (string | null)[])[];
  /** How many records are rejected. */
  readonly rejected: number;
}

const NULLS = new Set(["", "NULL", "null", "\\N", "N/A", "n/a", "#N/A", "<NA>"]);
const NOTHING = new Set(["na", "-", "#ref!", "null", "(null)", "n.a.", "\u2014"]);

function decoded(bytes: Uint8Array, encoding: Written["encoding"]): string {
  const label = encoding === "utf-8 with mark" ? "utf-8" : encoding;
  return new TextDecoder(label).decode(bytes);
}

/** RFC 4180, one character at a time. */
export function recordsOf(text: string, { delimiter, newline, quoting }: Written): string[][] {
  const records: string[][] = [];
  let cells: string[] = [];
  let cell = "";
  let quoted = false;
  let begun = false;
  const endCell = (): void => {
    cells.push(cell);
    cell = "";
    begun = false;
  };
  const endRecord = (): void => {
    endCell();
    if (cells.length > 1 || cells[0] !== "") records.push(cells);
    cells = [];
  };
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (quoted) {
      if (char !== '"') cell += char;
      else if (text.charAt(at + 1) === '"') {
        cell += '"';
        at += 1;
      } else quoted = false;
    } else if (char === '"' && !begun && quoting !== "never") {
      quoted = true;
      begun = true;
    } else if (char === delimiter) endCell();
    else if (text.startsWith(newline, at)) {
      endRecord();
      at += newline.length - 1;
    } else {
      cell += char;
      begun = true;
    }
  }
  if (cell !== "" || cells.length > 0) endRecord();
  return records;
}

interface Rule {
  readonly type: Column["type"];
  /** The value in its one spelling; undefined for a text that is none. */
  readonly read: (text: string) => string | undefined;
  /** Whether a column with these values may be of this type at all. */
  readonly allowed?: (texts: readonly string[]) => boolean;
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
const undressed = (text: string): string =>
  text
    .replace(/^[-+\u2212($€ ]*|[-)€$%]$/g, "")
    .replace(/ ?kr$| ?[€%]$/i, "")
    .replace(/[ '\u2019](?=[0-9]{3})/g, "");
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
const monthDate = when(/^[0-9]{1,2}[/-][0-9]{1,2}[/-][0-9]{4}$/, (text) =>
  dateOf([split(text)[2], split(text)[0], split(text)[1]]),
);
const dayDate = when(/^[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{4}$/, (text) =>
  dateOf([split(text)[2], split(text)[1], split(text)[0]]),
);
const yearDate = when(/^[0-9]{4}[/.][0-9]{1,2}[/.][0-9]{1,2}$/, (text) => dateOf(split(text)));
const count = (texts: readonly string[], read: Rule["read"]): number =>
  texts.filter((text) => read(text) !== undefined).length;
/** Every way of writing a date, of the two orders the frequent one. */
const anyDate = (monthFirst: boolean) => (text: string) =>
  isoDay(text) ?? yearDate(text) ?? (monthFirst ? monthDate : dayDate)(text);

/** Groups of three digits, or of two above the thousands. */
const GROUPED =
  "(?:0|[1-9][0-9]{0,17}|[1-9][0-9]{0,2}(?:[, '\u2019][0-9]{3})+|[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3})";
const GROUPED_BY_POINTS = "(?:0|[1-9][0-9]{0,17}|[1-9][0-9]{0,2}(?:[. '\u2019][0-9]{3})+)";

/** An amount without its dress: its sign, digits, and a point for the mark. */
function bareOf(text: string, mark: "." | ","): string {
  const sign = /[-\u2212(]/.test(text) ? "-" : "";
  const kept = text.replace(mark === "." ? /[^0-9.]/g : /[^0-9,]/g, "");
  return sign + kept.replace(",", ".");
}

/** With its currency before or behind it, its minus first, behind the currency or last, or in brackets. */
function amountPattern(amount: string): RegExp {
  const currency = "(?:\\$|€|kr|CAD)";
  const behind = `(?: ?${currency})?`;
  const ways = [
    `(?:[-\u2212] ?|\\+)?(?:${currency} ?)?${amount}${behind}`,
    `${currency} ?(?:[-\u2212] ?|\\+)?${amount}`,
    `(?:${currency} ?)?${amount}-${behind}`,
    `(?:${currency} ?)?\\( ?(?:${currency} ?)?${amount}${behind} ?\\)`,
  ];
  return new RegExp(`^(?:${ways.join("|")})$`, "i");
}

function amountOf(text: string, mark: "." | ","): string | undefined {
  const code = /^\+[0-9]{7}|^[a-z]{2,4}-?[0-9]+$|^[0-9]+-?[a-z]{2,4}$|^[0-9]+-$/i;
  return code.test(text) ? undefined : plainDecimal(bareOf(text, mark));
}

const ofOneCurrency = (texts: readonly string[]): boolean =>
  ["$", "€", "kr"].filter((sign) => texts.some((text) => text.includes(sign) && /[0-9]/.test(text))).length <
  2;

/** In the order in which they are tried: the first that every value fits is the column's. */
function rulesFor(file: FileMarks): Rule[] {
  const point = (texts: readonly string[]): boolean => [".", undefined].includes(markOf(texts, file));
  const comma = (texts: readonly string[]): boolean => markOf(texts, file) === ",";
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
      allowed: (texts) => point(texts) && some(/\./)(texts) && widest(texts) <= 38,
    },
    {
      type: "BIGINT",
      read: when(new RegExp(`^(?:[-\u2212] ?|\\+)?${GROUPED}$`), (text) =>
        /^\+[0-9]{7}/.test(text) ? undefined : String(BigInt(bareOf(text, "."))),
      ),
      allowed: point,
    },
    {
      type: "DOUBLE",
      read: when(
        new RegExp(`^(?:[-\u2212] ?|\\+)?${GROUPED}(?:\\.[0-9]+)?$|^${GROUPED}\\.[0-9]+-$`),
        (text) => (/^\+[0-9]{7}/.test(text) || digits(text) > 15 ? undefined : number(bareOf(text, "."))),
      ),
      allowed: point,
    },
    {
      type: "DECIMAL",
      read: when(amountPattern(`${GROUPED}(?:\\.[0-9]{1,2})?`), (text) => amountOf(text, ".")),
      allowed: (texts) => point(texts) && ofOneCurrency(texts),
    },
    {
      type: "DECIMAL",
      read: when(amountPattern(`${GROUPED}(?:\\.[0-9]{1,4})?`), (text) => amountOf(text, ".")),
      allowed: (texts) => point(texts) && ofOneCurrency(texts),
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
      read: when(
        new RegExp(`^[+-]?${GROUPED_BY_POINTS}(?:,[0-9]+)?$|^${GROUPED_BY_POINTS},[0-9]+-$`),
        (text) => (/^\+[0-9]{7}/.test(text) || digits(text) > 15 ? undefined : number(bareOf(text, ","))),
      ),
      allowed: comma,
    },
    {
      type: "DECIMAL",
      read: when(amountPattern(`${GROUPED_BY_POINTS}(?:,[0-9]{1,2})?`), (text) => amountOf(text, ",")),
      allowed: (texts) => comma(texts) && ofOneCurrency(texts),
    },
    { type: "DATE", read: when(/^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}$/, (text) => dateOf(split(text))) },
    { type: "DATE", read: yearDate },
    {
      type: "DATE",
      read: when(/^[0-9]{1,2}[/-][0-9]{1,2}[/-][0-9]{4}$/, (text) =>
        dateOf([split(text)[2], split(text)[0], split(text)[1]]),
      ),
      allowed: (texts) => count(texts, monthDate) !== count(texts, dayDate) || file.dayFirst !== true,
    },
    {
      type: "DATE",
      read: when(/^[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{4}$/, (text) =>
        dateOf([split(text)[2], split(text)[1], split(text)[0]]),
      ),
    },
    {
      type: "DATE",
      read: anyDate(true),
      allowed: (texts) =>
        count(texts, monthDate) > count(texts, dayDate) ||
        (count(texts, monthDate) === count(texts, dayDate) && file.dayFirst !== true),
    },
    {
      type: "DATE",
      read: anyDate(false),
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
      read: when(/^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?: [0-9]{2}:[0-9]{2}:[0-9]{2})?$/, (text) => {
        const [date = "", clock] = text.split(" ");
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
  ];
}

/** Looks like a day and is none: it fits its column, and is rejected when it is read. */
const NO_DAY = "no day";

function dateOf([year, month, day]: [string, string, string]): string | undefined {
  if (!plausible(month, day)) return undefined;
  return isoDate(year, month, day) ?? NO_DAY;
}

function plainDecimal(text: string): string | undefined {
  if (/^\+[0-9]{7}/.test(text)) return undefined;
  const [whole = "", scale = ""] = text.replace("+", "").split(".");
  const kept = scale.replace(/0+$/, "");
  const sign = whole.startsWith("-") ? "-" : "";
  const value = `${whole.replace("-", "").replace(/^0+(?=[0-9])/, "") || "0"}${kept === "" ? "" : `.${kept}`}`;
  return value === "0" ? "0" : sign + value;
}

function widest(texts: readonly string[]): number {
  const plain = texts.filter((text) => /^[+-]?[0-9]+(?:\.[0-9]+)?$/.test(text));
  const whole = Math.max(...plain.map((text) => digits(text.split(".")[0] ?? "")), 1);
  const scale = Math.max(...plain.map((text) => text.split(".")[1]?.length ?? 0));
  return whole + scale;
}

/** What the file says of its numbers. */
interface FileMarks {
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
  if (!file.semicolons) return ".";
  const integers = texts.filter((text) => /^-?[0-9]+$/.test(text));
  const small = integers.length > 0 && integers.every((text) => digits(text) <= 3);
  return counted(/^[1-9][0-9]{0,2}\.[0-9]{3}$/) === unclear && small ? "," : "?";
}

const filledOf = (texts: readonly string[]): string[] =>
  texts.map((text) => text.trim()).filter((text) => !NULLS.has(text) && !NOTHING.has(text.toLowerCase()));

const isNumeric = ({ type }: Rule): boolean => type === "BIGINT" || type === "DOUBLE" || type === "DECIMAL";

/** Plain decimals of few places, of which one has more digits than a double adds up without loss. */
function isLongMoney(numbers: readonly string[]): boolean {
  const plain = numbers.filter((text) => /^[+-]?(?:0|[1-9][0-9]*)?(?:\.[0-9]+)?$/.test(text));
  const scales = plain.map((text) => text.split(".")[1]?.length ?? 0);
  const long = plain.some((text, at) => digits(text.split(".")[0] ?? "") + (scales[at] ?? 0) > 15);
  return plain.length === numbers.length && long && Math.max(...scales) > 0 && Math.max(...scales) <= 6;
}

function columnOf(texts: readonly string[], file: FileMarks): Column {
  const filled = filledOf(texts.filter((text) => !NULLS.has(text)));
  const asText: Column = { type: "VARCHAR", values: texts.map((text) => (NULLS.has(text) ? null : text)) };
  if (filled.length === 0) return asText;
  const numbers = filled.filter((text) => /^[-+\u2212]?[$€]?[0-9][0-9.,]*(?:e[+-]?[0-9]+)?%?$/i.test(text));
  const plus = numbers.filter((text) => text.startsWith("+") && !/^\+[0-9]{7}/.test(text)).length;
  const plusIsMeant =
    plus > 0 && !numbers.some((text) => /^[-\u2212]/.test(text)) && plus * 2 > numbers.length;
  const leadingZero = filled.some((text) => /^[+-]?0[0-9]+(?:[.,][0-9]+)?$/.test(text));
  const all = rulesFor(file);
  const long = isLongMoney(
    filled.filter((text) => all.some((rule) => isNumeric(rule) && rule.read(text) !== undefined)),
  );
  const rules = all.filter(
    (rule) =>
      !(isNumeric(rule) && (leadingZero || plusIsMeant)) &&
      !(rule.type === "DOUBLE" && long) &&
      (rule.allowed?.(filled) ?? true),
  );
  const fits = (rule: Rule): number => filled.filter((text) => rule.read(text) !== undefined).length;
  let best = rules.find((rule) => fits(rule) === filled.length);
  if (best === undefined) {
    for (const rule of rules) if (best === undefined || fits(rule) > fits(best)) best = rule;
    if (best === undefined || fits(best) <= filled.length * 0.99) return asText;
  }
  const { type, read } = best;
  return {
    type,
    values: texts.map((text) => {
      const trimmed = text.trim();
      if (NULLS.has(text) || trimmed === "" || NOTHING.has(trimmed.toLowerCase())) return null;
      const value = read(trimmed);
      return value === NO_DAY ? undefined : value;
    }),
  };
}

/** The mark that the file's columns of numbers show beyond doubt. */
function fileMark(columns: readonly (readonly string[])[]): "." | "," | undefined {
  const none = { decimalMark: undefined, semicolons: false, dayFirst: undefined };
  const numbers = rulesFor(none).filter(isNumeric);
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

function fileOrder(columns: readonly (readonly string[])[]): boolean | undefined {
  const orders = new Set(
    columns.flatMap((texts) => {
      const all = texts.map((text) => text.trim()).filter((text) => !NULLS.has(text));
      const [month, day] = [count(all, monthDate), count(all, dayDate)];
      return month === day || Math.max(month, day) < all.length * 0.99 ? [] : [day > month];
    }),
  );
  const [only] = [...orders];
  return orders.size === 1 ? only : undefined;
}

/** The records without what stands around them. */
function recordsOfTable({ bytes, written, names }: Variant): string[][] {
  const { newline, above, drawn, delimiterAtEnd } = written;
  const lines = decoded(bytes, written.encoding).split(newline).slice(above.length);
  const text = lines.filter((line) => drawn === "" || line !== drawn).join(newline);
  return recordsOf(text, written).map((cells) =>
    delimiterAtEnd && cells.length > names.length && cells.at(-1) === "" ? cells.slice(0, -1) : cells,
  );
}

/** One text in the first column, which is no row where that column holds values. */
const isNote = (cells: readonly string[]): boolean =>
  cells[0] === "Source: payroll" && cells.slice(1).every((cell) => cell === "");

export function referenceOf(variant: Variant): Reference {
  const { names, written } = variant;
  const [header = [], ...all] = recordsOfTable(variant);
  const width = names.length;
  const isHeader = (cells: readonly string[]): boolean => cells.every((cell, at) => cell === header[at]);
  const sure = all.filter((cells) => cells.length === width && !isNote(cells) && !isHeader(cells));
  const first = columnOf(
    sure.map(([cell = ""]) => cell),
    { decimalMark: undefined, semicolons: written.delimiter === ";", dayFirst: undefined },
  );
  const records = first.type === "VARCHAR" ? all : all.filter((cells) => !isNote(cells));
  const isEmpty = (cells: readonly string[]): boolean => cells.every((cell) => cell.trim() === "");
  const fits = (cells: readonly string[]): boolean => cells.length === width && !isHeader(cells);
  const data = records.filter((cells) => fits(cells) && !isEmpty(cells));
  const others =
    records.filter((cells) => !fits(cells) && !isEmpty(cells)).length + all.length - records.length;
  const texts = names.map((_, column) => data.map((cells) => cells[column] ?? ""));
  const marks = {
    decimalMark: fileMark(texts),
    semicolons: written.delimiter === ";",
    dayFirst: fileOrder(texts),
  };
  const columns = texts.map((column) => columnOf(column, marks));
  const loaded = data.flatMap((_, row) => {
    const values = columns.map(({ values: all }) => all[row]);
    return values.every((value) => value !== undefined) ? [values.map((value) => value ?? null)] : [];
  });
  return { columns, loaded, rejected: others + data.length - loaded.length };
}

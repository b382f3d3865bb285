// Whether a row is a header, by what it says itself and what stands below it: names of the dataset, text above values, a
// run of years, or different short texts. Where nothing but their look speaks for it, the verdict is not sure and a
// warning says so.

import { bitsOf, KINDS } from "../../inference/kinds.ts";
import { rememberedLook } from "../../inference/looks.ts";
import type { Row } from "../rows.ts";
import { NAME_LIKE, columnsBelow, isFilled, isTrueOrFalse, isTyped, isYear } from "./cells.ts";

interface Verdict {
  readonly header: boolean;
  readonly sure: boolean;
  readonly why: string;
}

export function isHeader(cells: readonly string[], rows: readonly Row[], known: readonly string[]): Verdict {
  const lower = new Set(known.map((name) => name.toLowerCase()));
  const matching = cells.filter((cell) => lower.has(cell.trim().toLowerCase())).length;
  if (known.length > 0 && matching * 2 >= cells.length && matching > 0) {
    return {
      header: true,
      sure: true,
      why: `${matching} of ${cells.length} names are columns of the dataset`,
    };
  }
  const no = (why: string): Verdict => ({ header: false, sure: true, why: `no header: ${why}` });
  const filled = cells.filter(isFilled);
  // Files that were joined have their header again.
  const isAgain = (row: Row): boolean => row.cells.every((cell, index) => cell === (cells[index] ?? ""));
  const body = cells.length > 1 ? rows.filter((row) => !isAgain(row)) : rows;
  if (body.length === 0) {
    return cells.length > 1 && areCommonNames(filled)
      ? { header: true, sure: false, why: "the only row is made of usual column names" }
      : no("there is only one row");
  }
  if (filled.length === 0) return no("the first row is empty");
  const typed = columnsBelow([{ cells: [...cells], line: 0, raw: "" }, ...body], cells.length);
  const values = cells.filter((cell) => isFilled(cell) && isTyped(cell));
  const run = values.length === 0 ? undefined : runOf(cells, body);
  if (values.length > 0 && run === undefined) return no("the first row has values like those below it");
  const above = cells.filter(
    (cell, column) =>
      isFilled(cell) &&
      !isTyped(cell) &&
      typed[column] === true &&
      // `n` above numbers is a name; above yes and no, or y and n, it is one of them.
      !(isTrueOrFalse(cell) && body.some((row) => isTrueOrFalse(row.cells[column] ?? ""))),
  ).length;
  if (run !== undefined) return { header: true, sure: true, why: `the first row is a run of ${run}` };
  if (above > 0) {
    return {
      header: true,
      sure: true,
      why: `the first row is text above ${above} columns of numbers, dates or the like`,
    };
  }
  if (new Set(filled).size < filled.length && !areNamesOfSeveral(cells))
    return no("the first row repeats itself");
  const again = cells.some(
    (cell, column) => isFilled(cell) && body.some((row) => (row.cells[column] ?? "").trim() === cell.trim()),
  );
  if (again) return no("what the first row says comes again below it");
  if (cells.some((cell, column) => isSpelledAlike(cell, column, body)))
    return no("the first row is spelled like those below it");
  const nameLike = filled.every((cell) => /^[\p{L}\p{N}_ .\-/()%&']{1,60}$/u.test(cell.trim()));
  if (cells.length === 1) {
    const identifier = /^[\p{L}][\p{L}\p{N}]*(?:[_ ][\p{L}\p{N}]+)*$/u.test(cells[0]?.trim() ?? "");
    const alike = body.filter((row) => (row.cells[0] ?? "").length <= (cells[0] ?? "").length + 2).length;
    const numbered = body.filter((row) => /[0-9]/.test(row.cells[0] ?? "")).length;
    // A word without digits above codes that all have some is spelled unlike them.
    const unlike = !/[0-9]/.test(cells[0] ?? "") && body.length > 1 && numbered === body.length;
    const common = body.filter((row) => isCommonName(row.cells[0] ?? "")).length;
    const usual = isCommonName(cells[0] ?? "") && common * 2 < body.length;
    return usual || (identifier && (unlike || alike * 2 < body.length))
      ? { header: true, sure: false, why: "the first row looks like a name and unlike the rows below" }
      : no("the first row looks like the others");
  }
  return nameLike
    ? { header: true, sure: false, why: "the first row is made of different, short texts" }
    : no("the first row is no set of names");
}

/** A text with so many digits is a number of some kind: a telephone's, an order's. */
const DIGITS_MIN = 4;
const ALIKE_SHARE_MIN = 0.8;

/** Whether a text with digits differs from most below it in letters and digits alone. */
function isSpelledAlike(cell: string, column: number, body: readonly Row[]): boolean {
  const spelled = (text: string): string => text.trim().replace(/[\p{L}\p{N}]/gu, "x");
  const own = spelled(cell);
  if (cell.replace(/[^0-9]/g, "").length < DIGITS_MIN) return false;
  const below = body.map((row) => row.cells[column] ?? "").filter(isFilled);
  const alike = below.filter((text) => spelled(text) === own).length;
  return alike > 1 && alike >= below.length * ALIKE_SHARE_MIN;
}

/** Names of which some stand for several columns, side by side: Sprint,Sprint,Comment,Comment. */
function areNamesOfSeveral(cells: readonly string[]): boolean {
  const filled = cells.filter(isFilled).map((cell) => cell.trim());
  const apart = filled.filter((cell, index) => cell !== filled[index - 1]);
  return (
    filled.length > 3 &&
    new Set(apart).size === apart.length &&
    filled.every((cell) => NAME_LIKE.test(cell) && !/[0-9]/.test(cell))
  );
}

/** Words in what columns are called wherever there are tables. */
const COMMON_WORDS: ReadonlySet<string> = new Set(
  (
    "id nr num number name names first last full title type kind status state city county country address street zip postal " +
    "date day month year time start end from to email mail phone mobile fax code key value count amount price cost rate pay " +
    "wage salary total quantity qty note notes comment comments description category group role job position dept department " +
    "team site location region worker employee emp client customer vendor company hours shift lat lon latitude longitude url " +
    "link sku item product order invoice account acct balance hired born birth gender age active ref reference unit weight " +
    "height length size score rank source target version created updated modified"
  ).split(" "),
);

/** A usual column name, words joined by underscores, or a letter with a number: pay_rate, Gross Pay, c0. */
function isCommonName(cell: string): boolean {
  const name = cell.trim();
  if (name.length > 60 || isTyped(name)) return false;
  if (/^(?:c|col|column|f|field|x|var|attr)[_ ]?[0-9]+$/i.test(name)) return true;
  if (/^[a-z][a-z0-9]*(?:_[a-z0-9]+)+$/.test(name)) return true;
  const words = name
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[ _./-]+/);
  return words.some((word) => COMMON_WORDS.has(word) || (word === "no" && words.length > 1));
}

/** With enough of these a lone row is a header. */
function areCommonNames(cells: readonly string[]): boolean {
  return cells.filter(isCommonName).length * 2 > cells.length && !cells.some(isTyped);
}

const TEMPORAL = bitsOf(KINDS.filter(({ type }) => /^(?:DATE|TIME)/.test(type)).map(({ name }) => name));
/**
 * Days of a month and hours of a day are counted from 0 or 1 on, beside a name; fewer of them are a row like others where
 * the name is none that columns usually have.
 */
const COUNTED_MIN = 3;
const COUNTED_CERTAIN = 6;

/**
 * What the values of a first row are, where they can only be names: years, days or times above what are none, numbers that
 * count the columns. Each is a cell that says something else than those below it.
 */
function runOf(cells: readonly string[], body: readonly Row[]): string | undefined {
  const columns = [...cells.keys()].filter(
    (column) => isFilled(cells[column] ?? "") && isTyped(cells[column] ?? ""),
  );
  const values = columns.map((column) => (cells[column] ?? "").trim());
  const others = cells.filter(isFilled).length - values.length;
  const below = (column: number): string[] =>
    body.map((row) => (row.cells[column] ?? "").trim()).filter(isFilled);
  const areOther = (is: (cell: string) => boolean): boolean =>
    columns.every((column) => !below(column).some(is));
  if (areRising(values) && values.every(isYear)) {
    // A number below may look like a year by chance.
    const years = columns.flatMap(below).filter(isYear).length;
    const few = others <= values.length && years * 2 < columns.flatMap(below).length;
    return few || years === 0 ? "years" : undefined;
  }
  const isTime = (cell: string): boolean => (rememberedLook(cell).kinds & TEMPORAL) !== 0;
  if (values.length > 1 && new Set(values).size === values.length && values.every(isTime) && areOther(isTime))
    return "days or times";
  const counts = (row: readonly string[]): boolean =>
    columns.every((column, at) => Number(row[column]) === Number(values[0]) + at);
  const names = cells.filter((cell) => isFilled(cell) && !isTyped(cell));
  const named = names.length > 0 && (values.length >= COUNTED_CERTAIN || names.every(isCommonName));
  const counted = values.length >= COUNTED_MIN && ["0", "1"].includes(values[0] ?? "") && counts(cells);
  return named && counted && names.length <= 2 && !body.some((row) => counts(row.cells))
    ? "numbers that count the columns"
    : undefined;
}

/** 2000, 2001, 2002, ...: two and more numbers that rise. */
function areRising(values: readonly string[]): boolean {
  const numbers = values.map(Number);
  return (
    numbers.length > 1 && numbers.every((value, index) => index === 0 || value > (numbers[index - 1] ?? 0))
  );
}

// Where in a text the table starts, and whether its first row names the columns. Spreadsheets put titles
// above the table and spread names over several rows; years are numbers and yet names. What stands above the
// header is passed over and said so.

import { columnNames } from "../inference/column-names.ts";
import { bitOf } from "../inference/kinds.ts";
import { MARKS, maskOf } from "../inference/masks.ts";
import { isNull } from "../inference/nulls.ts";
import type { Row } from "./rows.ts";

export interface Header {
  readonly names: readonly string[];
  /** The line of the row that names the columns; null when there is none. */
  readonly headerLine: number | null;
  /** The first line of data. */
  readonly bodyLine: number;
  readonly evidence: readonly string[];
  readonly warnings: readonly string[];
}

/** Rows above the table that are looked through: titles, notes, empty rows. */
const PREAMBLE_ROWS_MAX = 40;
/** Rows over which the names may be spread. */
const HEADER_ROWS_MAX = 4;
/** Rows of data that say what a column is like. */
const BODY_ROWS = 200;
const TYPED_SHARE = 0.8;

/** `known` are the columns of the dataset that the rows are going to. */
export function findHeader(rows: readonly Row[], width: number, known: readonly string[]): Header {
  const start = firstOfTable(rows, width);
  const table = rows
    .slice(start)
    .filter(({ cells, reason }) => reason === undefined && cells.length >= width);
  const [first] = table;
  const evidence = start > 0 ? [`${start} rows above the table were passed over`] : [];
  if (first === undefined) return unnamed(width, 1, evidence, known);
  const body = table.slice(1, BODY_ROWS);
  const verdict = isHeader(first.cells.slice(0, width), body, known);
  if (!verdict.header) return unnamed(width, first.line, [...evidence, verdict.why], known);

  const columns = columnsBelow(table, width);
  let names = first.cells.slice(0, width);
  let last = 0;
  for (let index = 1; index < Math.min(HEADER_ROWS_MAX + 1, table.length - 1); index += 1) {
    const cells = table[index]?.cells.slice(0, width) ?? [];
    if (!continuesHeader(cells, names, columns)) continue;
    names = names.map((name, column) => (isNull(cells[column] ?? "") ? name : (cells[column] ?? name)));
    last = index;
  }
  const row = table[last] ?? first;
  if (last > 0) evidence.push(`the names are spread over ${last + 1} rows`);
  return {
    names: columnNames(names),
    headerLine: row.line,
    bodyLine: row.line + row.raw.split(/\r\n|\r|\n/).length,
    evidence: [...evidence, verdict.why],
    warnings: verdict.sure
      ? []
      : [`Line ${row.line} was taken for the header, though nothing but its look says so.`],
  };
}

function unnamed(
  width: number,
  bodyLine: number,
  evidence: readonly string[],
  known: readonly string[],
): Header {
  const adopt = known.length === width;
  const names = adopt ? [...known] : columnNames(Array<string>(width).fill(""));
  const warning = adopt
    ? `The file has no header: its ${width} columns were taken to be those of the dataset, in order.`
    : "The file has no header: its columns were numbered.";
  return { names, headerLine: null, bodyLine, evidence, warnings: [warning] };
}

const isFilled = (cell: string): boolean => !isNull(cell) && cell.trim() !== "";
/** A lone letter may be a yes or a no below a header, but in one it is a name. */
const MARKS_OF_WORDS =
  MARKS.nothing | MARKS.saysTrue | MARKS.saysFalse | MARKS.booleanWord | bitOf("boolean");
const isTyped = (cell: string): boolean => (maskOf(cell.trim()) & ~MARKS_OF_WORDS) !== 0;
const isTrueOrFalse = (cell: string): boolean => (maskOf(cell.trim()) & bitOf("boolean")) !== 0;
const filledIn = (cells: readonly string[]): number => cells.filter(isFilled).length;

/** The first row that has the table's width and is about as full as its rows are. */
function firstOfTable(rows: readonly Row[], width: number): number {
  const fills = rows
    .filter(({ cells }) => cells.length === width)
    .slice(0, BODY_ROWS)
    .map(({ cells }) => filledIn(cells))
    .sort((a, b) => a - b);
  const median = fills[Math.floor(fills.length / 2)] ?? 0;
  const enough = width === 1 ? 1 : Math.max(2, Math.floor(median / 2));
  const at = rows
    .slice(0, PREAMBLE_ROWS_MAX)
    .findIndex(
      ({ cells, reason }) => reason === undefined && cells.length >= width && filledIn(cells) >= enough,
    );
  if (at >= 0) return at;
  return Math.max(
    rows.findIndex(({ cells, reason }) => reason === undefined && cells.length >= width),
    0,
  );
}

/** For each column below the first row: whether most of its values are more than text. */
function columnsBelow(table: readonly Row[], width: number): boolean[] {
  return Array.from({ length: width }, (_, column) => {
    const values = table
      .slice(1, BODY_ROWS)
      .map(({ cells }) => cells[column] ?? "")
      .filter(isFilled);
    return (
      values.length > 0 &&
      values.filter((value) => isTyped(value) || isTrueOrFalse(value)).length >= values.length * TYPED_SHARE
    );
  });
}

interface Verdict {
  readonly header: boolean;
  readonly sure: boolean;
  readonly why: string;
}

function isHeader(cells: readonly string[], body: readonly Row[], known: readonly string[]): Verdict {
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
  if (body.length === 0) {
    return cells.length > 1 && areCommonNames(filled)
      ? { header: true, sure: false, why: "the only row is made of usual column names" }
      : no("there is only one row");
  }
  if (filled.length === 0) return no("the first row is empty");
  const typed = columnsBelow([{ cells: [...cells], line: 0, raw: "" }, ...body], cells.length);
  const values = cells.filter((cell) => isFilled(cell) && isTyped(cell));
  if (values.length > 0 && !areYears(values, filled.length - values.length)) {
    return no("the first row has values like those below it");
  }
  const above = cells.filter(
    (cell, column) =>
      isFilled(cell) &&
      !isTyped(cell) &&
      typed[column] === true &&
      // `n` above numbers is a name; above yes and no, or y and n, it is one of them.
      !(isTrueOrFalse(cell) && body.some((row) => isTrueOrFalse(row.cells[column] ?? ""))),
  ).length;
  if (values.length > 0) return { header: true, sure: true, why: "the first row is a run of years" };
  if (above > 0) {
    return {
      header: true,
      sure: true,
      why: `the first row is text above ${above} columns of numbers, dates or the like`,
    };
  }
  if (new Set(filled).size < filled.length) return no("the first row repeats itself");
  const again = cells.some(
    (cell, column) => isFilled(cell) && body.some((row) => (row.cells[column] ?? "").trim() === cell.trim()),
  );
  if (again) return no("what the first row says comes again below it");
  const nameLike = filled.every((cell) => /^[\p{L}\p{N}_ .\-/()%&']{1,60}$/u.test(cell.trim()));
  if (cells.length === 1) {
    const identifier = /^[\p{L}][\p{L}\p{N}]*(?:[_ ][\p{L}\p{N}]+)*$/u.test(cells[0]?.trim() ?? "");
    const alike = body.filter((row) => (row.cells[0] ?? "").length <= (cells[0] ?? "").length + 2).length;
    const numbered = body.filter((row) => /[0-9]/.test(row.cells[0] ?? "")).length;
    // A word without digits above codes that all have some is spelled unlike them.
    const unlike = !/[0-9]/.test(cells[0] ?? "") && body.length > 1 && numbered === body.length;
    return identifier && (unlike || alike * 2 < body.length)
      ? { header: true, sure: false, why: "the first row looks like a name and unlike the rows below" }
      : no("the first row looks like the others");
  }
  return nameLike
    ? { header: true, sure: false, why: "the first row is made of different, short texts" }
    : no("the first row is no set of names");
}

/** What columns are called wherever there are tables: enough of these, and a lone row is a header. */
const COMMON_NAMES =
  /^(?:id|name|first|last|title|type|kind|status|state|city|county|country|address|street|zip|date|day|time|start|end|from|to|email|e-mail|phone|mobile|code|key|value|count|number|amount|price|rate|pay|total|quantity|qty|notes?|description|category|role|worker|client|hours|lat|lon|latitude|longitude|url|[a-z][a-z0-9]*(?:_[a-z0-9]+)+|[a-z0-9]+ (?:id|name|date|code|number|type|rate|time))$/i;

function areCommonNames(cells: readonly string[]): boolean {
  const common = cells.filter((cell) => COMMON_NAMES.test(cell.trim())).length;
  return common * 2 > cells.length && !cells.some(isTyped);
}

/** 2000, 2001, 2002, ...: numbers that rise by the same step and stand for years, beside a name or none. */
function areYears(values: readonly string[], others: number): boolean {
  const years = values.map(Number);
  if (years.length < 2 || others > years.length) return false;
  const [first = 0, second = 0] = years;
  if (!years.every((year) => Number.isInteger(year) && year >= 1800 && year <= 2200)) return false;
  return second !== first && years.every((year, index) => index === 0 || year > (years[index - 1] ?? 0));
}

/** Whether a row carries on the header: texts where the table has numbers, or where the header has no name yet. */
function continuesHeader(
  cells: readonly string[],
  names: readonly string[],
  columns: readonly boolean[],
): boolean {
  let aboveTyped = 0;
  for (const [column, cell] of cells.entries()) {
    if (!isFilled(cell)) continue;
    if (isTyped(cell)) return false;
    if (columns[column] === true) aboveTyped += 1;
    else if (isFilled(names[column] ?? "")) return false;
  }
  return aboveTyped > 0;
}

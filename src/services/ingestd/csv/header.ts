// Where in a text the table starts, and what its columns are called. Spreadsheets put titles above the table, groups
// above the names, and spread names over several rows; years are numbers and yet names; a header may have a cell more
// or less than its rows. What stands above the header is passed over and listed, as long as it is little and no table
// of its own: such rows are rejected, so that every line of a file is accounted for.

import { columnNames } from "../inference/column-names.ts";
import { bitOf } from "../inference/kinds.ts";
import { lookOf, MARKS } from "../inference/looks.ts";
import { isNull } from "../inference/nulls.ts";
import { PassedOver } from "../source/passed-over.ts";
import { isDrawnLine } from "./odd-rows.ts";
import type { Row } from "./rows.ts";

export interface Header {
  readonly names: readonly string[];
  /** The header's cells as they stand in the file; none without a header. */
  readonly cells: readonly string[];
  /** The line of the row that names the columns; null when there is none. */
  readonly headerLine: number | null;
  /** The first line of data. */
  readonly bodyLine: number;
  /** Where the header has more names than the rows have cells: how many these have. */
  readonly shortest?: number;
  /** Rows above the header that are data of another shape. */
  readonly rejected: readonly Row[];
  readonly passedOver: PassedOver;
  readonly evidence: readonly string[];
  readonly warnings: readonly string[];
}

/** Rows above the table that are looked through: titles, notes, empty rows, or another table. */
const PREAMBLE_ROWS_MAX = 2000;
/** Rows over which the names may be spread. */
const HEADER_ROWS_MAX = 4;
/** Rows of data that say what a column is like. */
const BODY_ROWS = 200;
const TYPED_SHARE = 0.8;
/** A table of its own has a header and so many rows. */
const TABLE_ROWS_MIN = 3;

/** What was decided of the names, before what stands above them is looked at. */
interface Naming {
  readonly names: readonly string[];
  readonly cells: readonly string[];
  readonly headerLine: number | null;
  readonly bodyLine: number;
  readonly shortest?: number;
  /** Index in the rows from which on nothing stands above. */
  readonly from: number;
  /** Rows below the names that are no data. */
  readonly below?: readonly Row[];
  readonly evidence: readonly string[];
  readonly warnings: readonly string[];
}

/** `known` are the columns of the dataset that the rows are going to. */
export function findHeader(all: readonly Row[], width: number, known: readonly string[]): Header {
  const rows = all.filter(({ raw }) => !isDrawnLine(raw));
  const { from, below = [], ...naming } = namingOf(rows, width, known);
  const above = rows.slice(0, from);
  const ofTables = new Set(tablesAmong(above));
  const passedOver = new PassedOver();
  const rejected: Row[] = [];
  for (const { line, raw } of all)
    if (line < naming.bodyLine && isDrawnLine(raw)) passedOver.add(line, "it is a drawn line", rows.length);
  for (const row of above) {
    if (ofTables.has(row))
      rejected.push({ ...row, reason: `${cellsOf(row)} in a table above that of ${width}` });
    else if (!passedOver.add(row.line, "above the table", rows.length))
      rejected.push({ ...row, reason: `${cellsOf(row)} above a table of ${width}` });
  }
  for (const row of below)
    rejected.push({ ...row, reason: "it describes the columns and is no row of them" });
  return { ...naming, rejected, passedOver, evidence: [...naming.evidence, ...passedOver.words()] };
}

const cellsOf = ({ cells }: Row): string => `${cells.length} ${cells.length === 1 ? "cell" : "cells"}`;

function namingOf(rows: readonly Row[], width: number, known: readonly string[]): Naming {
  const top = belowComments(rows, firstOfTable(rows, width), width);
  const start = belowRecords(rows, belowGroups(rows, top, width), width);
  const table = tableFrom(rows, start, width);
  const [first] = table;
  if (first === undefined) return unnamed(width, 1, 0, [], known);
  const before = rows[start - 1];
  const body = table.slice(1, BODY_ROWS);
  const verdict = isHeader(first.cells.slice(0, width), body, known);
  if (!(verdict.header && verdict.sure) && before !== undefined) {
    const other = otherWidth(before, first, rows, start, width, known);
    if (other !== undefined) return other;
  }
  if (!verdict.header) return unnamed(width, first.line, start, [verdict.why], known);

  const evidence: string[] = [];
  const { names, last } = spreadNames(table, width);
  const row = table[last] ?? first;
  if (last > 0) evidence.push(`the names are spread over ${last + 1} rows`);
  const second = last > 0 ? undefined : secondHeader(table, names, width);
  if (second !== undefined) evidence.push(`line ${second.line} is a second row of the header`);
  const groups = before === undefined || last > 0 ? undefined : groupsOf(before.cells, names);
  if (groups !== undefined) evidence.push(`line ${before?.line} groups the names in line ${row.line}`);
  return {
    names: columnNames(groups ?? names),
    cells: row.cells,
    headerLine: row.line,
    bodyLine: second === undefined ? row.line + linesOf(row) : second.line + linesOf(second),
    below: second === undefined ? [] : [second],
    from: groups === undefined ? start : start - 1,
    evidence: [...evidence, verdict.why],
    warnings: verdict.sure
      ? []
      : [`Line ${row.line} was taken as the header because it looks like one; nothing else shows it.`],
  };
}

const tableFrom = (rows: readonly Row[], start: number, width: number): Row[] =>
  rows.slice(start).filter(({ cells, reason }) => reason === undefined && cells.length >= width);

/** How comments begin in what programs write. */
const COMMENT = /^[ \t]*(?:#|\/\/|--|%|!)/;

/** Comments may hold as many delimiters as the rows: below them stands a header that leaves no doubt. */
function belowComments(rows: readonly Row[], start: number, width: number): number {
  const mark = COMMENT.exec(rows[start]?.raw ?? "")?.[0];
  if (mark === undefined) return start;
  const at = rows.findIndex(({ raw }, index) => index > start && !raw.startsWith(mark));
  return at >= 0 && isSureHeader(rows, at, width) ? at : start;
}

/** Records above the header that an interface writes: HDR,PAYROLL,20240501. */
const RECORDS_MAX = 3;

/**
 * The first rows may be records of another kind, with as many cells as the table: they have values, so they are no
 * names, and text where the columns have values; below them stands a header that leaves no doubt.
 */
function belowRecords(rows: readonly Row[], start: number, width: number): number {
  for (let at = start + 1; at <= start + RECORDS_MAX; at += 1) {
    if (!isSureHeader(rows, at, width)) continue;
    const columns = columnsBelow(tableFrom(rows, at, width), width);
    const isRecord = ({ cells }: Row): boolean =>
      cells.some((cell) => isFilled(cell) && isTyped(cell)) &&
      cells.some((cell, column) => columns[column] === true && isFilled(cell) && !isTyped(cell));
    return rows.slice(start, at).every(isRecord) ? at : start;
  }
  return start;
}

/** Whether this row is made of names, all there and different, above columns of values. */
function isSureHeader(rows: readonly Row[], at: number, width: number): boolean {
  const [row, ...body] = tableFrom(rows, at, width);
  if (row === undefined || row !== rows[at] || body.length < 2) return false;
  const cells = row.cells.slice(0, width);
  return areNames(cells) && columnsBelow([row, ...body], width).some((typed) => typed);
}

/**
 * A row of units or descriptions below the names: texts in every column of values, and there are several of these; or
 * nothing but units, where some columns have none.
 */
function secondHeader(table: readonly Row[], names: readonly string[], width: number): Row | undefined {
  const row = table[1];
  if (row === undefined || table.length < 4 || names.some((name) => !isFilled(name))) return undefined;
  const typed = columnsBelow(table.slice(1), width);
  const cells = row.cells.slice(0, width).map((cell) => cell.trim());
  const values = cells.filter((cell, column) => typed[column] === true && !isNothing(cell));
  const others = cells.filter((cell, column) => typed[column] !== true && !isNothing(cell));
  if (values.length === 0 || !values.every((cell) => isWord(cell) || isUnit(cell))) return undefined;
  const described = typed.every((is, column) => !is || isFilled(cells[column] ?? ""));
  if (described && values.length > 1) return row;
  return values.every(isUnit) && others.every((cell) => BRACKETED.test(cell)) ? row : undefined;
}

const isNothing = (cell: string): boolean => !isFilled(cell) || (lookOf(cell).marks & MARKS.nothing) !== 0;
function isWord(cell: string): boolean {
  const { kinds, marks } = lookOf(cell);
  return kinds === 0 && marks === 0 && !/[0-9]/.test(cell);
}
/** h, USD/h, m2, [km], (%). */
const UNIT = /^[[(]?[\p{L}%°µ€$£/²³·^*. -]{1,11}[0-9]?[\])]?$/u;
const BRACKETED = /^[[(].*[\])]$/;
function isUnit(cell: string): boolean {
  return lookOf(cell).kinds === 0 && UNIT.test(cell);
}

/** Names that are spread over several rows, and the last of these; a row above counts when one below it does. */
function spreadNames(table: readonly Row[], width: number): { names: readonly string[]; last: number } {
  const first = table[0]?.cells.slice(0, width) ?? [];
  let names: readonly string[] = first;
  let found = { names, last: 0 };
  for (let index = 1; index < Math.min(HEADER_ROWS_MAX + 1, table.length - 1); index += 1) {
    const cells = table[index]?.cells.slice(0, width) ?? [];
    if (!continuesHeader(cells, names, columnsBelow(table.slice(index), width))) continue;
    const fillsGap = cells.some((cell, column) => isFilled(cell) && !isFilled(names[column] ?? ""));
    names = names.map((name, column) => (isNull(cells[column] ?? "") ? name : (cells[column] ?? name)));
    // A row that only says other things of named columns is a row with odd values.
    if (fillsGap) found = { names: hasTwins(names) ? underGroups(first, names) : names, last: index };
  }
  return found;
}

/** Names that come again, each after the cell of the first row that it stands under: Jan Plan, Jan Ist, Feb Plan. */
function underGroups(first: readonly string[], names: readonly string[]): readonly string[] {
  let group = "";
  const grouped = names.map((name, column) => {
    const above = (first[column] ?? "").trim();
    if (above !== "") group = above;
    return group === name.trim() || above === name.trim() ? name : `${group} ${name.trim()}`.trim();
  });
  return hasTwins(grouped) ? names : grouped;
}

/** The first row of the table may be one of groups, whose names stand in the next. */
function belowGroups(rows: readonly Row[], start: number, width: number): number {
  const [groups, names] = rows.slice(start, start + 2);
  if (groups === undefined || names === undefined || names.reason !== undefined) return start;
  const isNames =
    names.cells.length === width && names.cells.every((cell) => isFilled(cell) && !isTyped(cell));
  return isNames && groups.cells.some((cell) => !isFilled(cell)) && groupsOf(groups.cells, names.cells)
    ? start + 1
    : start;
}

const linesOf = ({ raw }: Row): number => raw.split(/\r\n|\r|\n/).length;

function unnamed(
  width: number,
  bodyLine: number,
  from: number,
  evidence: readonly string[],
  known: readonly string[],
): Naming {
  const adopt = known.length === width;
  const names = adopt ? [...known] : columnNames(Array<string>(width).fill(""));
  const warning = adopt
    ? `The file has no header: its ${width} columns were taken to be those of the dataset, in order.`
    : "The file has no header: its columns were numbered.";
  return { names, cells: [], headerLine: null, bodyLine, from, evidence, warnings: [warning] };
}

/**
 * The row above the first one of the table's width, as a header with more or fewer cells. A longer one names the
 * columns from the left, and its last ones are empty; of a shorter one nobody knows which names are missing.
 */
function otherWidth(
  before: Row,
  first: Row,
  rows: readonly Row[],
  start: number,
  width: number,
  known: readonly string[],
): Naming | undefined {
  const { cells } = before;
  if (before.line + linesOf(before) !== first.line || !areNames(cells)) return undefined;
  const more = cells.length - width;
  if (more > 0 && more <= Math.max(2, width / 2)) {
    const names = cells.slice(width).map((cell) => `"${cell.trim()}"`);
    return {
      names: columnNames(cells),
      cells,
      headerLine: before.line,
      bodyLine: first.line,
      shortest: width,
      from: start - 1,
      evidence: [`the header has ${cells.length} names and the rows have ${width} cells`],
      warnings: [
        `The header in line ${before.line} has ${cells.length} names and most rows have ${width} cells: they were taken from the left, and ${names.join(", ")} is NULL there.`,
      ],
    };
  }
  if (
    more === -1 &&
    isCounted(first, rows, width) &&
    !/^(?:id|nr|no|num|#|row|line|index|key|seq|pos)/i.test(cells[0] ?? "")
  )
    return {
      names: columnNames(["", ...cells]),
      cells,
      headerLine: before.line,
      bodyLine: first.line,
      from: start - 1,
      evidence: ["the first column counts the rows and has no name"],
      warnings: [
        `The header in line ${before.line} has ${cells.length} names for ${width} columns: the first column, which counts the rows, was left without one.`,
      ],
    };
  if (more < 0 && cells.length > 1 && -more <= Math.max(1, width / 3)) {
    const numbered = unnamed(width, first.line, start, [], known);
    const warning = `The header in line ${before.line} has ${cells.length} names for ${width} columns (${cells.map((cell) => cell.trim()).join(", ")}): the columns were numbered.`;
    return { ...numbered, warnings: [warning] };
  }
  return undefined;
}

/** Whether the first column counts the rows, from 0 or 1, as programs write names of rows. */
function isCounted(first: Row, rows: readonly Row[], width: number): boolean {
  const body = rows.filter(({ line, cells }) => line >= first.line && cells.length === width);
  const from = Number(first.cells[0]);
  return (
    body.length > 1 &&
    (from === 0 || from === 1) &&
    body.every(({ cells }, index) => cells[0] === String(from + index))
  );
}

/** Different, short texts that are no values. */
function areNames(cells: readonly string[]): boolean {
  const names = cells.map((cell) => cell.trim().toLowerCase());
  return (
    new Set(names).size === names.length && names.every((name) => NAME_LIKE.test(name) && !isTyped(name))
  );
}

const NAME_LIKE = /^[\p{L}\p{N}_ .\-/()%&'#:]{1,60}$/u;

/**
 * The names with the groups above them, as spreadsheets merge cells: a group holds from its cell up to the next one.
 * Undefined where the row above is no such row: it has less than the names, begins behind the first column or has
 * room between its cells, and what it says is no value.
 */
function groupsOf(above: readonly string[], names: readonly string[]): string[] | undefined {
  const isGroup = (cell: string): boolean =>
    !isFilled(cell) || isYear(cell) || !(isTyped(cell) || cell.trim().endsWith(":"));
  if (above.length > names.length || !above.every(isGroup)) return undefined;
  const starts = above.flatMap((cell, index) => (isFilled(cell) ? [index] : []));
  const [first] = starts;
  if (first === undefined) return undefined;
  const spans = starts.map((at, index) => (starts[index + 1] ?? names.length) - at);
  const repeated = hasTwins(names);
  const apart = starts.length > 1 && spans.every((span) => span > 1);
  if (!apart && !(repeated && first > 0)) return undefined;
  const grouped = names.map((name, index) => {
    const group = starts.findLast((at) => at <= index);
    return group === undefined ? name : `${(above[group] ?? "").trim()} ${name.trim()}`.trim();
  });
  return repeated && hasTwins(grouped) && !apart ? undefined : grouped;
}

function hasTwins(names: readonly string[]): boolean {
  const filled = names.filter(isFilled).map((name) => name.trim().toLowerCase());
  return new Set(filled).size < filled.length;
}

const isYear = (cell: string): boolean => /^(?:1[89]|20|21)[0-9]{2}$/.test(cell.trim());

/** Rows in a run of one width that has a column of values: a table of its own. */
function tablesAmong(above: readonly Row[]): Row[] {
  const found: Row[] = [];
  for (let from = 0; from < above.length;) {
    const width = above[from]?.cells.length ?? 0;
    let to = from + 1;
    while (above[to]?.cells.length === width) to += 1;
    const run = above.slice(from, to);
    if (width > 1 && run.length > TABLE_ROWS_MIN && columnsBelow(run, width).some((typed) => typed))
      found.push(...run);
    from = to;
  }
  return found;
}

const isFilled = (cell: string): boolean => !isNull(cell) && cell.trim() !== "";
/** A lone letter may be a yes or a no below a header, but in one it is a name. */
const BOOLEAN = bitOf("boolean");
function isTyped(cell: string): boolean {
  const { kinds, marks } = lookOf(cell.trim());
  return (kinds & ~BOOLEAN) !== 0 || (marks & MARKS.leadingZero) !== 0;
}
const isTrueOrFalse = (cell: string): boolean => (lookOf(cell.trim()).kinds & BOOLEAN) !== 0;
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

function isHeader(cells: readonly string[], rows: readonly Row[], known: readonly string[]): Verdict {
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
  if (new Set(filled).size < filled.length && !areNamesOfSeveral(cells))
    return no("the first row repeats itself");
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

/** 2000, 2001, 2002, ...: numbers that rise by the same step and stand for years, beside a name or none. */
function areYears(values: readonly string[], others: number): boolean {
  const years = values.map(Number);
  if (years.length < 2 || others > years.length) return false;
  const [first = 0, second = 0] = years;
  if (!years.every((year) => Number.isInteger(year) && year >= 1800 && year <= 2200)) return false;
  return second !== first && years.every((year, index) => index === 0 || year > (years[index - 1] ?? 0));
}

/** Whether a row may carry on the header: texts where the table has values, and elsewhere only what has no name yet. */
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

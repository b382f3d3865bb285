// Where in a text the table starts, and what its columns are called. Spreadsheets put titles above the table, groups
// above the names, and spread names over several rows; years are numbers and yet names; a header may have a cell more
// or less than its rows. What stands above the header is passed over and listed, as long as it is little and no table
// of its own: such rows are rejected, so that every line of a file is accounted for.

import { Fault } from "#rpc/fault";
import { columnNames } from "../../inference/column-names.ts";
import { PassedOver } from "../../source/passed-over.ts";
import { isDrawnLine, isPrompt } from "../odd-rows.ts";
import { linesOf, type Row } from "../rows.ts";
import { belowComments, belowGroups, belowParameters, belowRecords, firstOfTable } from "./beginning.ts";
import { BODY_ROWS, areNames, columnsBelow, tableFrom } from "./cells.ts";
import { groupsOf, secondHeader, spreadNames } from "./several-rows.ts";
import { isHeader } from "./verdict.ts";

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

/**
 * `known` are the columns of the dataset that the rows are going to, `said` is the line that names the columns where somebody
 * says so, 0 for none.
 */
export function findHeader(
  all: readonly Row[],
  width: number,
  known: readonly string[],
  said?: number,
): Header {
  const rows = all.filter(({ raw }) => !isDrawnLine(raw) && !isPrompt(raw)).map(withoutLabel);
  const found = namingOf(rows, width, known);
  const agreed = said === undefined || said === (found.headerLine ?? 0);
  const { from, below = [], ...naming } = agreed ? found : saidNaming(said, rows, width, known);
  const above = rows.slice(0, from);
  const ofTables = new Set(tablesAmong(above, naming.names));
  const passedOver = new PassedOver();
  const rejected: Row[] = [];
  for (const { line, raw } of all)
    if (line < naming.bodyLine && isDrawnLine(raw)) passedOver.add(line, "it is a drawn line", rows.length);
    else if (line < naming.bodyLine && isPrompt(raw)) passedOver.add(line, "it is a command", rows.length);
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

/** What stands before the names where a comment holds them, as in the logs of web servers: #Fields: date time s-ip. */
const LABEL = /^#[ \t]*(?:fields|columns|header):[ \t]*/i;

function withoutLabel(row: Row): Row {
  const [first = "", ...others] = row.cells;
  if (!LABEL.test(first)) return row;
  const name = first.replace(LABEL, "");
  // With the label it had a cell too many.
  const { reason: _, ...sound } = row;
  return { ...sound, cells: name === "" ? others : [name, ...others] };
}

/** What the line names that somebody says; all that is above it stands above the table. */
function saidNaming(said: number, rows: readonly Row[], width: number, known: readonly string[]): Naming {
  if (said === 0) {
    const start = belowComments(rows, firstOfTable(rows, width), width);
    const bodyLine = rows[start]?.line ?? 1;
    return unnamed(width, bodyLine, start, ["no line names the columns, as was asked for"], known);
  }
  const at = rows.findIndex(({ line }) => line === said);
  const row = rows[at];
  if (row === undefined) {
    const message = `no row begins in line ${said}, among those at the beginning of the file`;
    throw new Fault("invalid", `header_row=${said}: ${message}.`, {
      details: [{ path: "header_row", message }],
    });
  }
  const last = row.cells.findLastIndex((cell) => cell.trim() !== "");
  const longer = last >= width;
  const cells = longer
    ? row.cells.slice(0, last + 1)
    : Array.from({ length: width }, (_, index) => row.cells[index] ?? "");
  return {
    names: columnNames(cells),
    cells,
    headerLine: said,
    bodyLine: said + linesOf(row),
    ...(longer ? { shortest: width } : {}),
    from: at,
    evidence: [`line ${said} names the columns, as was asked for`],
    warnings: [],
  };
}

/** The index of the row with which the table begins, header or not. */
function tableStart(rows: readonly Row[], width: number): number {
  const top = belowComments(rows, firstOfTable(rows, width), width);
  return belowRecords(rows, belowGroups(rows, belowParameters(rows, top, width), width), width);
}

const cellsOf = ({ cells }: Row): string => `${cells.length} ${cells.length === 1 ? "cell" : "cells"}`;

function namingOf(rows: readonly Row[], width: number, known: readonly string[]): Naming {
  const start = tableStart(rows, width);
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

/** Rows in a run of one width that has a column of values, or some of the table's own names: a table of its own. */
function tablesAmong(above: readonly Row[], names: readonly string[]): Row[] {
  const own = new Set(names.map((name) => name.toLowerCase()));
  const isNamedAlike = ([first, second]: readonly Row[]): boolean => {
    const shared = first?.cells.filter((cell) => own.has(cell.trim().toLowerCase())) ?? [];
    return second !== undefined && shared.length > 1 && shared.length * 2 >= (first?.cells.length ?? 0);
  };
  const found: Row[] = [];
  for (let from = 0; from < above.length;) {
    const width = above[from]?.cells.length ?? 0;
    let to = from + 1;
    while (above[to]?.cells.length === width) to += 1;
    const run = above.slice(from, to);
    const hasValues = run.length > TABLE_ROWS_MIN && columnsBelow(run, width).some((typed) => typed);
    if (width > 1 && (hasValues || isNamedAlike(run))) found.push(...run);
    from = to;
  }
  return found;
}

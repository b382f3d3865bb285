// The row in which a table begins: the first that is about as full as the others, below comments, below records that an
// interface writes above its table, and below the row that groups the names.

import type { Row } from "../rows.ts";
import { BODY_ROWS, areNames, columnsBelow, filledIn, isFilled, isTyped, tableFrom } from "./cells.ts";
import { groupsOf, onceEach } from "./several-rows.ts";

/** Rows above the table that are looked through: titles, notes, empty rows, or another table. */
const PREAMBLE_ROWS_MAX = 2000;

/** The first row that has the table's width and is about as full as its rows are. */
export function firstOfTable(rows: readonly Row[], width: number): number {
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

/** How comments begin in what programs write. */
const COMMENT = /^[ \t]*(?:#|\/\/|--|%|!)/;

/** Comments may hold as many delimiters as the rows: below them stands a header that leaves no doubt. */
export function belowComments(rows: readonly Row[], start: number, width: number): number {
  const mark = COMMENT.exec(rows[start]?.raw ?? "")?.[0];
  if (mark === undefined) return start;
  const at = rows.findIndex(({ raw }, index) => index > start && !raw.startsWith(mark));
  return at >= 0 && isSureHeader(rows, at, width) ? at : start;
}

/**
 * A sheet saved as text gives the parameters of a report, a name and what it is, as many cells as the table has; below them
 * stands a header that leaves no doubt.
 */
export function belowParameters(rows: readonly Row[], start: number, width: number): number {
  const isParameter = ({ cells }: Row): boolean => filledIn(cells) <= 2 && !cells.slice(2).some(isFilled);
  const at = rows.findIndex((row, index) => index >= start && !isParameter(row));
  return width > 2 && at > start && isSureHeader(rows, at, width) ? at : start;
}

/** Records above the header that an interface writes: HDR,PAYROLL,20240501. */
const RECORDS_MAX = 3;

/**
 * The first rows may be records of another kind, with as many cells as the table: they have values, so they are no
 * names, and text where the columns have values; below them stands a header that leaves no doubt.
 */
export function belowRecords(rows: readonly Row[], start: number, width: number): number {
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

/** The first row of the table may be one of groups, whose names stand in the next. */
export function belowGroups(rows: readonly Row[], start: number, width: number): number {
  const [groups, names] = rows.slice(start, start + 2);
  if (groups === undefined || names === undefined || names.reason !== undefined) return start;
  const isNames =
    names.cells.length === width && names.cells.every((cell) => isFilled(cell) && !isTyped(cell));
  const parted = groups.cells.some((cell) => !isFilled(cell));
  // Each name may have its group above it: the names are then texts above values.
  const table = tableFrom(rows, start + 1, width);
  const repeated =
    onceEach(groups.cells).some((cell) => cell === "") &&
    table.length > 2 &&
    columnsBelow(table, width).some((typed) => typed);
  return isNames && (parted || repeated) && groupsOf(groups.cells, names.cells) ? start + 1 : start;
}

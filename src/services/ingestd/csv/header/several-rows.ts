// Headers of several rows: groups above the names, names that are spread over rows, and a row of units or descriptions
// below them.

import { rememberedLook, MARKS } from "../../inference/looks.ts";
import { isNull } from "../../inference/nulls.ts";
import type { Row } from "../rows.ts";
import { BODY_ROWS, columnsBelow, hasTwins, isFilled, isTyped, isYear } from "./cells.ts";

/** Rows over which the names may be spread. */
const HEADER_ROWS_MAX = 4;

/**
 * A row of units, types or descriptions below the names: texts in every column of values, and there are several of these; or
 * nothing but units, where some columns have none.
 */
export function secondHeader(
  table: readonly Row[],
  names: readonly string[],
  width: number,
): Row | undefined {
  const row = table[1];
  if (row === undefined || table.length < 4 || names.some((name) => !isFilled(name))) return undefined;
  const typed = columnsBelow(table.slice(1), width);
  const cells = row.cells.slice(0, width).map((cell) => cell.trim());
  if (cells.length > 1 && cells.every((cell) => TYPE_WORD.test(cell))) return row;
  const values = cells.filter((cell, column) => typed[column] === true && !isNothing(cell));
  const others = cells.filter((cell, column) => typed[column] !== true && !isNothing(cell));
  if (values.length === 0 || !values.every((cell) => isWord(cell) || isUnit(cell))) return undefined;
  // A text above yes and no may be one of them: ON, QC.
  const measured = cells.filter(
    (cell, column) => typed[column] === true && !isNothing(cell) && hasMeasures(table, column),
  );
  if (measured.length === 0) return undefined;
  const described = typed.every((is, column) => !is || isFilled(cells[column] ?? ""));
  if (described && measured.length > 1) return row;
  return values.every(isUnit) && others.every((cell) => BRACKETED.test(cell)) ? row : undefined;
}

/** Whether a column holds more than yes and no below the second row. */
const hasMeasures = (table: readonly Row[], column: number): boolean =>
  table.slice(2, BODY_ROWS).some(({ cells }) => isTyped(cells[column] ?? ""));

const isNothing = (cell: string): boolean =>
  !isFilled(cell) || (rememberedLook(cell).marks & MARKS.nothing) !== 0;

function isWord(cell: string): boolean {
  const { kinds, marks } = rememberedLook(cell);
  return kinds === 0 && marks === 0 && !/[0-9]/.test(cell);
}

/** h, USD/h, m2, [km], (%). */
const UNIT = /^[[(]?[\p{L}%°µ€$£/²³·^*. -]{1,11}[0-9]?[\])]?$/u;

/** What a database calls the type of a column. */
const TYPE_WORD =
  /^(?:string|text|(?:var|n?var)?char2?|int(?:eger)?|(?:big|small)int|numeric|number|decimal|money|float|double|real|date|datetime|time|timestamp|bool(?:ean)?)(?: ?\([0-9, ]+\))?$/i;

const BRACKETED = /^[[(].*[\])]$/;

function isUnit(cell: string): boolean {
  return rememberedLook(cell).kinds === 0 && UNIT.test(cell);
}

/** Names that are spread over several rows, and the last of these; a row above counts when one below it does. */
export function spreadNames(
  table: readonly Row[],
  width: number,
): { names: readonly string[]; last: number } {
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

/** Groups that stand above each of their names, as the first of each alone: Mon,Mon,Tue,Tue. */
export const onceEach = (groups: readonly string[]): string[] =>
  groups.map((cell, index) => (index > 0 && cell === groups[index - 1] ? "" : cell));

/**
 * The names with the groups above them, as spreadsheets merge cells: a group holds from its cell up to the next one.
 * Undefined where the row above is no such row: it has less than the names, begins behind the first column or has
 * room between its cells, and what it says is no value.
 */
export function groupsOf(written: readonly string[], names: readonly string[]): string[] | undefined {
  const above = onceEach(written);
  const isGroup = (cell: string): boolean =>
    !isFilled(cell) || isYear(cell) || !(isTyped(cell) || cell.trim().endsWith(":"));
  if (above.length > names.length || !above.every(isGroup)) return undefined;
  const starts = above.flatMap((cell, index) => (isFilled(cell) ? [index] : []));
  const [first] = starts;
  if (first === undefined) return undefined;
  const spans = starts.map((at, index) => (starts[index + 1] ?? names.length) - at);
  const repeated = hasTwins(names);
  const said = above.some((cell, index) => cell !== written[index]);
  const apart = starts.length > 1 && (said || spans.every((span) => span > 1));
  if (!apart && !(repeated && first > 0)) return undefined;
  const grouped = names.map((name, index) => {
    const group = starts.findLast((at) => at <= index);
    return group === undefined ? name : `${(above[group] ?? "").trim()} ${name.trim()}`.trim();
  });
  return repeated && hasTwins(grouped) && !apart ? undefined : grouped;
}

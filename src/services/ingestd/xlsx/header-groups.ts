// Names of columns that are spread over merged cells: a group such as "Week 1" above the names of its columns. Each
// group goes before the names below it, so that "Hours" of two weeks are two columns with names of their own.

import { type Cell, type Range, type SheetRow } from "./sheet.ts";
import { titleRows } from "./survey.ts";

/** Rows of groups above the names; more is a form and no table. */
const LEVELS_MAX = 3;

export interface HeaderGroups {
  /** The row of the names, and each column's full name. */
  readonly row: number;
  readonly names: ReadonlyMap<number, string>;
  /** Rows of groups, which are names and no rows of the table. */
  readonly groupRows: readonly number[];
}

/** Undefined for a sheet whose first row of the table is no row of groups. */
export function headerGroups(
  head: readonly SheetRow[],
  merges: readonly Range[],
  firstColumn: number,
  textOf: (cell: Cell) => string,
): HeaderGroups | undefined {
  // A row of one cell is a title where it stands at the left, and may be a lone group elsewhere.
  let at = titleRows(head).findIndex(
    (row) => (row.cells[0]?.column ?? 0) > firstColumn && hasGroups(row, merges),
  );
  if (at < 0) at = titleRows(head).length;
  const names = new Map<number, string>();
  const groupRows: number[] = [];
  for (let level = 0; level <= LEVELS_MAX; level += 1, at += 1) {
    const row = head[at];
    if (row === undefined) return undefined;
    const next = head[at + 1];
    const isGroup = next !== undefined && hasGroups(row, merges) && isNamed(next, row, merges);
    for (const cell of row.cells) {
      const text = textOf(cell).replace(/\s+/g, " ").trim();
      const range = isGroup ? rangeOf(cell, row.row, merges) : undefined;
      for (let column = range?.left ?? cell.column; column <= (range?.right ?? cell.column); column += 1) {
        const before = names.get(column);
        names.set(column, before === undefined ? text : `${before} ${text}`);
      }
    }
    if (!isGroup) return groupRows.length === 0 ? undefined : { row: row.row, names, groupRows };
    groupRows.push(row.row);
  }
  return undefined;
}

function rangeOf({ column }: Cell, row: number, merges: readonly Range[]): Range | undefined {
  return merges.find(({ top, left }) => top === row && left === column);
}

/** Whether some cell of the row is merged over several columns. */
function hasGroups({ row, cells }: SheetRow, merges: readonly Range[]): boolean {
  return cells.some((cell) => {
    const range = rangeOf(cell, row, merges);
    return range !== undefined && range.right > range.left;
  });
}

/** Whether the row below has a name in every column of every group: texts, or years. */
function isNamed(below: SheetRow, row: SheetRow, merges: readonly Range[]): boolean {
  const cells = new Map(below.cells.map((cell) => [cell.column, cell]));
  return row.cells.every((cell) => {
    const range = rangeOf(cell, row.row, merges);
    if (range === undefined || range.right === range.left) return true;
    for (let column = range.left; column <= range.right; column += 1) {
      const name = cells.get(column);
      if (name === undefined || !isName(name)) return false;
    }
    return true;
  });
}

function isName({ type, text }: Cell): boolean {
  return type === "shared" || type === "text" || (type === "number" && /^(?:19|20)\d\d$/.test(text));
}

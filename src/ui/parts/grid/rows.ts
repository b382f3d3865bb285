// Which rows a table shows and in what order, and which of them are in sight.

import { type Cell, compareCells, textOf } from "./cells.ts";

export interface Column<Row> {
  readonly key: string;
  readonly title: string;
  /** Below the title: the column's type. */
  readonly note?: string;
  readonly value: (row: Row) => Cell;
  /** Numbers stand at the right. */
  readonly number?: boolean;
  /** In pixels; by its content unless given. */
  readonly width?: number;
}

/** `-rows` is by the column `rows`, the largest first. */
export function sortedBy<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  sort: string | undefined,
): readonly Row[] {
  if (sort === undefined || sort === "") return rows;
  const descending = sort.startsWith("-");
  const column = columns.find(({ key }) => key === (descending ? sort.slice(1) : sort));
  if (column === undefined) return rows;
  const { value } = column;
  return [...rows].sort((a, b) => compareCells(value(a), value(b), descending ? -1 : 1));
}

/** The next state of a column's header: up, down, as it came. */
export function nextSort(sort: string | undefined, key: string): string | undefined {
  if (sort === key) return `-${key}`;
  return sort === `-${key}` ? undefined : key;
}

/** Rows in which every word stands somewhere; `column:word` looks in one column alone. */
export function filteredBy<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  text: string,
): readonly Row[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return rows;
  const tests = words.map((word) => {
    const at = word.indexOf(":");
    const column = columns.find(({ key }) => at > 0 && key.toLowerCase() === word.slice(0, at));
    return column === undefined
      ? { searched: columns, wanted: word }
      : { searched: [column], wanted: word.slice(at + 1) };
  });
  return rows.filter((row) =>
    tests.every(({ searched, wanted }) =>
      searched.some(({ value }) => textOf(value(row)).toLowerCase().includes(wanted)),
    ),
  );
}

export interface Range {
  readonly first: number;
  /** Excluded. */
  readonly end: number;
}

/** Rows beyond the visible ones, so that a fast scroll shows no gap. */
const OVERSCAN = 12;

export function rangeInSight(scrollTop: number, height: number, rowHeight: number, count: number): Range {
  const first = Math.min(Math.max(0, Math.floor(scrollTop / rowHeight) - OVERSCAN), Math.max(0, count - 1));
  const end = Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + OVERSCAN);
  return { first, end: Math.max(first, end) };
}

/** Rows that are looked at for the width of a column. */
const SAMPLE = 100;
const CHARACTER_PX = 8;
const [WIDTH_MIN, WIDTH_MAX] = [72, 340];

export function widthOf<Row>(column: Column<Row>, rows: readonly Row[]): number {
  if (column.width !== undefined) return column.width;
  const lengths = rows.slice(0, SAMPLE).map((row) => textOf(column.value(row)).length);
  // The mark of the sort order stands beside the title.
  const longest = Math.max(column.title.length + 3, (column.note ?? "").length, ...lengths);
  return Math.round(Math.min(WIDTH_MAX, Math.max(WIDTH_MIN, longest * CHARACTER_PX + 20)));
}

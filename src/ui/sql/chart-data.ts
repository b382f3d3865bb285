// What a chart shows of a result: which columns can stand on which axis, and their numbers.

import type { SqlResult } from "#contracts/query";

export interface Plotted {
  readonly x: readonly (number | string)[];
  readonly time: boolean;
  readonly series: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
  /** Rows that were left out, because a screen has no room for more. */
  readonly leftOut: number;
}

type Column = SqlResult["columns"][number];

/** More points than a wide screen has columns of pixels. */
const POINTS_MAX = 5000;

const NUMERIC = /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|INTEGER|UINTEGER|FLOAT|DOUBLE|DECIMAL)\b/;

export function isNumeric({ type }: Column): boolean {
  return NUMERIC.test(type);
}

export function isTime({ type }: Column): boolean {
  return /^(DATE|TIMESTAMP)/.test(type);
}

/** The first column in time, else the first with names, else the first; and the numbers beside it, three at most. */
export function suggested(columns: readonly Column[]): { readonly x: string; readonly y: readonly string[] } {
  const x = columns.find(isTime) ?? columns.find((column) => !isNumeric(column)) ?? columns[0];
  const y = columns.filter((column) => column !== x && isNumeric(column)).slice(0, 3);
  return { x: x?.name ?? "", y: y.map(({ name }) => name) };
}

export function plotted(
  { columns, rows }: Pick<SqlResult, "columns" | "rows">,
  xName: string,
  yNames: readonly string[],
): Plotted {
  const xColumn = columns.find(({ name }) => name === xName);
  const time = xColumn !== undefined && isTime(xColumn);
  const numeric = xColumn !== undefined && isNumeric(xColumn);
  const shown = rows.slice(0, POINTS_MAX);
  const points = shown.map((row) => ({
    row,
    x: time ? secondsOf(row[xName]) : numeric ? numberOf(row[xName]) : labelOf(row[xName]),
  }));
  // An axis of numbers goes up, and what has no place on it is not shown.
  const placed = points.filter(({ x }) => x !== null);
  const ordered = time || numeric ? placed.sort((a, b) => Number(a.x) - Number(b.x)) : placed;
  return {
    x: ordered.map(({ x }) => x ?? ""),
    time,
    series: yNames.map((name) => ({ name, values: ordered.map(({ row }) => numberOf(row[name])) })),
    leftOut: rows.length - ordered.length,
  };
}

function numberOf(value: unknown): number | null {
  if (value === null || value === undefined || value === "") return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

function secondsOf(value: unknown): number | null {
  const ms = typeof value === "string" ? Date.parse(value) : NaN;
  return Number.isNaN(ms) ? null : ms / 1000;
}

function labelOf(value: unknown): string {
  if (value === null || value === undefined) return "no value";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

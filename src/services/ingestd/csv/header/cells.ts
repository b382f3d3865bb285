// The parts of which headers are recognised: cells that are filled, values, names, and the columns that hold values.

import { bitOf } from "../../inference/kinds.ts";
import { rememberedLook, MARKS } from "../../inference/looks.ts";
import { isNull } from "../../inference/nulls.ts";
import type { Row } from "../rows.ts";

/** Rows of data that say what a column is like. */
export const BODY_ROWS = 200;

const TYPED_SHARE = 0.8;

export const isFilled = (cell: string): boolean => !isNull(cell) && cell.trim() !== "";

/** A lone letter may be a yes or a no below a header, but in one it is a name. */
const BOOLEAN = bitOf("boolean");

export function isTyped(cell: string): boolean {
  const { kinds, marks } = rememberedLook(cell.trim());
  return (kinds & ~BOOLEAN) !== 0 || (marks & MARKS.leadingZero) !== 0;
}

export const isTrueOrFalse = (cell: string): boolean => (rememberedLook(cell.trim()).kinds & BOOLEAN) !== 0;

export const filledIn = (cells: readonly string[]): number => cells.filter(isFilled).length;

export const isYear = (cell: string): boolean => /^(?:1[89]|20|21)[0-9]{2}$/.test(cell.trim());

export function hasTwins(names: readonly string[]): boolean {
  const filled = names.filter(isFilled).map((name) => name.trim().toLowerCase());
  return new Set(filled).size < filled.length;
}

export const NAME_LIKE = /^[\p{L}\p{N}_ .\-/()%&'#:]{1,60}$/u;

/** Different, short texts that are no values. */
export function areNames(cells: readonly string[]): boolean {
  const names = cells.map((cell) => cell.trim().toLowerCase());
  return (
    new Set(names).size === names.length && names.every((name) => NAME_LIKE.test(name) && !isTyped(name))
  );
}

export const tableFrom = (rows: readonly Row[], start: number, width: number): Row[] =>
  rows.slice(start).filter(({ cells, reason }) => reason === undefined && cells.length >= width);

/** For each column below the first row: whether most of its values are more than text. */
export function columnsBelow(table: readonly Row[], width: number): boolean[] {
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

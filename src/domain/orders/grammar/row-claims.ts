// Claims to numbers of people by where they stand in a table: the column whose head says so ("Qty"), and a cell with a
// small number and nothing else in a row that has a role. Rows are lines, cells are parted by pipes or tabs, under a
// heading also by commas.

import type { Lexicon } from "../tables/lexicon.ts";
import { CELL, type Token } from "../text/tokens.ts";
import type { Of } from "./claim.ts";

/** Tokens of a cell, end exclusive. */
interface Cell {
  readonly from: number;
  readonly to: number;
}

/** A heading has few words. */
const HEADING_WORDS_MAX = 4;
/** Without a heading: larger numbers are rather something else. */
const BARE_COUNT_MAX = 200;
const COLUMN_WEIGHT = 6;
const BARE_WEIGHT = 2.4;

export function rowClaims(
  tokens: readonly Token[],
  lexicon: Lexicon,
  hasRole: (from: number, to: number) => boolean,
): Of<"count">[] {
  const claims: Of<"count">[] = [];
  let column: { readonly at: number; readonly mark: string } | undefined;
  for (const line of linesOf(tokens)) {
    const heading = headingOf(tokens, line, lexicon);
    if (heading !== undefined) {
      column = heading;
      continue;
    }
    const cells = cellsOf(tokens, line, column?.mark ?? CELL);
    if (cells.length < 2 || !hasRole(line.from, line.to)) continue;
    const counted = column === undefined ? undefined : countIn(tokens, cells[column.at]);
    if (counted !== undefined) claims.push(claimOf(counted, COLUMN_WEIGHT));
    else if (column === undefined) {
      const alone = cells.flatMap((cell) => countIn(tokens, cell) ?? []);
      if (alone.length === 1)
        for (const one of alone) if (one.value <= BARE_COUNT_MAX) claims.push(claimOf(one, BARE_WEIGHT));
    }
  }
  return claims;
}

function claimOf({ at, value }: { at: number; value: number }, weight: number): Of<"count"> {
  return { kind: "count", value: { count: value, inRow: true }, from: at, to: at + 1, weight };
}

function linesOf(tokens: readonly Token[]): Cell[] {
  return parted(tokens, { from: 0, to: tokens.length }, "\n");
}

function parted(tokens: readonly Token[], { from, to }: Cell, mark: string): Cell[] {
  const parts: Cell[] = [];
  let start = from;
  for (let at = from; at <= to; at++) {
    if (at < to && tokens[at]?.word !== mark) continue;
    parts.push({ from: start, to: at });
    start = at + 1;
  }
  return parts;
}

/** Without the empty cells outside of the pipes at the ends of a row. */
function cellsOf(tokens: readonly Token[], line: Cell, mark: string): Cell[] {
  const cells = parted(tokens, line, mark);
  if (cells.length > 2 && cells[0]?.from === cells[0]?.to) cells.shift();
  return cells;
}

/** A line of short cells without numbers of which one says that its column counts people. */
function headingOf(
  tokens: readonly Token[],
  line: Cell,
  lexicon: Lexicon,
): { at: number; mark: string } | undefined {
  for (const mark of [CELL, ",", ";"]) {
    const cells = cellsOf(tokens, line, mark);
    if (cells.length < 2) continue;
    const plain = cells.every(
      ({ from, to }) =>
        to - from <= HEADING_WORDS_MAX && tokens.slice(from, to).every(({ kind }) => kind !== "number"),
    );
    if (!plain) continue;
    const at = cells.findIndex(({ from, to }) =>
      tokens
        .slice(from, to)
        .some(({ word }) => word === "#" || lexicon.has(word, "qty") || lexicon.has(word, "people")),
    );
    if (at >= 0) return { at, mark };
  }
  return undefined;
}

const COUNT = /^\d{1,4}$/;

function countIn(
  tokens: readonly Token[],
  cell: Cell | undefined,
): { at: number; value: number } | undefined {
  if (cell === undefined) return undefined;
  const own = tokens[cell.from];
  const multiplied = cell.to - cell.from === 2 && ["x", "×"].includes(tokens[cell.from]?.word ?? "");
  const at = multiplied ? cell.from + 1 : cell.from;
  const number = multiplied ? tokens[at] : own;
  if (number === undefined || cell.to !== at + 1 || number.kind !== "number") return undefined;
  return COUNT.test(number.text) && number.value > 0 ? { at, value: number.value } : undefined;
}

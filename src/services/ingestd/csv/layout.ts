// How a delimited text is laid out: its dialect, its header and the shape of its rows, found on a sample.

import type { Decoded } from "../decode/decode.ts";
import type { Sample } from "../decode/sample.ts";
import { rememberedLook } from "../inference/looks.ts";
import { isInNullText } from "../inference/nulls.ts";
import { duckdbWord } from "../inference/types.ts";
import type { Table } from "../source/shapes.ts";
import type { Wishes } from "../source/source.ts";
import { type Guess, guessDialect, type Opinion, readDialect } from "./dialect.ts";
import { findHeader, type Header } from "./header/header.ts";
import type { Dialect, Fit, Row } from "./rows.ts";

/** So many short rows, and such a share of all, are a habit rather than damage. */
const RAGGED_ROWS_MIN = 3;
const RAGGED_SHARE_MIN = 0.1;

/** Rows that are looked at for columns of values, and the share of them that must have one. */
const VALUE_ROWS = 200;
const VALUE_SHARE_MIN = 0.9;

export interface Layout {
  readonly guess: Guess;
  /** The dialect was not known beforehand. */
  readonly guessed: boolean;
  readonly header: Header;
  readonly fit: Fit;
}

export async function layoutOf(
  { head, whole, open }: Pick<Sample, "head" | "whole" | "open">,
  wishes: Wishes,
  known: Dialect | undefined,
  askSniffer: () => Promise<Opinion | undefined>,
): Promise<Layout> {
  const { said = {} } = wishes;
  let guess =
    known === undefined ? guessDialect(head, whole, undefined, said) : readDialect(known, head, whole);
  // Text in a quote without an end costs DuckDB's sniffer gigabytes.
  const opinion = guess.close && !open ? await askSniffer() : undefined;
  if (opinion !== undefined) guess = guessDialect(head, whole, opinion, said);
  const header = findHeader(
    guess.rows,
    guess.width,
    wishes.known.map(({ name }) => name),
    said.header_row,
  );
  return {
    guess,
    guessed: known === undefined && said.delimiter === undefined,
    header,
    fit: fitOf(guess, header),
  };
}

function fitOf({ width, usualCells, rows }: Guess, { bodyLine, names, shortest }: Header): Fit {
  if (shortest !== undefined) return { width: names.length, returns: true, ragged: false, shortest };
  const body = rows.filter(({ line }) => line >= bodyLine);
  const short = body.filter(({ cells }) => cells.length > 1 && cells.length < width).length;
  const ragged = width > 2 && short >= RAGGED_ROWS_MIN && short >= body.length * RAGGED_SHARE_MIN;
  return { width, usualCells, returns: true, ragged, values: valuesIn(body, width) };
}

const isValue = (cell: string): boolean => rememberedLook(cell).kinds !== 0;

/** The columns that hold values in nearly every row of one line. */
function valuesIn(body: readonly Row[], width: number): NonNullable<Fit["values"]> {
  const rows = body
    .filter(({ cells, raw }) => cells.length === width && !raw.includes("\n"))
    .slice(0, VALUE_ROWS);
  const columns = Array.from({ length: width }, (_, column) => column).filter((column) => {
    const values = rows.filter(({ cells }) => isValue((cells[column] ?? "").trim())).length;
    return values > 1 && values >= rows.length * VALUE_SHARE_MIN;
  });
  return { columns, isValue };
}

/** Whether DuckDB, with these settings, reads the file as our parser does. */
export function isTidy({ guess, header, fit }: Layout): boolean {
  const { dialect, rows } = guess;
  if (fit.width < 2 || fit.ragged || fit.shortest !== undefined) return false;
  if (dialect.padded || dialect.escape !== "double" || header.rejected.length > 0) return false;
  if (dialect.newline !== "\n" || !['"', ""].includes(dialect.quote) || dialect.delimiter.length > 1)
    return false;
  if (isInNullText(dialect.delimiter)) return false;
  return rows.every(
    (row) =>
      row.line < header.bodyLine || (row.flawed !== true && row.guarded !== true && row.reason === undefined),
  );
}

/** Columns, by index, that the caller wants as text: they keep the words that mean NULL elsewhere. */
export function keptTexts(names: readonly string[], { types }: Wishes): ReadonlySet<number> {
  const wanted = new Map(Object.entries(types).map(([name, type]) => [name.toLowerCase(), type]));
  return new Set(
    names.flatMap((name, index) =>
      duckdbWord(wanted.get(name.toLowerCase()) ?? "") === "VARCHAR" ? [index] : [],
    ),
  );
}

export function dialectOf(
  file: Decoded,
  { guess, header, fit }: Layout,
  evidence: readonly string[],
): NonNullable<Table["dialect"]> {
  const { dialect, width } = guess;
  return {
    delimiter: width === 1 ? "" : dialect.delimiter,
    quote: dialect.quote,
    encoding: file.encoding,
    header_row: header.headerLine,
    evidence: [
      ...file.evidence,
      ...guess.evidence,
      ...header.evidence,
      ...(fit.ragged ? ["many rows leave out their last cells: short rows are filled up with NULL"] : []),
      ...evidence,
    ],
  };
}

export function warningsOf(file: Decoded, { guess, guessed, header }: Layout): string[] {
  const seen = guess.rows.length;
  const few =
    guessed && guess.width > 1 && seen < 4
      ? [`The delimiter was guessed from ${seen} ${seen === 1 ? "line" : "lines"}.`]
      : [];
  return [...file.warnings, ...few, ...header.warnings];
}

// How a delimited text is laid out: its dialect, its header and the shape of its rows, found on a sample.

import type { Decoded } from "../decode/decode.ts";
import { isInNullText } from "../inference/nulls.ts";
import { duckdbWord } from "../inference/types.ts";
import type { Table } from "../source/shapes.ts";
import type { Wishes } from "../source/source.ts";
import { type Guess, guessDialect, type Opinion } from "./dialect.ts";
import { findHeader, type Header } from "./header.ts";
import type { Fit } from "./rows.ts";

/** So many short rows, and such a share of all, are a habit rather than damage. */
const RAGGED_ROWS_MIN = 3;
const RAGGED_SHARE_MIN = 0.1;

export interface Layout {
  readonly guess: Guess;
  readonly header: Header;
  readonly fit: Fit;
}

export function layoutOf(
  sample: string,
  whole: boolean,
  opinion: Opinion | undefined,
  wishes: Wishes,
): Layout {
  const guess = guessDialect(sample, whole, opinion);
  const header = findHeader(
    guess.rows,
    guess.width,
    wishes.known.map(({ name }) => name),
  );
  return { guess, header, fit: fitOf(guess, header) };
}

function fitOf({ width, rows }: Guess, { bodyLine, names, shortest }: Header): Fit {
  if (shortest !== undefined) return { width: names.length, returns: true, ragged: false, shortest };
  const body = rows.filter(({ line }) => line >= bodyLine);
  const short = body.filter(({ cells }) => cells.length > 1 && cells.length < width).length;
  const ragged = width > 2 && short >= RAGGED_ROWS_MIN && short >= body.length * RAGGED_SHARE_MIN;
  return { width, returns: true, ragged };
}

/** Whether DuckDB, told all this, reads the file as our parser does. */
export function isTidy({ guess, header, fit }: Layout): boolean {
  const { dialect, rows } = guess;
  if (fit.width < 2 || fit.ragged || fit.shortest !== undefined) return false;
  if (dialect.padded || dialect.escape !== "double" || header.rejected.length > 0) return false;
  if (dialect.newline !== "\n" || dialect.quote === "'" || dialect.delimiter.length > 1) return false;
  if (isInNullText(dialect.delimiter)) return false;
  return rows.every((row) => row.line < header.bodyLine || (row.flawed !== true && row.reason === undefined));
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

export function warningsOf(file: Decoded, { guess, header }: Layout): string[] {
  const seen = guess.rows.length;
  const few =
    guess.width > 1 && seen < 4
      ? [`The delimiter was guessed from ${seen} ${seen === 1 ? "line" : "lines"}.`]
      : [];
  return [...file.warnings, ...few, ...header.warnings];
}

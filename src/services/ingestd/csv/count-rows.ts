// The rows of delimited text by its line ends outside of quotes, blank lines left out: a second opinion on what
// DuckDB read. It knows nothing of cells, so it and DuckDB do not err alike. Line ends and quotes are searched
// for, not looked at byte by byte: most lines cost two searches. Records of several lines are shown to our parser,
// because a stray quote may have merged them. Marks on the way say where a row stands, so that few rows of a large
// file are found again without reading the rest.

import { open } from "node:fs/promises";
import { chunksOf } from "../decode/files.ts";
import { type Dialect, type Fit, QUOTED_CHARS_MAX, type Row, rowsOf } from "./rows.ts";

const FEED = 10;
const RETURN = 13;
const EQUALS = 61;

/** A row is found again by parsing from the mark before it: so many rows, or bytes. */
const MARK_ROWS = 1024;
const MARK_BYTES = 1024 * 1024;

/** Where a row starts. */
interface Mark {
  /** Rows before it. */
  readonly rows: number;
  /** The byte, from 0. */
  readonly at: number;
  /** The line, from 1. */
  readonly line: number;
}

export interface Counted {
  readonly rows: number;
  readonly marks: readonly Mark[];
}

export interface CountOptions {
  /** Ends the count, which is then undefined. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (rows: number, bytes: number) => void;
}

/**
 * `skip` lines at the start are not looked at. Undefined when our parser reads some record in another way: one of several
 * lines, or one with a cell such as ="00123".
 */
export async function countRows(
  path: string,
  dialect: Dialect,
  fit: Fit,
  skip: number,
  { signal, onProgress }: CountOptions = {},
): Promise<Counted | undefined> {
  const { quote } = dialect;
  const quoteByte = quote === "" ? -1 : quote.charCodeAt(0);
  const marks: Mark[] = [];
  let rows = 0;
  let line = 1;
  /** Of the file, before this chunk. */
  let bytes = 0;
  let nextMark = { rows: 0, at: 0 };
  let skipped = 0;
  let quoted = false;
  /** Something but a carriage return stands in the line so far. */
  let filled = false;
  /** The record under way in earlier chunks, once a quote is open at the end of one of its lines. */
  let begun: Buffer[] = [];
  let several = false;
  const isEdge = (byte = FEED): boolean => byte === FEED || byte === dialect.delimiter.charCodeAt(0);
  const isOne = (record: Buffer): boolean => {
    const [row, ...others] = rowsOf(record.toString(), dialect, fit);
    return others.length === 0 && row?.reason === undefined && row?.flawed !== true;
  };
  const mark = (at: number): void => {
    if (rows < nextMark.rows && at < nextMark.at) return;
    marks.push({ rows, at, line });
    nextMark = { rows: rows + MARK_ROWS, at: at + MARK_BYTES };
  };
  if (skip === 0) mark(0);
  for await (const chunk of chunksOf(path)) {
    if (signal?.aborted === true) return undefined;
    const quoteAfter = (from: number): number => {
      const found = quoteByte < 0 || skipped < skip ? -1 : chunk.indexOf(quoteByte, from);
      return found < 0 ? Infinity : found;
    };
    let at = 0;
    /** Where the record under way starts in this chunk. */
    let start = 0;
    let nextQuote = quoteAfter(0);
    while (at < chunk.length) {
      const found = chunk.indexOf(FEED, at);
      const end = found < 0 ? chunk.length : found;
      while (nextQuote < end) {
        if (!quoted && chunk[nextQuote - 1] === EQUALS && isEdge(chunk[nextQuote - 2])) return undefined;
        quoted = !quoted;
        nextQuote = quoteAfter(nextQuote + 1);
      }
      filled ||= end > at + 1 || (end === at + 1 && chunk[at] !== RETURN);
      at = end + 1;
      if (found < 0) break;
      line += 1;
      if (skipped < skip) {
        skipped += 1;
        filled = false;
        start = at;
        if (skipped === skip) {
          nextQuote = quoteAfter(at);
          mark(bytes + at);
        }
      } else if (quoted) several = true;
      else {
        if (several && !isOne(Buffer.concat([...begun, chunk.subarray(start, end)]))) return undefined;
        several = false;
        begun = [];
        if (filled) {
          rows += 1;
          mark(bytes + at);
        }
        filled = false;
        start = at;
      }
    }
    // The chunk's memory is used again for the next one.
    if (skipped === skip && start < chunk.length) begun.push(Buffer.from(chunk.subarray(start)));
    if (begun.length * chunk.length > QUOTED_CHARS_MAX) return undefined;
    bytes += chunk.length;
    onProgress?.(rows, bytes);
  }
  if (several && !isOne(Buffer.concat(begun))) return undefined;
  if (filled && skipped === skip) rows += 1;
  return { rows, marks };
}

/** Text that is parsed at once for some rows in it; a stretch between marks is longer when one row alone is. */
const STRETCH_BYTES_MAX = 64 * 1024 * 1024;

/**
 * The rows of these numbers, counted from 1 and ascending, as our parser reads them; undefined where it finds another
 * number of rows between two marks than was counted.
 */
export async function rowsAt(
  path: string,
  { rows: total, marks }: Counted,
  numbers: readonly number[],
  dialect: Dialect,
  fit: Fit,
): Promise<Row[] | undefined> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const found: Row[] = [];
    for (const [index, mark] of marks.entries()) {
      const next = marks[index + 1] ?? { rows: total, at: size };
      const here: number[] = [];
      for (let number = numbers[found.length]; number !== undefined && number <= next.rows;) {
        here.push(number);
        number = numbers[found.length + here.length];
      }
      if (here.length === 0) continue;
      if (next.at - mark.at > STRETCH_BYTES_MAX) return undefined;
      const stretch = Buffer.allocUnsafe(next.at - mark.at);
      await file.read(stretch, 0, stretch.length, mark.at);
      const rows = rowsOf(stretch.toString(), dialect, fit);
      if (rows.length !== next.rows - mark.rows) return undefined;
      for (const number of here) {
        const row = rows[number - mark.rows - 1];
        if (row === undefined) return undefined;
        found.push({ ...row, line: row.line + mark.line - 1 });
      }
    }
    return found.length === numbers.length ? found : undefined;
  } finally {
    await file.close();
  }
}

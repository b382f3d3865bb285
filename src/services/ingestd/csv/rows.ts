// A tolerant reader of delimited text (RFC 4180 and what people make of it). It never loses a line: every record
// comes out as a row that fits the table's width, or as a reject with its line, its reason and its raw text. A
// broken quote costs the line it stands in, not what follows: a record that does not fit, or that merges lines
// which are rows by themselves, is read again as one line, first with its quotes and then without, before it is
// given up. Only a line that is too long to be held in memory is refused with its file.

import { Fault } from "#rpc/fault";
import { LINE_CHARS_MAX } from "../source/source.ts";
import { cellsAt } from "./fixed-width.ts";

export interface Dialect {
  readonly delimiter: string;
  /** Empty when cells are never quoted. */
  readonly quote: string;
  /** How a quote is written inside a quoted cell. */
  readonly escape: "double" | "backslash";
  readonly newline: "\n" | "\r";
  /** Spaces around cells are layout, not data. */
  readonly padded: boolean;
  /** Where cells begin in every line, from 0, when it is their place that tells them apart. */
  readonly cuts?: readonly number[] | undefined;
}

/** What a row must look like. Without it every record is taken as it comes. */
export interface Fit {
  readonly width: number;
  /** How many cells most rows have, empty ones beyond the width included. */
  readonly usualCells?: number;
  /** Trailing cells are left out by habit: short rows are filled up. */
  readonly ragged: boolean;
  /** The header has more names than the rows have cells: rows are filled up from this width on. */
  readonly shortest?: number;
  /** Columns whose cells are values and no texts, by a test on each: two lines in quotes are two rows if both have them. */
  readonly values?: { readonly columns: readonly number[]; readonly isValue: (cell: string) => boolean };
  /** A carriage return alone may end a row among lines that end in line feeds. */
  readonly returns?: boolean;
}

export interface Row {
  readonly cells: string[];
  /** The line it starts in, counted from 1 in the decoded file. */
  readonly line: number;
  /** Rows before it in the same line, which carriage returns part; none when left out. */
  readonly part?: number;
  readonly raw: string;
  /** Why it does not fit; its cells are then not to be used. */
  readonly reason?: string;
  /** Read in spite of a quote in the wrong place. */
  readonly flawed?: boolean;
  /** Its last cells were left out and filled up. */
  readonly filled?: boolean;
  /** Empty cells beyond the table's width were taken off: as many as most rows have, or another number. */
  readonly cut?: "usual" | "odd";
  /** A cell stood behind an equals sign, ="00123", as texts are kept from becoming numbers in a spreadsheet. */
  readonly guarded?: boolean;
}

/** A quoted cell that runs longer is a quote that somebody forgot to close. */
export const QUOTED_CHARS_MAX = 17 * 1024 * 1024;
/** After so many quotes that were never closed, no more than so many characters are searched for the end of one. */
const REACHES: readonly [unclosed: number, chars: number][] = [
  [1024, 256],
  [32, 8 * 1024],
];
/** A byte order mark, and a form feed between the pages of a report. */
const BEFORE_LINES: ReadonlySet<number> = new Set([0xfeff, 0x0c]);
/** Control-Z, with which old programs end a file. */
// oxlint-disable-next-line no-control-regex
const END_OF_FILE = /\u001a[\0\s]*$/;
const EQUALS = 61;
/** The formula of a text, quoted like any other cell: "=""00123""". */
const GUARDED = /^="[^"]*"$/;
/** Rows that are held at once. */
const BATCH_ROWS = 8192;
interface Parsed {
  readonly cells: string[];
  /** Where the next record starts. */
  readonly next: number;
  readonly flawed: boolean;
  /** A line break stood inside a quoted cell. */
  readonly spans: boolean;
  readonly guarded: boolean;
}

/** How many lines of the file a row takes. */
export const linesOf = ({ raw }: Pick<Row, "raw">): number => raw.split(/\r\n|\r|\n/).length;

export class RowScanner {
  readonly #dialect: Dialect;
  readonly #fit: Fit | undefined;
  #text = "";
  #line: number;
  #skip: number;
  #unclosed = 0;
  /** An open quote is searched again only when so much text is there: twice what was searched in vain. */
  #enough = 0;

  /** Lines before `firstLine` are passed over unread. */
  constructor(dialect: Dialect, fit?: Fit, firstLine = 1) {
    this.#dialect = dialect;
    this.#fit = fit;
    this.#line = 1;
    this.#skip = firstLine - 1;
  }

  /** The records that are complete with this text, some at a time: an open quote may have held back millions. */
  *push(text: string): Generator<Row[]> {
    this.#text = this.#text === "" ? text : this.#text + text;
    if (this.#text.length >= this.#enough) yield* this.#batches(false);
  }

  /** The records that the end of the file completes. */
  finish(): Generator<Row[]> {
    return this.#batches(true);
  }

  *#batches(final: boolean): Generator<Row[]> {
    for (;;) {
      const rows = this.#take(final);
      yield rows;
      if (rows.length < BATCH_ROWS) return;
    }
  }

  #take(final: boolean): Row[] {
    const rows: Row[] = [];
    this.#enough = 0;
    const text = final ? this.#text.replace(END_OF_FILE, "") : this.#text;
    let at = this.#passOver(text);
    while (at < text.length && rows.length < BATCH_ROWS) {
      const next = this.#record(text, at, final, rows);
      if (next < 0) break;
      at = next;
    }
    this.#text = text.slice(at);
    if (rows.length < BATCH_ROWS && this.#text.length > LINE_CHARS_MAX) {
      throw new Fault(
        "rejected",
        `Line ${this.#line} is longer than ${LINE_CHARS_MAX} characters: this is not a table, or its lines end in a way that is not known here.`,
      );
    }
    return rows;
  }

  #passOver(text: string): number {
    let at = 0;
    while (this.#skip > 0) {
      const end = text.indexOf(this.#dialect.newline, at);
      if (end < 0) return at;
      at = end + 1;
      this.#skip -= 1;
      this.#line += 1;
    }
    return at;
  }

  /** Reads one record into `rows`; gives where the next one starts, or -1 when there must be more text first. */
  #record(text: string, start: number, final: boolean, rows: Row[]): number {
    const { newline } = this.#dialect;
    // Files that were joined bring their marks along, pages their breaks.
    const at = BEFORE_LINES.has(text.charCodeAt(start)) ? start + 1 : start;
    const found = text.indexOf(newline, at);
    if (found < 0 && !final) return -1;
    const lineEnd = found < 0 ? text.length : found;
    const nextLine = found < 0 ? text.length : found + 1;
    const line = this.#line;
    const lineText = withoutReturn(text.slice(at, lineEnd), newline);
    if (lineText.trim() === "" && !lineText.includes(this.#dialect.delimiter)) {
      this.#line += found < 0 ? 0 : 1;
      return nextLine;
    }
    const { quote } = this.#dialect;
    if (quote === "" || !lineText.includes(quote)) {
      this.#line += 1;
      rows.push(...this.#plainLine(lineText, line));
      return nextLine;
    }
    const whole = this.#quoted(text, at, final);
    if (whole === "more") return -1;
    if (typeof whole === "object" && !this.#swallows(text.slice(at, whole.next), whole)) {
      const raw = withoutReturn(text.slice(at, endOfRecord(text, whole.next, newline)), newline);
      const row = this.#fitted(whole.cells, line, raw, whole.flawed);
      if (row !== undefined) {
        this.#line += whole.spans ? count(raw, newline) + 1 : 1;
        rows.push(whole.guarded ? { ...row, guarded: true } : row);
        return whole.next;
      }
      // A clean record that is only too short or too long is that, however many lines it has.
      if (!whole.flawed && this.#fit !== undefined && !this.#startsAnew(text, at, whole)) {
        this.#line += whole.spans ? count(raw, newline) + 1 : 1;
        rows.push(misfit(whole.cells, line, raw, this.#fit));
        return whole.next;
      }
    }
    this.#line += 1;
    rows.push(...this.#oneLine(lineText, line));
    return nextLine;
  }

  /** The record from `at`, "more" where its end may still come, or "unclosed". */
  #quoted(text: string, at: number, final: boolean): Parsed | "more" | "unclosed" {
    const reach = REACHES.find(([unclosed]) => this.#unclosed >= unclosed)?.[1] ?? QUOTED_CHARS_MAX;
    const cut = reach < QUOTED_CHARS_MAX && text.length - at > reach;
    const parsed = cut
      ? parseQuoted(text.slice(at, at + reach), 0, this.#dialect, false)
      : parseQuoted(text, at, this.#dialect, final);
    if (typeof parsed === "object") return cut ? { ...parsed, next: at + parsed.next } : parsed;
    if (parsed === "more" && !cut && text.length - at < reach) {
      this.#enough = Math.min(2 * (text.length - at), reach);
      return "more";
    }
    this.#unclosed += 1;
    return "unclosed";
  }

  /** A line without quotes: a row, or several that carriage returns part, or a reject. */
  #plainLine(lineText: string, line: number): Row[] {
    const cells = this.#plainCells(lineText);
    const row = this.#fitted(cells, line, lineText, false);
    // Empty cells beyond the width may be those of another row.
    if (row !== undefined && (row.cut === undefined || !lineText.includes("\r"))) return [row];
    const several = this.#parted(lineText, line, (part) => this.#plainCells(part));
    return several ?? [row ?? misfit(cells, line, lineText, this.#fit)];
  }

  /** The rows of a line that carriage returns part, when each of them fits. */
  #parted(
    lineText: string,
    line: number,
    cellsOf: (part: string) => string[] | undefined,
  ): Row[] | undefined {
    if (this.#fit?.returns !== true || !lineText.includes("\r")) return undefined;
    const parts = lineText
      .split("\r")
      .map((part) => (BEFORE_LINES.has(part.charCodeAt(0)) ? part.slice(1) : part))
      .filter((part) => part !== "");
    const rows = parts.flatMap((part) => {
      const cells = cellsOf(part);
      return cells === undefined ? [] : (this.#fitted(cells, line, part, false) ?? []);
    });
    return rows.length === parts.length ? rows.map((each, part) => ({ ...each, part })) : undefined;
  }

  /** The last resort for a line: as rows that carriage returns part, with its quotes, without them, or rejected. */
  #oneLine(lineText: string, line: number): Row[] {
    const several = this.#parted(lineText, line, (part) => {
      const parsed = parseQuoted(part, 0, this.#dialect, true);
      return typeof parsed === "object" && !parsed.flawed ? parsed.cells : undefined;
    });
    if (several !== undefined) return several;
    const quoted = parseQuoted(lineText, 0, this.#dialect, true);
    if (typeof quoted === "object") {
      const row = this.#fitted(quoted.cells, line, lineText, true);
      if (row !== undefined) return [row];
    }
    const cells = this.#plainCells(lineText);
    const row = this.#fitted(cells, line, lineText, true);
    if (row !== undefined) return [row];
    if (quoted === "unclosed")
      return [{ cells, line, raw: lineText, reason: "a quote is opened and never closed", flawed: true }];
    const found = typeof quoted === "object" ? quoted.cells : cells;
    return [{ ...misfit(found, line, lineText, this.#fit), flawed: true }];
  }

  #plainCells(line: string): string[] {
    if (this.#dialect.cuts !== undefined) return cellsAt(line, this.#dialect.cuts);
    const cells = line.split(this.#dialect.delimiter);
    return this.#dialect.padded ? cells.map((cell) => cell.trim()) : cells;
  }

  /** The row, if its cells fit or can be made to without losing a value. */
  #fitted(cells: string[], line: number, raw: string, flawed: boolean): Row | undefined {
    const fit = this.#fit;
    if (fit === undefined || cells.length === fit.width)
      return flawed ? { cells, line, raw, flawed } : { cells, line, raw };
    if (cells.length > fit.width) {
      for (let index = fit.width; index < cells.length; index += 1) if (cells[index] !== "") return undefined;
      const cut = cells.length === fit.usualCells ? "usual" : "odd";
      return { cells: cells.slice(0, fit.width), line, raw, flawed, cut };
    }
    if (cells.length < (fit.ragged ? 2 : (fit.shortest ?? fit.width))) return undefined;
    const whole = [...cells, ...Array<string>(fit.width - cells.length).fill("")];
    return { cells: whole, line, raw, flawed, filled: true };
  }

  /**
   * Whether a record of several lines is rather a stray quote that swallowed whole rows: then every line of it is
   * a row of the right width by itself. Two lines prove that only where a quote stands in an odd place, or where both
   * have values in all columns of values.
   */
  #swallows(record: string, { spans, flawed }: Parsed): boolean {
    const width = this.#fit?.width ?? 0;
    if (!spans || width < (flawed ? 2 : 3)) return false;
    const lines = record.split(this.#dialect.newline);
    if (lines.at(-1) === "") lines.pop();
    if (!lines.every((line) => this.#fitsAlone(line, width))) return false;
    return lines.length > (flawed ? 1 : 2) || lines.every((line) => this.#hasValues(line));
  }

  /** Whether a line by itself has values, two at least, wherever the table has them. */
  #hasValues(line: string): boolean {
    const values = this.#fit?.values;
    if (values === undefined || values.columns.length < 2) return false;
    const cells = this.#plainCells(withoutReturn(line, this.#dialect.newline));
    return values.columns.every((column) => values.isValue((cells[column] ?? "").trim()));
  }

  #fitsAlone(line: string, width: number): boolean {
    if (this.#plainCells(line).length === width) return true;
    const quoted = parseQuoted(line, 0, this.#dialect, true);
    return typeof quoted === "object" && quoted.cells.length === width;
  }

  #fitsPlain(line: string): boolean {
    return this.#fitted(this.#plainCells(line), 0, line, false) !== undefined;
  }

  /** Whether a record of several lines that does not fit hides a line that would: then its quote is what is wrong. */
  #startsAnew(text: string, at: number, { spans, next }: Parsed): boolean {
    if (!spans) return false;
    const lines = text.slice(at, next).split(this.#dialect.newline).slice(1);
    return lines.some((line) => line !== "" && !line.includes(this.#dialect.quote) && this.#fitsPlain(line));
  }
}

/** All rows of a text that is at hand whole. */
export function rowsOf(text: string, dialect: Dialect, fit?: Fit, firstLine = 1): Row[] {
  const scanner = new RowScanner(dialect, fit, firstLine);
  return [...scanner.push(text), ...scanner.finish()].flat();
}

function misfit(cells: string[], line: number, raw: string, fit: Fit | undefined): Row {
  const width = fit?.width ?? 0;
  return {
    cells,
    line,
    raw,
    reason: `${cells.length} ${cells.length === 1 ? "cell" : "cells"} where the table has ${width}`,
  };
}

/** One record from `at`; quotes are closed only by a quote that a delimiter, a line's end or the file's end follows. */
function parseQuoted(
  text: string,
  at: number,
  dialect: Dialect,
  final: boolean,
): Parsed | "more" | "unclosed" {
  const { delimiter, quote, newline, padded } = dialect;
  const backslash = dialect.escape === "backslash";
  const cells: string[] = [];
  let flawed = false;
  let spans = false;
  let guarded = false;
  let from = at;
  for (;;) {
    const begin = delimiter === " " ? from : skipSpaces(text, from);
    const start = text.charCodeAt(begin) === EQUALS && text.startsWith(quote, begin + 1) ? begin + 1 : begin;
    if (text.startsWith(quote, start)) {
      guarded ||= start > begin;
      let value = "";
      let piece = start + 1;
      let search = piece;
      let close: number;
      for (;;) {
        const end = text.indexOf(quote, search);
        if (end < 0) return final ? "unclosed" : "more";
        if (backslash && oddBackslashes(text, piece, end)) {
          search = end + 1;
          continue;
        }
        if (text.startsWith(quote, end + 1)) {
          value += text.slice(piece, end + 1);
          piece = end + 2;
          search = piece;
          continue;
        }
        const after = delimiter === " " ? end + 1 : skipSpaces(text, end + 1);
        if (after >= text.length && !final) return "more";
        if (after >= text.length || text.startsWith(delimiter, after) || endsLine(text, after, newline)) {
          value += text.slice(piece, end);
          close = after;
          break;
        }
        flawed = true;
        search = end + 1;
      }
      spans ||= value.includes(newline);
      const inner = GUARDED.test(value) ? value.slice(2, -1) : value;
      guarded ||= inner !== value;
      cells.push(backslash ? unescaped(inner) : inner);
      from = close;
    } else {
      const line = text.indexOf(newline, from);
      const comma = text.indexOf(delimiter, from);
      if (line < 0 && comma < 0 && !final) return "more";
      const lineEnd = line < 0 ? text.length : line;
      const end = comma < 0 || comma > lineEnd ? lineEnd : comma;
      const cell = end === lineEnd ? withoutReturn(text.slice(from, end), newline) : text.slice(from, end);
      flawed ||= cell.includes(quote);
      cells.push(padded ? cell.trim() : cell);
      from = end;
    }
    if (from >= text.length) return { cells, next: text.length, flawed, spans, guarded };
    if (text.startsWith(delimiter, from)) {
      from += delimiter.length;
      // A delimiter at the very end of the text: whether a cell follows is not known yet.
      if (from >= text.length) {
        if (!final) return "more";
        cells.push("");
        return { cells, next: text.length, flawed, spans, guarded };
      }
      continue;
    }
    if (newline === "\n" && text.charAt(from) === "\r") from += 1;
    return { cells, next: Math.min(from + 1, text.length), flawed, spans, guarded };
  }
}

function endsLine(text: string, at: number, newline: string): boolean {
  return text.startsWith(newline, at) || (newline === "\n" && text.startsWith("\r\n", at));
}

function endOfRecord(text: string, next: number, newline: string): number {
  return text.startsWith(newline, next - 1) ? next - 1 : next;
}

function withoutReturn(line: string, newline: string): string {
  return newline === "\n" && line.endsWith("\r") ? line.slice(0, -1) : line;
}

function skipSpaces(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) === 32) at += 1;
  return at;
}

function oddBackslashes(text: string, from: number, end: number): boolean {
  let at = end;
  while (at > from && text.charCodeAt(at - 1) === 92) at -= 1;
  return (end - at) % 2 === 1;
}

function unescaped(value: string): string {
  return value.includes("\\") ? value.replace(/\\(["'\\])/g, "$1") : value;
}

function count(text: string, part: string): number {
  let total = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) total += 1;
  return total;
}

// Rows of delimited text on their way from our parser to DuckDB: those that fit go to a plain CSV of ours, each
// with its line, the others to the rejects. Every value is looked at once, to tell what its column is. Rows that had
// to be repaired to fit do not vote on types while most rows did not: a shifted row must not decide what it is
// checked against.

import { join } from "node:path";
import { quoteLiteral } from "#lib/sql-text";
import { newFile } from "../decode/files.ts";
import { ColumnStats } from "../inference/column-stats.ts";
import { isInNullText, isNull, NULL_TEXTS } from "../inference/nulls.ts";
import { csvCell } from "../source/csv-cell.ts";
import { PassedOver } from "../source/passed-over.ts";
import { NUL_SIGN } from "../source/reject-log.ts";
import type { Workplace } from "../source/source.ts";
import {
  isDrawnLine,
  isEmptyRow,
  isHeaderAgain,
  isLastLine,
  isPrompt,
  mayBeBareTotals,
  mayBeBelow,
  mayBeNote,
  mayBeTotals,
} from "./odd-rows.ts";
import { type Dialect, linesOf, type Row } from "./rows.ts";

/** Text that is written in one piece. */
const BATCH_CHARS = 256 * 1024;
/** Rows that may be totals and wait for the sums of the others; more are data. */
const TOTALS_MAX = 16;
/** Rows that may be notes and wait for the types of the others; a table with more of them is sparse. */
const NOTES_MAX = 32;
/** Rows that may stand below the table and wait for its end; more are data. */
const BELOW_MAX = 32;
/** A table with empty lines before more of its rows is written with gaps. */
const GAPS_SHARE_MAX = 0.1;

/** What the rows are written for. */
export interface WrittenTable {
  readonly width: number;
  readonly dialect: Dialect;
  /** The header's cells as they stand in the file; none without a header. */
  readonly header: readonly string[];
  /** Columns, by index, that keep every text but the empty one: their type was named. */
  readonly texts: ReadonlySet<number>;
  readonly hasNul: boolean;
}

/** What a line of our file is parted by, and whether lines of the dialect can be lines of it. */
interface Layout {
  readonly delimiter: string;
  readonly asItStands: boolean;
}

/** Makes a line something else for DuckDB than its cells joined. */
const NOT_PLAIN = /["\r]/;

function layoutOf({ delimiter, quote, newline, padded }: Dialect): Layout {
  const asItStands =
    delimiter.length === 1 && !isInNullText(delimiter) && isUsual(quote) && newline === "\n" && !padded;
  return { delimiter: asItStands ? delimiter : ",", asItStands };
}

/** Other quotes than the double one are written anew. */
const isUsual = (quote: string): boolean => quote === '"' || quote === "";

/** Rows that one line may hold. */
const PARTS = 2 ** 20;

/** A number that a row has alone, in the order of the rows. */
export function placeOf({ line, part = 0 }: Pick<Row, "line" | "part">): number {
  return line * PARTS + part;
}

const isBlank = (cell = ""): boolean => cell === "" || (cell.charCodeAt(0) <= 32 && cell.trim() === "");

const statsFor = (width: number): ColumnStats[] => Array.from({ length: width }, () => new ColumnStats());

export class WrittenRows {
  readonly #path: string;
  readonly #sink: Bun.FileSink;
  readonly #rejects: Workplace["rejects"];
  readonly #table: WrittenTable;
  readonly #layout: Layout;
  readonly #passedOver = new PassedOver();
  readonly #clean: readonly ColumnStats[];
  readonly #repaired: readonly ColumnStats[];
  readonly #totals: Row[] = [];
  readonly #notes: Row[] = [];
  readonly #bare: Row[] = [];
  readonly #below: Row[] = [];
  /** The row before, unless it was empty. */
  #before: Row | undefined;
  /** Rows behind empty lines. */
  #gaps = 0;
  #isSparse = false;
  #rows = 0;
  #cleanRows = 0;
  #repairedRows = 0;
  #flawed = 0;
  #filled = 0;
  #guarded = 0;
  #nulRows = 0;
  #longest = 0;
  #text = "";

  static async open(table: WrittenTable, work: Workplace): Promise<WrittenRows> {
    const path = join(work.folder, "rows.csv");
    return new WrittenRows(table, path, await newFile(path), work.rejects);
  }

  private constructor(table: WrittenTable, path: string, sink: Bun.FileSink, rejects: Workplace["rejects"]) {
    this.#table = table;
    this.#layout = layoutOf(table.dialect);
    this.#path = path;
    this.#sink = sink;
    this.#rejects = rejects;
    this.#clean = statsFor(table.width);
    this.#repaired = statsFor(table.width);
  }

  /** All rows, rejected ones included. */
  get rows(): number {
    return this.#rows;
  }
  /** Those that were read in spite of a quote in an odd place. */
  get flawed(): number {
    return this.#flawed;
  }
  /** Those whose last cells were filled up. */
  get filled(): number {
    return this.#filled;
  }
  /** Those with a cell such as ="00123". */
  get guarded(): number {
    return this.#guarded;
  }
  /** Those that held a NUL. */
  get nulRows(): number {
    return this.#nulRows;
  }
  /** Rows without a value that are not counted as rows. */
  get passedOver(): PassedOver {
    return this.#passedOver;
  }
  /** Rows that may be totals: not written yet, nor counted in `stats`. */
  get totals(): readonly Row[] {
    return this.#totals;
  }
  /** Gives the rows that may be notes, which are neither written yet nor counted in `stats`, and holds them no longer. */
  takeNotes(): readonly Row[] {
    return this.#notes.splice(0);
  }
  /** The same of rows that no word calls totals; none where the table has many of the kind. */
  get bareTotals(): readonly Row[] {
    return this.#bare;
  }
  /** The rows that may be notes below the table, behind all others: not written yet, nor counted in `stats`. */
  get below(): readonly Row[] {
    return this.#below;
  }
  /** Whether a column has a value in any row that was added. */
  hasValues(column: number): boolean {
    return (this.#clean[column]?.values ?? 0) > 0 || (this.#repaired[column]?.values ?? 0) > 0;
  }
  /** What the columns hold, by the rows that may vote. */
  get stats(): readonly ColumnStats[] {
    if (this.#repairedRows <= this.#cleanRows) return this.#clean;
    return this.#clean.map((stats, index) => {
      const all = new ColumnStats();
      all.include(stats);
      const repaired = this.#repaired[index];
      if (repaired !== undefined) all.include(repaired);
      return all;
    });
  }
  /** Whether some rows were written that had no vote. */
  get hasDoubtful(): boolean {
    return this.#repairedRows > 0 && this.#repairedRows <= this.#cleanRows;
  }

  async take(rows: readonly Row[]): Promise<void> {
    for (const found of rows) {
      const row = this.#table.hasNul && found.raw.includes("\0") ? this.#withoutNul(found) : found;
      const reason =
        row.reason ?? (isHeaderAgain(row.cells, this.#table.header) ? "the header is repeated" : undefined);
      if (isDrawnLine(row.raw)) await this.#passOver(row, "it is a drawn line");
      else if (isPrompt(row.raw)) await this.#passOver(row, "it is a command");
      else if (isLastLine(row.raw)) await this.#passOver(row, "it says that the file ends");
      else if (reason !== undefined) await this.reject(row, reason);
      else if (isBlank(row.cells[0]) && row.cells.length > 1 && isEmptyRow(row.cells)) {
        await this.#passOver(row, "it has no value");
        continue;
      } else if (this.#totals.length < TOTALS_MAX && mayBeTotals(row.cells)) this.#totals.push(row);
      else if (mayBeBelow(row.cells, () => this.#isApart(row))) this.#hold(row);
      else {
        this.release();
        if (this.#isApart(row)) this.#gaps += 1;
        this.#takeOne(row);
      }
      this.#before = row;
      if (this.#text.length >= BATCH_CHARS) await this.#write();
    }
  }

  /**
   * Whether empty lines stand between a row and the one before, where they are no habit of the table's, or the one
   * before stands so itself.
   */
  #isApart({ line }: Row): boolean {
    if (this.#below.length > 0) return true;
    const before = this.#before;
    if (before === undefined || line <= before.line + 1 || this.#gaps > this.#rows * GAPS_SHARE_MAX)
      return false;
    return line > before.line + linesOf(before);
  }

  #hold(row: Row): void {
    if (this.#below.length >= BELOW_MAX) this.release();
    this.#below.push(row);
  }

  /** Rows that were held as notes below the table are rows like all, but for those that are given back. */
  release(isRow: (row: Row) => boolean = () => true): readonly Row[] {
    if (this.#below.length === 0) return [];
    const held = this.#below.splice(0);
    for (const row of held) if (isRow(row)) this.#takeOne(row);
    return held.filter((row) => !isRow(row));
  }

  #takeOne(row: Row): void {
    if (this.#notes.length < NOTES_MAX && mayBeNote(row.cells)) this.#notes.push(row);
    else this.#addOrHold(row);
  }

  /** A table in which many rows have nothing but numbers is sparse, and these are rows like the others. */
  #addOrHold(row: Row): void {
    if (this.#isSparse || !mayBeBareTotals(row.cells)) this.add(row);
    else if (this.#bare.length < TOTALS_MAX) this.#bare.push(row);
    else {
      this.#isSparse = true;
      for (const held of [...this.#bare.splice(0), row]) this.add(held);
    }
  }

  /** No engine keeps a NUL in a text; the sign for it shows where it stood. */
  #withoutNul(row: Row): Row {
    this.#nulRows += 1;
    const shown = (text: string): string => text.replaceAll("\0", NUL_SIGN);
    return { ...row, cells: row.cells.map(shown), raw: shown(row.raw) };
  }

  async reject({ line, raw }: Row, reason: string): Promise<void> {
    this.#rows += 1;
    await this.#rejects.add({ line, reason, raw });
  }

  async #passOver(row: Row, why: string): Promise<void> {
    if (!this.#passedOver.add(row.line, why, this.#rows)) await this.reject(row, why);
  }

  add(row: Row): void {
    const { cells, line, raw, flawed, filled, cut, guarded } = row;
    this.#rows += 1;
    if (guarded === true) this.#guarded += 1;
    if (flawed === true) this.#flawed += 1;
    if (filled === true) this.#filled += 1;
    const repaired = flawed === true || filled === true || cut === "odd";
    const stats = repaired ? this.#repaired : this.#clean;
    if (repaired) this.#repairedRows += 1;
    else this.#cleanRows += 1;
    if (raw.length > this.#longest) this.#longest = raw.length;
    const { delimiter, asItStands } = this.#layout;
    for (let index = 0; index < stats.length; index += 1) stats[index]?.add(cells[index] ?? "", line);
    // A line without quotes is one of ours already.
    if (asItStands && !repaired && cut === undefined && !NOT_PLAIN.test(raw)) {
      this.#text += `${placeOf(row)}${delimiter}${raw}\n`;
      return;
    }
    const { texts } = this.#table;
    let text = String(placeOf(row));
    for (let index = 0; index < stats.length; index += 1) {
      const cell = cells[index] ?? "";
      text += delimiter;
      if (!isNull(cell) || texts.has(index)) text += csvCell(cell, delimiter);
    }
    this.#text += `${text}\n`;
  }

  async #write(): Promise<void> {
    await this.#sink.write(this.#text);
    this.#text = "";
  }

  /** Puts what was added so far on disk, so that it can be selected from. */
  async flush(): Promise<void> {
    await this.#write();
    await this.#sink.flush();
  }

  async end(): Promise<void> {
    await this.#write();
    await this.#sink.end();
  }

  /** What DuckDB selects them from: the columns `line`, `place`, `c0`, `c1`, ... */
  table(): string {
    const { width, texts } = this.#table;
    const columns = [
      "'place': 'BIGINT'",
      ...Array.from({ length: width }, (_, index) => `'c${index}': 'VARCHAR'`),
    ];
    // Cells may grow by their doubled quotes and by the bytes of their characters.
    const lineBytes = this.#longest * 4 + 1024;
    const long =
      lineBytes > DUCKDB_LINE_BYTES ? `, max_line_size = ${lineBytes}, buffer_size = ${lineBytes * 2}` : "";
    const rows = selectCsv(
      `read_csv(${quoteLiteral(this.#path)}, auto_detect = false, header = false, delim = ${quoteLiteral(this.#layout.delimiter)}, nullstr = [${nullTexts(texts)}], quote = '"', escape = '"', new_line = '\\n', columns = {${columns.join(", ")}}, strict_mode = true${long})`,
      width,
      texts,
      ["place"],
    );
    return `(SELECT place // ${PARTS} AS line, * FROM ${rows})`;
  }
}

/** DuckDB's reader takes lines up to 2 MB by default. */
const DUCKDB_LINE_BYTES = 1024 * 1024;

/** What DuckDB reads as NULL by itself: only the empty cell where some column keeps its words. */
export function nullTexts(texts: ReadonlySet<number>): string {
  return (texts.size > 0 ? [""] : NULL_TEXTS).map(quoteLiteral).join(", ");
}

/** A CSV whose columns c0, c1, ... have NULL where their text says so, but for those that keep their words. */
export function selectCsv(
  from: string,
  width: number,
  texts: ReadonlySet<number>,
  others: readonly string[],
): string {
  if (texts.size === 0) return from;
  const nulls = NULL_TEXTS.map(quoteLiteral).join(", ");
  const columns = Array.from({ length: width }, (_, index) => {
    const name = `c${index}`;
    return texts.has(index) ? name : `CASE WHEN ${name} NOT IN (${nulls}) THEN ${name} END AS ${name}`;
  });
  return `(SELECT ${[...others, ...columns].join(", ")} FROM ${from})`;
}

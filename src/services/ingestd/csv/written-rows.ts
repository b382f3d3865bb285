// Rows of delimited text on their way from our parser to DuckDB: those that fit go to a plain CSV of ours, each
// with its line, the others to the rejects. Every value is looked at once, to tell what its column is.

import { join } from "node:path";
import { quoteLiteral } from "#lib/sql-text";
import { newFile } from "../decode/files.ts";
import { ColumnStats } from "../inference/column-stats.ts";
import { isInNullText, isNull, NULL_TEXTS } from "../inference/nulls.ts";
import { csvCell } from "../source/csv-cell.ts";
import { LINE_CHARS_MAX, type Workplace } from "../source/source.ts";
import type { Dialect, Row } from "./rows.ts";

/** Text that is written in one piece. */
const BATCH_CHARS = 256 * 1024;

/** What a line of our file is parted by, and whether lines of the dialect can be lines of it. */
interface Layout {
  readonly delimiter: string;
  readonly asItStands: boolean;
}

/** Makes a line something else for DuckDB than its cells joined. */
const NOT_PLAIN = /["\r]/;

function layoutOf({ delimiter, quote, newline, padded }: Dialect): Layout {
  const asItStands =
    delimiter.length === 1 && !isInNullText(delimiter) && quote !== "'" && newline === "\n" && !padded;
  return { delimiter: asItStands ? delimiter : ",", asItStands };
}

export class WrittenRows {
  readonly stats: readonly ColumnStats[];
  readonly #path: string;
  readonly #sink: Bun.FileSink;
  readonly #rejects: Workplace["rejects"];
  readonly #hasNul: boolean;
  readonly #layout: Layout;
  #rows = 0;
  #flawed = 0;
  #filled = 0;
  #longest = 0;
  #text = "";

  static async open(width: number, dialect: Dialect, work: Workplace, hasNul: boolean): Promise<WrittenRows> {
    const path = join(work.folder, "rows.csv");
    return new WrittenRows(width, layoutOf(dialect), path, await newFile(path), work.rejects, hasNul);
  }

  private constructor(
    width: number,
    layout: Layout,
    path: string,
    sink: Bun.FileSink,
    rejects: Workplace["rejects"],
    hasNul: boolean,
  ) {
    this.stats = Array.from({ length: width }, () => new ColumnStats());
    this.#layout = layout;
    this.#path = path;
    this.#sink = sink;
    this.#rejects = rejects;
    this.#hasNul = hasNul;
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

  async take(rows: readonly Row[]): Promise<void> {
    for (const row of rows) {
      this.#rows += 1;
      const reason =
        row.reason ?? (this.#hasNul && row.raw.includes("\0") ? "it holds a NUL character" : undefined);
      if (reason === undefined) this.#add(row);
      else await this.#rejects.add({ line: row.line, reason, raw: row.raw });
      if (this.#text.length >= BATCH_CHARS) await this.#write();
    }
  }

  #add({ cells, line, raw, flawed, filled, cut }: Row): void {
    if (flawed === true) this.#flawed += 1;
    if (filled === true) this.#filled += 1;
    this.#longest = Math.max(this.#longest, raw.length);
    const { stats } = this;
    const { delimiter, asItStands } = this.#layout;
    for (let index = 0; index < stats.length; index += 1) stats[index]?.add(cells[index] ?? "");
    // A line without quotes is one of ours already.
    if (asItStands && flawed !== true && filled !== true && cut !== true && !NOT_PLAIN.test(raw)) {
      this.#text += `${line}${delimiter}${raw}\n`;
      return;
    }
    let text = String(line);
    for (let index = 0; index < stats.length; index += 1) {
      const cell = cells[index] ?? "";
      text += delimiter;
      if (!isNull(cell)) text += csvCell(cell, delimiter);
    }
    this.#text += `${text}\n`;
  }

  async #write(): Promise<void> {
    await this.#sink.write(this.#text);
    this.#text = "";
  }

  async end(): Promise<void> {
    await this.#write();
    await this.#sink.end();
  }

  /** What DuckDB selects them from. */
  table(): string {
    return ownCsv(this.#path, this.#layout.delimiter, this.stats.length, this.#longest);
  }
}

/** DuckDB's reader takes lines up to 2 MB unless told otherwise; our rows may grow by their doubled quotes. */
const DUCKDB_LINE_BYTES = 1024 * 1024;

function ownCsv(path: string, delimiter: string, width: number, longest: number): string {
  const columns = [
    "'line': 'BIGINT'",
    ...Array.from({ length: width }, (_, index) => `'c${index}': 'VARCHAR'`),
  ];
  const long = longest > DUCKDB_LINE_BYTES / 4 ? `, max_line_size = ${LINE_CHARS_MAX * 8}` : "";
  return `read_csv(${quoteLiteral(path)}, auto_detect = false, header = false, delim = ${quoteLiteral(delimiter)}, nullstr = [${NULL_TEXTS.map(quoteLiteral).join(", ")}], quote = '"', escape = '"', new_line = '\\n', columns = {${columns.join(", ")}}, strict_mode = true${long})`;
}

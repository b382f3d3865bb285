// Rows of delimited text on their way from our parser to DuckDB: those that fit go to a plain CSV of ours, each
// with its line, the others to the rejects. Every value is looked at once, to tell what its column is.

import { join } from "node:path";
import { quoteLiteral } from "#adapters/duckdb";
import { ColumnStats } from "./columns.ts";
import { csvCell } from "./csv-text.ts";
import { isNull } from "./kinds.ts";
import { LINE_CHARS_MAX, type Row } from "./rows.ts";
import { newFile } from "./sink.ts";
import type { Workplace } from "./source.ts";

/** Text that is written in one piece. */
const BATCH_CHARS = 256 * 1024;

export class WrittenRows {
  readonly stats: readonly ColumnStats[];
  readonly #path: string;
  readonly #sink: Bun.FileSink;
  readonly #rejects: Workplace["rejects"];
  readonly #hasNul: boolean;
  #rows = 0;
  #flawed = 0;
  #filled = 0;
  #longest = 0;
  #text = "";

  static async open(width: number, work: Workplace, hasNul: boolean): Promise<WrittenRows> {
    const path = join(work.folder, "rows.csv");
    return new WrittenRows(width, path, await newFile(path), work.rejects, hasNul);
  }

  private constructor(
    width: number,
    path: string,
    sink: Bun.FileSink,
    rejects: Workplace["rejects"],
    hasNul: boolean,
  ) {
    this.stats = Array.from({ length: width }, () => new ColumnStats());
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

  #add({ cells, line, raw, flawed, filled }: Row): void {
    if (flawed === true) this.#flawed += 1;
    if (filled === true) this.#filled += 1;
    this.#longest = Math.max(this.#longest, raw.length);
    let text = String(line);
    const { stats } = this;
    for (let index = 0; index < stats.length; index += 1) {
      const cell = cells[index] ?? "";
      stats[index]?.add(cell);
      text += isNull(cell) ? "," : `,${csvCell(cell)}`;
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
    return ownCsv(this.#path, this.stats.length, this.#longest);
  }
}

/** DuckDB's reader takes lines up to 2 MB unless told otherwise; our rows may grow by their doubled quotes. */
const DUCKDB_LINE_BYTES = 1024 * 1024;

function ownCsv(path: string, width: number, longest: number): string {
  const columns = [
    "'line': 'BIGINT'",
    ...Array.from({ length: width }, (_, index) => `'c${index}': 'VARCHAR'`),
  ];
  const long = longest > DUCKDB_LINE_BYTES / 4 ? `, max_line_size = ${LINE_CHARS_MAX * 8}` : "";
  return `read_csv(${quoteLiteral(path)}, auto_detect = false, header = false, delim = ',', quote = '"', escape = '"', new_line = '\\n', columns = {${columns.join(", ")}}, strict_mode = true${long})`;
}

// Rows that did not fit, kept with their line, their reason and their raw text until they are written as a
// table. They are kept on disk: a file may have millions of them.

import { quoteLiteral } from "#lib/sql-text";
import { newFile } from "../decode/files.ts";
import { csvCell } from "./csv-cell.ts";

/** Enough of a row to know it again. */
export const RAW_CHARS_MAX = 64 * 1024;
/** Stands for a NUL, which no engine keeps in a text. */
export const NUL_SIGN = "\u2400";
const EXAMPLES_MAX = 3;
const EXAMPLE_CHARS_MAX = 200;

export interface Reject {
  readonly line: number;
  readonly reason: string;
  readonly column?: string;
  readonly raw: string;
}

export class RejectLog {
  readonly #path: string;
  #sink: Bun.FileSink | undefined;
  #rows = 0;
  /** Lines of the rejected rows, where somebody will ask for them. */
  readonly lines: Set<number> | undefined;
  readonly #examples: string[] = [];
  /** The number by which people know a line, where the text that is read was written from something else. */
  lineOf: (line: number) => number = (line) => line;

  constructor(path: string, remember = false) {
    this.#path = path;
    this.lines = remember ? new Set() : undefined;
  }

  get rows(): number {
    return this.#rows;
  }
  /** The first few in words. */
  get examples(): readonly string[] {
    return this.#examples;
  }

  async add({ line, reason, column, raw }: Reject): Promise<void> {
    this.#sink ??= await newFile(this.#path);
    const text = raw.length > RAW_CHARS_MAX ? `${raw.slice(0, RAW_CHARS_MAX)}…` : raw;
    const known = this.lineOf(line);
    const cells = [String(known), reason, column ?? "", text.replaceAll("\0", NUL_SIGN)];
    this.#rows += 1;
    this.lines?.add(line);
    if (this.#examples.length < EXAMPLES_MAX) {
      this.#examples.push(`line ${known}: ${reason}`.slice(0, EXAMPLE_CHARS_MAX));
    }
    await this.#sink.write(`${cells.map((cell) => csvCell(cell)).join(",")}\n`);
  }

  /** Puts everything on disk and gives what DuckDB selects it from. */
  async table(): Promise<string> {
    await this.#sink?.flush();
    const columns = "{'line': 'BIGINT', 'reason': 'VARCHAR', 'column': 'VARCHAR', 'raw': 'VARCHAR'}";
    return `read_csv(${quoteLiteral(this.#path)}, auto_detect = false, header = false, delim = ',', quote = '"', escape = '"', new_line = '\\n', columns = ${columns})`;
  }

  async close(): Promise<void> {
    await this.#sink?.end();
    this.#sink = undefined;
  }
}

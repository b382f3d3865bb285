// A sheet as CSV, one line for each of its rows, empty ones included, so that a line's number is the row's. Line breaks
// within cells move what follows, and are counted, so that a rejected row still has the number Excel shows.

import { newFile } from "../decode/files.ts";
import { csvCell } from "../source/csv-cell.ts";
import { Fault } from "#rpc/fault";
import { headerGroups } from "./header-groups.ts";
import type { OpenWorkbook } from "./open-workbook.ts";
import type { SheetRow } from "./sheet.ts";
import { type Survey, titleRows } from "./survey.ts";
import type { Sheet } from "./workbook.ts";

/** Text that is written in one piece. */
const BATCH_CHARS = 256 * 1024;
/** A value in the last column of every row would be a sheet of commas. */
const CSV_BYTES_MAX = 8 * 1024 ** 3;

export interface SheetCsv {
  readonly bytes: number;
  /** Lines that hold a row with line breaks in it, and how many breaks there are up to its end. */
  readonly broken: readonly (readonly [line: number, breaks: number])[];
  readonly evidence: readonly string[];
}

export async function writeSheetCsv(
  open: OpenWorkbook,
  sheet: Sheet,
  survey: Survey,
  path: string,
  onRows: (rows: number) => void,
): Promise<SheetCsv> {
  const writer = new CsvWriter(open, survey);
  const sink = await newFile(path);
  let rows = 0;
  for await (const some of open.rows(sheet)) {
    for (const row of some) if (writer.add(row)) rows += 1;
    if (writer.text.length >= BATCH_CHARS) await sink.write(writer.take());
    onRows(rows);
  }
  await sink.write(writer.take());
  await sink.end();
  return writer;
}

class CsvWriter implements SheetCsv {
  readonly broken: [number, number][] = [];
  readonly evidence: string[] = [];
  bytes = 0;
  text = "";
  readonly #open: OpenWorkbook;
  /** Where in a line each column of the sheet goes. */
  readonly #places: ReadonlyMap<number, number>;
  readonly #width: number;
  readonly #titles: ReadonlySet<number>;
  readonly #groupRows: ReadonlySet<number>;
  readonly #named: { readonly row: number; readonly cells: readonly string[] } | undefined;
  #row = 0;
  #breaks = 0;

  constructor(open: OpenWorkbook, { columns, head, merges }: Survey) {
    this.#open = open;
    this.#places = new Map(columns.map((column, place) => [column, place]));
    this.#width = columns.length;
    this.#titles = new Set(titleRows(head).map(({ row }) => row));
    const groups = headerGroups(head, merges, columns[0] ?? 0, open.textOf);
    this.#groupRows = new Set(groups?.groupRows);
    if (groups === undefined) return;
    const { row, names } = groups;
    this.#named = { row, cells: columns.map((column) => names.get(column) ?? "") };
    this.evidence.push(
      `the names of merged cells in row ${[...this.#groupRows].join(", ")} stand before those of row ${row}`,
    );
  }

  /** Whether there was anything in the row. */
  add({ row, cells }: SheetRow): boolean {
    const line = this.#lineOf(row, cells);
    if (line === undefined) return false;
    this.text += "\n".repeat(row - this.#row - 1);
    this.text += `${line}\n`;
    this.#row = row;
    let breaks = 0;
    for (let at = line.indexOf("\n"); at >= 0; at = line.indexOf("\n", at + 1)) breaks += 1;
    if (breaks === 0) return true;
    this.#breaks += breaks;
    this.broken.push([row + this.#breaks - breaks, this.#breaks]);
    return true;
  }

  #lineOf(row: number, cells: SheetRow["cells"]): string | undefined {
    if (this.#groupRows.has(row)) return undefined;
    if (this.#named?.row === row) return this.#named.cells.map((cell) => csvCell(cell)).join(",");
    const line = Array<string>(this.#width).fill("");
    let filled = false;
    for (const cell of cells) {
      const text = cell.text === "" ? "" : this.#open.textOf(cell);
      if (text === "") continue;
      filled = true;
      // A title may stand in a column that the table has not.
      const place = this.#places.get(cell.column) ?? (this.#titles.has(row) ? 0 : undefined);
      if (place !== undefined) line[place] = csvCell(text);
    }
    return filled ? line.join(",") : undefined;
  }

  /** The text so far. */
  take(): string {
    const { text } = this;
    this.text = "";
    this.bytes += Buffer.byteLength(text);
    if (this.bytes > CSV_BYTES_MAX)
      throw new Fault(
        "too_large",
        "The sheet is too wide and long to be loaded: send the data as CSV or Parquet.",
      );
    return text;
  }
}

/** The row of the sheet in which a line of its CSV stands. */
export function rowOfLine(broken: SheetCsv["broken"], line: number): number {
  let [low, high] = [0, broken.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((broken[middle]?.[0] ?? 0) < line) low = middle + 1;
    else high = middle;
  }
  return line - (broken[low - 1]?.[1] ?? 0);
}

// A first look over all of a sheet, before any of it is written: which columns hold anything, where the table may
// begin, which ranges are merged, and what its warnings are. Only the first rows are kept.

import type { OpenWorkbook } from "./open-workbook.ts";
import { type Cell, columnName, type Range, type SheetRow } from "./sheet.ts";
import type { Sheet } from "./workbook.ts";

/** Rows with something in them in which a header is looked for. */
const HEAD_ROWS_MAX = 50;
/** Merged ranges that are kept: those of a header come first. */
const MERGES_MAX = 10_000;
/** Columns that one sentence names. */
const NAMED_MAX = 20;

export interface Survey {
  /** Rows with something in them. */
  readonly rows: number;
  /** Columns with something below the lines of a title, in order, from 0. */
  readonly columns: readonly number[];
  /** The first rows, with the cells that are filled. */
  readonly head: readonly SheetRow[];
  readonly merges: readonly Range[];
  readonly warnings: readonly string[];
}

export async function surveySheet(
  open: OpenWorkbook,
  sheet: Sheet,
  onRows: (rows: number) => void,
): Promise<Survey> {
  const notes = new Notes(open);
  const filledRows = new Map<number, number>();
  const head: SheetRow[] = [];
  const merges: Range[] = [];
  let rows = 0;
  const onMerge = (range: Range): void => {
    if (merges.length < MERGES_MAX) merges.push(range);
  };
  for await (const some of open.rows(sheet, onMerge)) {
    for (const { row, cells } of some) {
      const values = cells.filter(open.isFilled);
      for (const cell of cells) notes.add(row, cell);
      if (values.length === 0) continue;
      rows += 1;
      for (const { column } of values) filledRows.set(column, (filledRows.get(column) ?? 0) + 1);
      if (head.length < HEAD_ROWS_MAX) head.push({ row, cells: values });
    }
    onRows(rows);
  }
  const titles = new Set(titleRows(head));
  for (const { cells } of titles)
    for (const { column } of cells) filledRows.set(column, (filledRows.get(column) ?? 0) - 1);
  const columns = [...filledRows].filter(([, count]) => count > 0).map(([column]) => column);
  return {
    rows,
    columns: columns.sort((a, b) => a - b),
    head,
    merges,
    warnings: notes.warnings(),
  };
}

/** Rows of one cell above the first that has several: titles and notes. */
export function titleRows(head: readonly SheetRow[]): readonly SheetRow[] {
  const first = head.findIndex(({ cells }) => cells.length > 1);
  return first < 0 ? [] : head.slice(0, first);
}

/** What is to be said of cells that are merged below the row that names the columns. */
export function mergedBelow(merges: readonly Range[], header: number): string[] {
  const below = merges.filter(({ top }) => top > header);
  const [first] = below;
  if (first === undefined) return [];
  const place = `${columnName(first.left)}${first.top}`;
  return [
    `${counted(below.length, "merged range")} below the header (the first at ${place}): only the first cell of each has its value, the others are empty.`,
  ];
}

function counted(count: number, noun: string): string {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

/** How many cells there are of a kind, and where the first is. */
class Cells {
  #count = 0;
  #first = "";

  add(row: number, column: number, more = ""): void {
    this.#count += 1;
    if (this.#count === 1) this.#first = `${columnName(column)}${row}${more}`;
  }

  warning(sentence: (count: number, first: string) => string): string[] {
    return this.#count === 0 ? [] : [sentence(this.#count, this.#first)];
  }
}

/** What is to be said of cells that are not what they look like. */
class Notes {
  readonly #open: OpenWorkbook;
  readonly #percent = new Set<number>();
  readonly #currencies = new Map<number, Set<string>>();
  readonly #uncomputed = new Cells();
  readonly #errors = new Cells();

  constructor(open: OpenWorkbook) {
    this.#open = open;
  }

  add(row: number, { column, type, style, text, formula }: Cell): void {
    // A formula may give an empty text; one whose value was never saved gives nothing.
    if (text === "" && formula && type !== "text") this.#uncomputed.add(row, column);
    if (type === "error") this.#errors.add(row, column, ` holds ${text}`);
    if (type !== "number" || style === 0 || text === "") return;
    const format = this.#open.workbook.formats[style];
    if (format?.percent === true) this.#percent.add(column);
    if (format?.currency === undefined) return;
    const signs = this.#currencies.get(column) ?? new Set<string>();
    this.#currencies.set(column, signs.add(format.currency));
  }

  warnings(): string[] {
    const named = (columns: readonly number[]): string =>
      `${columns.length === 1 ? "Column" : "Columns"} ${columns.slice(0, NAMED_MAX).map(columnName).join(", ")}`;
    const mixed = [...this.#currencies].filter(([, signs]) => signs.size > 1);
    return [
      ...this.#uncomputed.warning(
        (count, first) =>
          `${counted(count, "formula")} (the first in ${first}) have no value saved, so their cells are empty: open the workbook in Excel, save it, and send it again.`,
      ),
      ...this.#errors.warning(
        (count, first) =>
          `${counted(count, "formula")} gave an error (the first, ${first}): NULL in a column of numbers or dates, and kept as text in others.`,
      ),
      ...(this.#percent.size === 0
        ? []
        : [`${named([...this.#percent])}: shown as percentages and loaded as numbers; 25 % is 0.25.`]),
      ...mixed.map(
        ([column, signs]) =>
          `${named([column])}: amounts in ${[...signs].join(" and ")} are loaded as numbers without their currency.`,
      ),
    ];
  }
}

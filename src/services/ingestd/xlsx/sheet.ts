// The cells of a sheet as they stream by, row after row, and the ranges that are merged. Nothing is kept: a sheet
// may have a million rows. Rows come in order, cells at their places; what a sheet leaves out is empty.

import { Fault } from "#rpc/fault";
import { unescapeText } from "./escaped-text.ts";
import { XmlReader } from "./xml.ts";

export const COLUMNS_MAX = 16_384;
const ROWS_MAX = 1_048_576;

/** How the value is written: a shared text by number, a text, a number, ... */
export type CellType = "shared" | "text" | "number" | "boolean" | "error" | "date";

export interface Cell {
  /** From 0. */
  readonly column: number;
  readonly type: CellType;
  readonly style: number;
  /** As it stands in the file; empty for a cell that has a look alone. */
  readonly text: string;
  readonly formula: boolean;
}

export interface SheetRow {
  /** From 1, as Excel counts them. */
  readonly row: number;
  readonly cells: readonly Cell[];
}

/** Rows and columns from 1 and from 0, both ends included. */
export interface Range {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

const TYPES: Readonly<Record<string, CellType>> = {
  s: "shared",
  str: "text",
  inlineStr: "text",
  b: "boolean",
  e: "error",
  d: "date",
};

/** The rows that hold cells; merged ranges, which stand behind them, are passed to `onMerge`. */
export async function* rowsOf(
  texts: AsyncIterable<string>,
  part: string,
  onMerge: (range: Range) => void,
): AsyncGenerator<readonly SheetRow[]> {
  let rows: SheetRow[] = [];
  const reader = new XmlReader(
    part,
    rowHandlers(part, (row) => rows.push(row), onMerge),
  );
  for await (const text of texts) {
    reader.write(text);
    if (rows.length > 0) yield rows;
    rows = [];
  }
  reader.end();
  if (rows.length > 0) yield rows;
}

function rowHandlers(part: string, onRow: (row: SheetRow) => void, onMerge: (range: Range) => void) {
  let row = 0;
  let column = -1;
  let cells: Cell[] = [];
  let type: CellType = "number";
  let style = 0;
  let text = "";
  let formula = false;
  let taking = false;
  let phonetic = 0;
  return {
    open: (name: string, attribute: (name: string) => string | undefined): void => {
      switch (name) {
        case "row": {
          const number = Number(attribute("r") ?? row + 1);
          if (!(number > row && number <= ROWS_MAX)) throw disordered(part, `row ${attribute("r")}`);
          [row, column, cells] = [number, -1, []];
          break;
        }
        case "c": {
          const place = attribute("r");
          column = place === undefined ? column + 1 : columnOf(place);
          if (!(column >= 0 && column < COLUMNS_MAX)) throw disordered(part, `cell ${place}`);
          type = TYPES[attribute("t") ?? ""] ?? "number";
          style = Number(attribute("s") ?? 0);
          [text, formula] = ["", false];
          break;
        }
        case "f":
          formula = true;
          break;
        case "rPh":
          phonetic += 1;
          break;
        case "v":
          taking = true;
          break;
        case "t":
          taking = phonetic === 0;
          break;
        case "mergeCell":
          noteMerge(attribute("ref"), onMerge);
          break;
        default:
      }
    },
    text: (piece: string): void => {
      if (taking) text += piece;
    },
    close: (name: string): void => {
      switch (name) {
        case "v":
        case "t":
          taking = false;
          break;
        case "rPh":
          phonetic -= 1;
          break;
        case "c":
          if (text !== "" || formula)
            cells.push({ column, type, style, text: type === "text" ? unescapeText(text) : text, formula });
          break;
        case "row":
          if (cells.length > 0) onRow({ row, cells });
          break;
        default:
      }
    },
  };
}

function disordered(part: string, what: string): Fault {
  return new Fault(
    "rejected",
    `The workbook is damaged: ${what} of ${part} is out of its place. Save it again in Excel.`,
  );
}

/** The column of a place such as `AB12`, from 0; -1 for what is no place. */
export function columnOf(place: string): number {
  let column = 0;
  for (let at = 0; at < place.length; at += 1) {
    const code = place.charCodeAt(at) & ~32;
    if (code < 65 || code > 90) break;
    column = column * 26 + code - 64;
    if (column > COLUMNS_MAX) return -1;
  }
  return column - 1;
}

/** A column as Excel names it: `AB`. */
export function columnName(column: number): string {
  let name = "";
  for (let left = column + 1; left > 0; left = Math.floor((left - 1) / 26))
    name = String.fromCharCode(65 + ((left - 1) % 26)) + name;
  return name;
}

const RANGE = /^\$?([A-Z]{1,3})\$?(\d{1,7}):\$?([A-Z]{1,3})\$?(\d{1,7})$/i;

function noteMerge(ref: string | undefined, onMerge: (range: Range) => void): void {
  const [, left = "", top = "", right = "", bottom = ""] = RANGE.exec(ref ?? "") ?? [];
  if (left === "") return;
  onMerge({ left: columnOf(left), top: Number(top), right: columnOf(right), bottom: Number(bottom) });
}

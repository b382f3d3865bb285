// A slow and simple reader of a generated file: told how it was written, it decodes the bytes, walks them character by
// character, and decides each column by trying every rule on every value. It shares no line with the product and is
// compared with it; where both differ, one of them is wrong.

import { LAST_LINE, type Variant, type Written } from "./generate.testing.ts";
import {
  type Column,
  columnOf,
  fileMark,
  fileOrder,
  type FileMarks,
  NULLS,
  isNumeric,
  isPlainText,
} from "./reference-types.testing.ts";

export interface Reference {
  readonly names: readonly string[];
  readonly columns: readonly Column[];
  /** Of the rows that have the table's width, those that are loaded. */
  readonly loaded: readonly (readonly (string | null)[])[];
  /** How many records are rejected. */
  readonly rejected: number;
}

/** The file's text with one way to end a line where it has several, and without the marks in it and behind it. */
function textOf({ bytes, written }: Variant): string {
  const { encoding, newline } = written;
  const label = encoding.replace(/ with(?:out)? mark$/, "");
  const text = new TextDecoder(label as Bun.Encoding)
    .decode(bytes)
    .replaceAll("\0", "\u2400")
    .replaceAll("\ufeff", "")
    // oxlint-disable-next-line no-control-regex
    .replace(/\u001a\s*$/, "");
  return newline === "mixed" ? text.replace(/\r\n?/g, "\n") : text;
}

const newlineOf = ({ newline }: Written): string => (newline === "mixed" ? "\n" : newline);

/** RFC 4180, one character at a time. */
export function recordsOf(text: string, written: Written): string[][] {
  const { quoting, spaced } = written;
  const newline = newlineOf(written);
  const delimiter = written.delimiter + (spaced ? " " : "");
  const records: string[][] = [];
  let cells: string[] = [];
  let cell = "";
  let quoted = false;
  let begun = false;
  const endCell = (): void => {
    cells.push(cell);
    cell = "";
    begun = false;
  };
  const endRecord = (): void => {
    endCell();
    if (cells.length > 1 || cells[0] !== "") records.push(cells);
    cells = [];
  };
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (quoted) {
      if (quoting === "escaped" && text.startsWith('\\"', at)) {
        cell += '"';
        at += 1;
      } else if (char !== '"') cell += char;
      else if (text.charAt(at + 1) === '"') {
        cell += '"';
        at += 1;
      } else quoted = false;
    } else if (char === '"' && !begun && quoting !== "never") {
      quoted = true;
      begun = true;
    } else if (text.startsWith(delimiter, at)) {
      endCell();
      at += delimiter.length - 1;
    } else if (text.startsWith(newline, at)) {
      endRecord();
      at += newline.length - 1;
    } else {
      cell += char;
      begun = true;
    }
  }
  if (cell !== "" || cells.length > 0) endRecord();
  return records;
}

/** The records without what stands around them. */
function recordsOfTable(variant: Variant): string[][] {
  const { written, header } = variant;
  const newline = newlineOf(written);
  const isKept = (line: string): boolean =>
    line !== LAST_LINE && (written.drawn === "" || line !== written.drawn);
  const text = textOf(variant).split(newline).slice(written.above.length).filter(isKept).join(newline);
  return recordsOf(text, written).map((cells) =>
    written.delimiterAtEnd && cells.length > header.length && cells.at(-1) === ""
      ? cells.slice(0, -1)
      : cells,
  );
}

/** Different for who does not tell capitals apart, and never empty. */
function different(cells: readonly string[]): string[] {
  const names: string[] = [];
  const isTaken = (name: string): boolean =>
    names.some((other) => other.toLowerCase() === name.toLowerCase());
  for (const [at, cell] of cells.entries()) {
    const name = cell === "" ? `column_${at + 1}` : cell;
    let copy = 1;
    while (isTaken(copy === 1 ? name : `${name}_${copy}`)) copy += 1;
    names.push(copy === 1 ? name : `${name}_${copy}`);
  }
  return names;
}

interface Table {
  readonly names: readonly string[];
  readonly header: readonly string[];
  readonly records: readonly string[][];
}

function tableOf(variant: Variant): Table {
  const all = recordsOfTable(variant);
  const [first = [], ...others] = all;
  const numbered = variant.header.map((_, at) => `column_${at + 1}`);
  const { header } = variant.written;
  if (header === "none") return { names: numbered, header: [], records: all };
  if (header === "one less") return { names: numbered, header: first, records: others };
  const records = header === "one more" ? others.map((cells) => [...cells, ""]) : others;
  return { names: different(first), header: first, records };
}

const isEmpty = (cells: readonly string[]): boolean => cells.every((cell) => cell.trim() === "");

/** Nothing but one text, which is no row where its column holds values; where it stands, -1 for any other record. */
function noteIn(cells: readonly string[]): number {
  const at = cells.findIndex((cell) => cell.trim() !== "");
  const isAlone = cells.every((cell, column) => column === at || cell.trim() === "");
  const isInFront = cells[0] === "" || cells[1] === "";
  const text = cells[at] ?? "";
  return isAlone && isInFront && isPlainText(text) && !TOO_LARGE.test(text) ? at : -1;
}

/** 1e400 is a number that no type holds, and no note. */
const TOO_LARGE = /^[-+]?[0-9.]+e[-+]?[0-9]+$/i;

const isTotals = (cells: readonly string[]): boolean =>
  /^(?:grand )?total$/i.test(cells.find((cell) => cell !== "") ?? "");

/** Whether a totals row is none of the table's: its label stands among values, or half of its numbers are the sums. */
function addsUp(totals: readonly string[], columns: readonly Column[], rows: readonly string[][]): boolean {
  const label = totals.findIndex((cell) => cell !== "");
  if (columns[label]?.type !== "VARCHAR") return true;
  const numbers = columns.flatMap((column, at) =>
    at > label && totals[at] !== "" && isNumeric(column) ? [{ column, at }] : [],
  );
  const right = numbers.filter(({ column, at }) => {
    const sum = rows.reduce((total, cells) => total + Number(column.read(cells[at] ?? "") ?? 0), 0);
    const said = Number(column.read(totals[at] ?? "") ?? totals[at]);
    return Math.abs(said - sum) <= 1e-6 * Math.max(1, Math.abs(sum));
  });
  return numbers.length > 0 && right.length * 2 >= numbers.length;
}

/** What a report says of itself below its table: it leaves a column of values, or two of any kind, empty that no row does. */
function isBelow(cells: readonly string[], columns: readonly Column[], rows: readonly string[][]): boolean {
  if (rows.length < 2 || !/^source: /i.test(cells[0] ?? "")) return false;
  const left = columns.filter(
    (_, at) => (cells[at] ?? "").trim() === "" && rows.every((row) => !NULLS.has(row[at] ?? "")),
  );
  return left.length > 1 || left.some(isOutOfPlace);
}

const isOutOfPlace = (column: Column | undefined): boolean =>
  column !== undefined && column.type !== "VARCHAR";

function columnsOf(rows: readonly string[][], names: readonly string[], written: Written): Column[] {
  const texts = names.map((_, column) => rows.map((cells) => cells[column] ?? ""));
  const marks: FileMarks = {
    decimalMark: fileMark(texts),
    semicolons: written.delimiter === ";",
    dayFirst: fileOrder(texts),
  };
  return texts.map((column, at) => columnOf(column, marks, names[at] ?? ""));
}

export function referenceOf(variant: Variant): Reference {
  const { written } = variant;
  const { names, header, records } = tableOf(variant);
  const width = names.length;
  const isHeader = (cells: readonly string[]): boolean =>
    header.length > 0 && cells.every((cell, at) => cell === header[at]);
  const fits = (cells: readonly string[]): boolean => cells.length === width && !isHeader(cells);
  const filled = records.filter((cells) => !isEmpty(cells));
  const sure = filled.filter((cells) => fits(cells) && noteIn(cells) < 0 && !isTotals(cells));
  // A delimiter too many shifted it: it is read where it fits, and says nothing of the types.
  const isShifted = (cells: readonly string[]): boolean =>
    cells.length > width && isEmpty(cells.slice(width));
  const shifted = filled.filter(isShifted).map((cells) => cells.slice(0, width));

  const before = columnsOf(sure, names, written);
  const isOut = (cells: readonly string[]): boolean =>
    fits(cells) &&
    (isOutOfPlace(before[noteIn(cells)]) ||
      (cells === filled.at(-1) && isBelow(cells, before, sure)) ||
      (isTotals(cells) && addsUp(cells, before, [...sure, ...shifted])));
  const voters = filled.filter((cells) => fits(cells) && !isOut(cells));
  const columns = voters.length === sure.length ? before : columnsOf(voters, names, written);
  const isVoter = new Set(voters);
  const loaded = filled.flatMap((cells) => {
    if (!isVoter.has(cells) && !isShifted(cells)) return [];
    const values = columns.map(({ read, empty }, at) => {
      const value = read(cells[at] ?? "");
      return empty && value !== null ? undefined : value;
    });
    return values.every((value) => value !== undefined) ? [values.map((value) => value ?? null)] : [];
  });
  return { names, columns, loaded, rejected: filled.length - loaded.length };
}

// Variants of delimited files: tables of every kind of column, written in every dialect and encoding, with the odd value,
// row or line in the first row, the middle or the last. One seed, one file. What must come out is not said here:
// `reference.testing.ts` reads the same table in a slow and simple way.

import { type Random, seeded } from "#lib/random";
import { MAKERS, ODD_VALUES } from "./makers.testing.ts";

export interface Written {
  readonly delimiter: string;
  /** `escaped` is as needed, with a backslash before a quote inside. */
  readonly quoting: "needed" | "always" | "never" | "escaped";
  /** `mixed` is what remains of several systems: a file has two or three ways to end a line. */
  readonly newline: "\n" | "\r\n" | "\r" | "mixed";
  readonly encoding:
    | "utf-8"
    | "utf-8 with mark"
    | "utf-16le"
    | "utf-16be"
    | "utf-16le without mark"
    | "windows-1252";
  readonly endsWithNewline: boolean;
  /** A space follows every delimiter. */
  readonly spaced: boolean;
  /** None, as it should be, or with a name more or less than the rows have cells. */
  readonly header: "none" | "whole" | "one more" | "one less";
  /** Lines above the header, as they stand. */
  readonly above: readonly string[];
  /** A line that is drawn below the header; empty for none. */
  readonly drawn: string;
  /** Every row ends in a delimiter, and the header does not. */
  readonly delimiterAtEnd: boolean;
  /** A byte order mark stands before the header that comes once more. */
  readonly joined: boolean;
  /** What a program writes behind all rows; empty for nothing. */
  readonly end: string;
}

export interface Variant {
  readonly seed: number;
  /** The cells of a whole header. */
  readonly header: readonly string[];
  /** The kind of each column, for whoever reads a difference. */
  readonly kinds: readonly string[];
  readonly rows: number;
  readonly written: Written;
  readonly bytes: Uint8Array;
}

const KIND_NAMES = Object.keys(MAKERS);
const NAMES = "id name hired pay hours city note qty price start status code".split(" ");
/** By what a column is called, a year of two digits lies in the past, near today or ahead. */
const NAMES_OF_DATES = ["birth date", "hired on", "valid until"];
export const LAST_LINE = "*** END OF REPORT ***";
const CONTROL_Z = "\u001a";

/** Few rows are enough for nearly all variants, and a whole table for odd rows, notes and what stands around it. */
const TABLE_ROWS = 20;
/** One variant among so many has a thousand columns, and one is as large as ten megabytes. */
const WIDE_ONE_IN = 3000;
const LARGE_ONE_IN = 20_000;
const LARGE_ROWS_PER_MAX = 6;
const COLUMNS_USUAL = 100;

/** Rows of one variant: few are enough for nearly all, and now and then there are many. */
function rowsFor(random: Random, rowsMax: number): number {
  if (random.below(LARGE_ONE_IN) === 0) return rowsMax * LARGE_ROWS_PER_MAX;
  const scale = random.below(2000);
  if (scale < 1100) return 4 + random.below(17);
  if (scale < 1960) return 21 + random.below(40);
  if (scale < 1996) return 60 + random.below(270);
  return 400 + random.below(scale < 1999 ? 1000 : rowsMax);
}

function widthFor(random: Random): number {
  if (random.below(WIDE_ONE_IN) === 0) return 600 + random.below(401);
  return 2 + random.below(random.below(40) === 0 ? 60 : 7);
}

function placeIn(random: Random, from: number, count: number): number {
  const last = count - from;
  return from + random.pick([0, Math.floor(last / 2), last - 1, random.below(last)]);
}

export function variantOf(seed: number, rowsMax: number): Variant {
  const random = seeded(seed);
  const width = widthFor(random);
  const plain = writtenBy(random);
  const isWide = width > COLUMNS_USUAL;
  const usable = KIND_NAMES.filter((kind) => isUsable(kind, plain));
  // The first column leaves no doubt where the header is.
  const kinds = Array.from({ length: width }, (_, index) => (index === 0 ? "integer" : random.pick(usable)));
  const count = isWide ? 8 + random.below(20) : rowsFor(random, rowsMax);
  const header = namesFor(random, kinds);
  const isTable = count > TABLE_ROWS;
  const records = Array.from({ length: count }, (_, row) =>
    kinds.map((kind) => MAKERS[kind]?.(random, row) ?? ""),
  );
  const odd = isTable && width > 3 && random.below(16) === 0 ? oddHeader(random, header) : undefined;
  const written = { ...plain, ...odd?.written };
  // What an odd header is told by is the rows right below it.
  oddValues(records, random, written, odd === undefined ? 0 : 5);
  const names = odd?.header ?? header;
  if (isTable && odd === undefined) {
    oddRows(records, random, names);
    const last = random.below(24);
    if (last < 2) records.push(names.map((_, column) => (column === 0 ? "Source: payroll" : "")));
    else if (last < 4) records.push(...totalsOf(records, kinds, random));
  }
  const placed = isTable && odd === undefined ? { ...written, ...around(random, written, width) } : written;
  const text = textOf(names, records, placed, random);
  const bytes = encoded(text, placed.encoding);
  return { seed, header: names, kinds, rows: records.length, written: placed, bytes };
}

function namesFor(random: Random, kinds: readonly string[]): string[] {
  return kinds.map((kind, index) => {
    const name =
      kind === "short year" ? random.pick(NAMES_OF_DATES) : (NAMES[index % NAMES.length] ?? "column");
    return index < NAMES.length && kind !== "short year" ? name : `${name}${index}`;
  });
}

/** A header that is no clean list of different names, one for each column. */
function oddHeader(
  random: Random,
  header: readonly string[],
): { header: readonly string[]; written: Partial<Written> } {
  switch (random.below(4)) {
    case 0:
      return { header, written: { header: "none" } };
    case 1:
      return { header, written: { header: "one more" } };
    case 2:
      return { header, written: { header: "one less" } };
    default: {
      const named = [...header];
      named[1 + random.below(header.length - 1)] = "";
      named[1 + random.below(header.length - 1)] = random.pick(["ID", "id", "Id"]);
      return { header: named, written: {} };
    }
  }
}

function oddValues(records: string[][], random: Random, written: Written, from: number): void {
  const { encoding, quoting, delimiter, newline, spaced } = written;
  const width = records[0]?.length ?? 0;
  let first = false;
  const isWritable = (value: string): boolean =>
    !(encoding === "windows-1252" && /^\u2212|\0/.test(value)) &&
    !(quoting === "never" && (value.includes(delimiter) || value.includes("\n"))) &&
    !(newline === "mixed" && value.includes("\n")) &&
    !(spaced && quoting === "never" && value !== value.trim());
  for (let odd = random.below(3); odd > 0; odd -= 1) {
    const column = random.below(width);
    const value = random.below(60) === 0 ? longValue(random) : random.pick(ODD_VALUES);
    const at = placeIn(random, Math.min(from, records.length - 1), records.length);
    const record = records[at];
    // Two texts right below the header may be what describes the columns.
    if (record === undefined || !isWritable(value) || (at === 0 && first)) continue;
    record[column] = value;
    first ||= at === 0;
  }
}

/** A document in one cell: of one line, or of thousands. */
function longValue(random: Random): string {
  const line = `${random.pick(["north dock", "crew of two", "see above"])} `;
  const text = line.repeat(1 + Math.floor((2000 + random.below(150_000)) / line.length)).trim();
  return random.below(2) === 0 ? text : text.replaceAll(" ", "\n");
}

const NONE = { above: [], drawn: "", delimiterAtEnd: false } as const;

/** What stands around the table, in some variants. */
function around(random: Random, { delimiter, encoding }: Written, width: number): Partial<Written> {
  const behind = {
    joined: encoding.startsWith("utf") && random.below(2) === 0,
    end: random.pick(["", "", "", "", "", "", CONTROL_Z, LAST_LINE]),
  };
  switch (random.below(18)) {
    case 0:
      return { ...behind, above: ["Weekly export", ""] };
    case 1:
      return { ...behind, above: ["# made by a tool", "# do not edit"] };
    case 2:
      return {
        ...behind,
        above: [
          ["# source", ...Array.from({ length: width - 1 }, (_, at) => `part ${at + 1}`)].join(delimiter),
        ],
      };
    case 3:
      return { ...behind, drawn: Array<string>(width).fill("-----").join(delimiter) };
    case 4:
      return { ...behind, drawn: "=".repeat(20) };
    case 5:
      return { ...behind, delimiterAtEnd: true, spaced: false };
    case 6:
      return { ...behind, above: [`sep=${delimiter}`] };
    default:
      return behind;
  }
}

function writtenBy(random: Random): Written {
  const delimiter = random.pick([
    ",",
    ",",
    ",",
    ";",
    ";",
    "\t",
    "\t",
    "|",
    "|",
    "~",
    "^",
    "\u0001",
    "\u001f",
  ]);
  return {
    delimiter,
    quoting: random.pick(["needed", "needed", "needed", "escaped", "always", "always", "never", "never"]),
    newline: random.pick(["\n", "\n", "\n", "\n", "\r\n", "\r\n", "\r", "mixed"]),
    encoding: random.pick([
      "utf-8",
      "utf-8",
      "utf-8",
      "utf-8 with mark",
      "utf-16le",
      "utf-16be",
      "utf-16le without mark",
      "windows-1252",
    ]),
    endsWithNewline: random.below(3) > 0,
    spaced: (delimiter === "," || delimiter === ";") && random.below(8) === 0,
    header: "whole",
    joined: false,
    end: "",
    ...NONE,
  };
}

/** Decimal commas go with semicolons, and what must be quoted needs quotes. */
function isUsable(kind: string, { quoting, delimiter, encoding, newline }: Written): boolean {
  if (kind === "decimal comma" || kind === "kronor") return delimiter === ";";
  if (kind === "mess" && (quoting === "never" || newline === "mixed")) return false;
  if (quoting === "never" && delimiter === "," && WITH_COMMAS.has(kind)) return false;
  return !(encoding === "windows-1252" && BEYOND_WESTERN.has(kind));
}

const WITH_COMMAS: ReadonlySet<string> = new Set(["grouped", "grouped by two", "money", "in brackets"]);
const BEYOND_WESTERN: ReadonlySet<string> = new Set([
  "two currencies",
  "grouped by apostrophes",
  "typeset minus",
]);

/**
 * Records that are no rows of the table, in a few variants: too short or too long, empty, the header once more; and one
 * that a delimiter too many has shifted, whose last cell was empty.
 */
function oddRows(records: string[][], random: Random, names: readonly string[]): void {
  const at = placeIn(random, 0, records.length);
  const width = names.length;
  const record = records[at] ?? [];
  switch (random.below(14)) {
    case 0:
      if (width > 2) records.splice(at, 0, record.slice(0, -1));
      return;
    case 1:
      records.splice(at, 0, [...record, "more"]);
      return;
    case 2:
      records.splice(at, 0, Array<string>(width).fill(""));
      return;
    case 3:
      records.splice(at, 0, [...names]);
      return;
    case 4: {
      if (at === 0) return;
      const after = 1 + random.below(width - 1);
      records.splice(at, 0, [...record.slice(0, after), "x", ...record.slice(after, -1), ""]);
      return;
    }
    default:
  }
}

/** A last row that adds up what stands above it, or says that it does. */
function totalsOf(records: readonly string[][], kinds: readonly string[], random: Random): string[][] {
  const label = TEXT_KINDS.has(kinds[1] ?? "") ? random.below(2) : 0;
  const off = random.pick([0, 0, 0, 17]);
  const row = kinds.map((kind, column) => {
    if (column <= label) return column === label ? random.pick(["Total", "Grand total"]) : "";
    const cents = records.map((cells) => Math.round(Number(cells[column] ?? "") * 100));
    if ((kind !== "integer" && kind !== "decimal") || !cents.every(Number.isFinite)) return "";
    const sum = cents.reduce((total, cell) => total + cell, 0) / 100 + off;
    return kind === "integer" ? String(Math.round(sum)) : sum.toFixed(2);
  });
  return row.filter((cell) => cell !== "").length > 1 ? [row] : [];
}

const TEXT_KINDS: ReadonlySet<string> = new Set(["word", "words", "code"]);

function textOf(
  names: readonly string[],
  records: readonly (readonly string[])[],
  { delimiter, quoting, newline, endsWithNewline, spaced, header, ...placed }: Written,
  random: Random,
): string {
  const { above, drawn, delimiterAtEnd, joined, end } = placed;
  const cell = (text: string): string => {
    const needed = text.includes(delimiter) || /["\n\r]/.test(text) || text !== text.trim();
    const quoted = quoting === "always" || (quoting !== "never" && needed);
    const own = text.replaceAll("\n", newline === "\r\n" ? newline : "\n");
    return quoted ? `"${own.replaceAll('"', quoting === "escaped" ? '\\"' : '""')}"` : own;
  };
  const heads = {
    none: [],
    whole: [names],
    "one more": [[...names, "extra"]],
    "one less": [names.slice(0, -1)],
  };
  const lines = [...heads[header], ...records].map((cells, at) => {
    const again =
      joined && at > 0 && cells.length === names.length && cells.every((own, n) => own === names[n]);
    return (
      (again ? "\ufeff" : "") +
      cells.map(cell).join(spaced ? `${delimiter} ` : delimiter) +
      (delimiterAtEnd && at > 0 ? delimiter : "")
    );
  });
  if (drawn !== "") lines.splice(1, 0, drawn);
  if (random.below(10) === 0) lines.splice(2 + random.below(lines.length - 1), 0, "");
  lines.unshift(...above);
  if (end === LAST_LINE) lines.push(end);
  return (
    joinedLines(lines, { newline, quoting, delimiter }, names.length, random) +
    lastOf(newline, endsWithNewline) +
    (end === CONTROL_Z ? end : "")
  );
}

const lastOf = (newline: Written["newline"], ends: boolean): string =>
  ends ? (newline === "mixed" ? "\n" : newline) : "";

/** A carriage return alone is seldom among others, between two rows of the table and where there are no quotes. */
function joinedLines(
  lines: readonly string[],
  { newline, quoting, delimiter }: Pick<Written, "newline" | "quoting" | "delimiter">,
  width: number,
  random: Random,
): string {
  if (newline !== "mixed") return lines.join(newline);
  const at = 5 + random.below(lines.length);
  const isRow = (line = ""): boolean => line.split(delimiter).length === width && !line.startsWith(delimiter);
  const alone = quoting === "never" && isRow(lines[at]) && isRow(lines[at + 1]) ? at : -1;
  return lines
    .map((line, at) =>
      at === lines.length - 1 ? line : line + (at === alone ? "\r" : random.pick(["\n", "\r\n"])),
    )
    .join("");
}

/** Bytes 0x80 to 0x9f of windows-1252 that the generator writes. */
const WESTERN: Readonly<Record<string, number>> = { "€": 0x80, "\u2014": 0x97 };

function encoded(text: string, encoding: Written["encoding"]): Uint8Array {
  if (encoding === "utf-8") return Buffer.from(text);
  if (encoding === "utf-8 with mark") return Buffer.from(`\ufeff${text}`);
  if (encoding === "utf-16le without mark") return Buffer.from(text, "utf16le");
  if (encoding === "utf-16le") return Buffer.from(`\ufeff${text}`, "utf16le");
  if (encoding === "utf-16be") return Buffer.from(`\ufeff${text}`, "utf16le").swap16();
  return Uint8Array.from(text, (char) => WESTERN[char] ?? char.charCodeAt(0));
}

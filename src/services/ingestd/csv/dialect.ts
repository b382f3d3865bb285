// How a text is delimited, found by trying every likely way on a sample and keeping the one under which it
// looks most like a table: rows of one width, cells that are numbers, dates or plain words, no quotes in odd
// places. One malformed row must not change the answer, so widths are decided by majority. The evidence is
// kept in words, for the reply.

import { rememberedLook, TEXT_LOOK } from "../inference/looks.ts";
import { isNull } from "../inference/nulls.ts";
import { cutsOf } from "./fixed-width.ts";
import { longDelimitersOf } from "./long-delimiters.ts";
import { isDrawnLine, isPrompt } from "./odd-rows.ts";
import { type Dialect, linesOf, type Row, rowsOf } from "./rows.ts";

/** DuckDB's sniffer's answer: one opinion among others, asked for where two ways to split a text are close. */
export interface Opinion {
  readonly delimiter: string;
  readonly quote: string;
}

export interface Guess {
  readonly dialect: Dialect;
  readonly width: number;
  /** How many cells most rows have: more than the width where all end in a delimiter. */
  readonly usualCells: number;
  readonly rows: readonly Row[];
  /** Share of sampled rows, from the first that has it on, that have the width. */
  readonly consistency: number;
  readonly score: number;
  /** Another way to split the text is so near that another opinion may decide. */
  readonly close: boolean;
  readonly evidence: readonly string[];
}

/** How readily a character is taken for a delimiter. A space or a colon has other work in most texts. */
const DELIMITERS: readonly [delimiter: string, prior: number][] = [
  [",", 1],
  [";", 1],
  ["\t", 1],
  ["|", 1],
  ["~", 1],
  ["^", 1],
  ["#", 0.7],
  ["&", 0.7],
  [", ", 0.99],
  ["; ", 0.99],
  [" | ", 0.99],
  ["*", 0.6],
  ["│", 0.99],
  ["¦", 0.99],
  ["\u001f", 0.99],
  ["\u0001", 0.99],
  [":", 0.5],
  [" ", 0.45],
];

/** How readily several marks in a row are taken for one. */
const LONG = 0.99;

const NO_DELIMITER = "\u001f";
/** How readily blank columns are taken for gaps between cells. */
const FIXED_WIDTH = 0.8;

/** Rows that are looked at: the majority does not change after some hundreds. */
const ROWS_MAX = 1000;
const CELLS_MAX = 20_000;
/** Characters that are looked at, again for each candidate. */
export const DIALECT_CHARS_MAX = 256 * 1024;
/** What a table of one column scores: anything that splits half the rows alike is better. */
const ONE_COLUMN = 0.22;
/** The same, when the lines are values themselves: times, stamps, numbers. */
const ONE_COLUMN_OF_VALUES = 0.5;
const VALUES_SHARE_MIN = 0.8;
const AGREEMENT = 1.03;

/** What is known of a dialect before it is looked for. */
export interface SaidDialect {
  readonly delimiter?: string | undefined;
  readonly quote?: string | undefined;
}

/**
 * `whole` says that the sample is the whole text, so that its last line is not cut. What is `said` is taken from the
 * likely ways that have it, so that to say what would have been found changes nothing.
 */
export function guessDialect(text: string, whole: boolean, opinion?: Opinion, said: SaidDialect = {}): Guess {
  const cut = text.length > DIALECT_CHARS_MAX;
  const sample = cut ? text.slice(0, DIALECT_CHARS_MAX) : text;
  const newline = newlineOf(sample);
  const guesses = candidates(sample, newline, opinion, said).map((candidate) =>
    guess(candidate, sample, whole && !cut, opinion),
  );
  guesses.sort((a, b) => b.score - a.score);
  const lone = textsOfOneColumn(guesses);
  const [best, next] = lone === undefined ? guesses : [lone, guesses[0]];
  if (best === undefined) throw new TypeError("there is always the candidate of one column");
  const close = next !== undefined && next.score * AGREEMENT >= best.score;
  const asked = Object.keys(said).filter((name) => name === "delimiter" || name === "quote");
  const evidence = asked.map((name) => `the ${name} is the one that was asked for`);
  return {
    ...fitted(best, sample, whole && !cut),
    close,
    evidence: [...evidence, ...evidenceOf(best, next, opinion)],
  };
}

/** Below this share of rows of one width, what splits them may be a part of the texts. */
const UNEVEN = 0.75;

/** Texts with commas in some of them, below one name: the best split leaves many rows out, the header among them. */
function textsOfOneColumn([best, ...others]: readonly Guess[]): Guess | undefined {
  const header = best?.rows[0]?.cells ?? [];
  if (best === undefined || best.width === 1 || best.consistency >= UNEVEN) return undefined;
  if (header.length !== 1 || !/^[\p{L}][\p{L}\p{N}_ -]{0,40}$/u.test(header[0] ?? "")) return undefined;
  return others.find(({ width, rows }) => width === 1 && rows.every(({ cells }) => cells.length === 1));
}

/** A dialect that is known beforehand, with the width and the rows of the text. */
export function readDialect(dialect: Dialect, text: string, whole: boolean): Guess {
  const cut = text.length > DIALECT_CHARS_MAX;
  const sample = cut ? text.slice(0, DIALECT_CHARS_MAX) : text;
  return fitted(guess([dialect, 1], sample, whole && !cut, undefined), sample, whole && !cut);
}

/** Once the width is known a broken quote costs a line and no more, which may be the header. */
function fitted(best: Guess, sample: string, whole: boolean): Guess {
  const width = usedWidth(best);
  const rows = rowsOf(sample, best.dialect, { width, ragged: false });
  if (!whole && rows.length > 1) rows.pop();
  return { ...best, width, usualCells: best.width, rows };
}

/** The share of the rows that must have all cells where the others leave their last ones out. */
const WHOLE_SHARE_MIN = 0.1;
const WHOLE_ROWS_MIN = 3;

/**
 * Rows that all end in a delimiter have the width of their header, when it has none at its end; where most rows leave
 * out their last cells, the header and the rows that do not say how many there are.
 */
function usedWidth({ rows: all, width }: Guess): number {
  const rows = all.filter(({ raw }) => !isDrawnLine(raw));
  const header = rows[0]?.cells.length ?? width;
  const whole = rows.filter(({ cells }) => cells.length === header).length - 1;
  if (
    header > width &&
    whole >= Math.max(WHOLE_ROWS_MIN, rows.length * WHOLE_SHARE_MIN) &&
    rows.every(({ cells }) => cells.length <= header)
  )
    return header;
  const first = rows.findIndex(({ cells }) => cells.length === width);
  const isNamed = ({ cells }: Row): boolean =>
    cells.length > 1 && cells.length < width && cells.at(-1) !== "";
  const named = rows.slice(0, Math.max(first, 0)).findLast(isNamed)?.cells.length;
  if (named === undefined) return width;
  const body = rows.slice(first).filter(({ cells }) => cells.length === width);
  return body.length > 1 && body.every(({ cells }) => cells.slice(named).every((cell) => cell === ""))
    ? named
    : width;
}

/** A quoted text: a quote behind a backslash ends it only where a cell may end. */
const QUOTED = /"(?:[^"\\]|\\"(?=[^,;\t|\r\n])|\\(?!"[^,;\t|\r\n]))*"/g;

function newlineOf(sample: string): "\n" | "\r" {
  // A quoted cell may have other line breaks than those between rows.
  const bare = sample.replace(QUOTED, "");
  const feeds = countOf(bare, "\n");
  const returns = countOf(bare, "\r") - countOf(bare, "\r\n");
  return returns > 2 * feeds ? "\r" : "\n";
}

function countOf(text: string, part: string): number {
  let total = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) total += 1;
  return total;
}

function candidates(
  sample: string,
  newline: "\n" | "\r",
  opinion: Opinion | undefined,
  said: SaidDialect,
): [Dialect, number][] {
  const found = likelyDelimiters(sample, newline, said);
  if (
    said.delimiter === undefined &&
    opinion !== undefined &&
    opinion.delimiter.length === 1 &&
    !found.some(([known]) => known === opinion.delimiter)
  ) {
    if (sample.includes(opinion.delimiter)) found.push([opinion.delimiter, 0.6]);
  }
  const all: [Dialect, number][] = [];
  // Where the sample has no quote at all, the rest of the file may still have the usual one.
  const plainQuote = sample.includes('"') ? "" : '"';
  for (const [delimiter, prior] of found) {
    const quotes = likelyQuotes(sample, delimiter, newline, said);
    for (const [quote, quotePrior] of quotes) {
      const padded = isPadded(sample, delimiter, quote, newline);
      const base = { delimiter, quote, newline, padded };
      all.push([{ ...base, escape: "double" }, prior * quotePrior]);
      if (sample.includes(`\\${quote}`))
        all.push([{ ...base, escape: "backslash" }, prior * quotePrior * 0.99]);
    }
    if (said.quote !== undefined && said.quote !== "") continue;
    const padded = isPadded(sample, delimiter, "", newline);
    all.push([
      { delimiter, quote: said.quote ?? plainQuote, escape: "double", newline, padded },
      prior * (quotes.length > 0 ? 0.9 : 1),
    ]);
  }
  const mayBeFixed = (said.delimiter ?? " ") === " " && (said.quote ?? "") === "";
  const cuts = mayBeFixed ? cutsOf(sample, newline) : undefined;
  if (cuts !== undefined)
    all.push([{ delimiter: " ", quote: "", escape: "double", newline, padded: true, cuts }, FIXED_WIDTH]);
  if (said.delimiter !== undefined && said.delimiter !== "") return all;
  // One column: a delimiter that does not occur.
  const delimiter = sample.includes(NO_DELIMITER) ? "\u0002" : NO_DELIMITER;
  all.push([{ delimiter, quote: said.quote ?? '"', escape: "double", newline, padded: false }, 1]);
  return all;
}

function likelyDelimiters(
  sample: string,
  newline: string,
  { delimiter: said }: SaidDialect,
): [string, number][] {
  if (said === "") return [];
  if (said === undefined) {
    const long = longDelimitersOf(sample, newline);
    const usual = DELIMITERS.filter(
      ([delimiter]) => sample.includes(delimiter) && !long.some((run) => run.includes(delimiter)),
    );
    return [...long.map((run): [string, number] => [run, LONG]), ...usual.map(copied)];
  }
  return [[said, DELIMITERS.find(([delimiter]) => delimiter === said)?.[1] ?? 1]];
}

const copied = ([delimiter, prior]: readonly [string, number]): [string, number] => [delimiter, prior];

function likelyQuotes(
  sample: string,
  delimiter: string,
  newline: string,
  { quote: said }: SaidDialect,
): [string, number][] {
  if (said !== undefined) return said === "" ? [] : [[said, 1]];
  const quotes: [string, number][] = [];
  if (sample.includes('"')) quotes.push(['"', 1]);
  if (wrapsCells(sample, delimiter, "'", newline)) quotes.push(["'", 0.95]);
  return quotes;
}

/** Whether a cell begins with this quote and one ends with it: an apostrophe inside a name is none. */
function wrapsCells(sample: string, delimiter: string, quote: string, newline: string): boolean {
  const beside = (mark: string, before: boolean): boolean =>
    [mark, `${mark} `, ` ${mark}`].some((edge) => sample.includes(before ? edge + quote : quote + edge));
  const opens = sample.startsWith(quote) || beside(newline, true) || beside(delimiter, true);
  const closes =
    sample.endsWith(quote) ||
    sample.includes(`${quote}\r`) ||
    beside(newline, false) ||
    beside(delimiter, false);
  return opens && closes;
}

/** Lines that are looked at for spaces around cells. */
const PADDING_LINES = 200;

/**
 * Spaces that lead a cell, or trail it by twos and more, are layout when a third of the lines have them. What
 * stands in quotes does not count.
 */
function isPadded(sample: string, delimiter: string, quote: string, newline: string): boolean {
  if (delimiter === " ") return true;
  if (delimiter.length > 1) return false;
  const head = sample.slice(0, 64 * 1024);
  const plain =
    quote === ""
      ? head
      : head.replace(new RegExp(`\\${quote}[^\\${quote}]*\\${quote}`, "g"), () => quote + quote);
  const lines = plain
    .split(newline)
    .slice(0, PADDING_LINES)
    .filter((line) => line.includes(delimiter));
  const padded = lines.filter((line) =>
    line
      .split(delimiter)
      .some((cell, index) => (index > 0 && /^ +[^ ]/.test(cell)) || /[^ ] {2,}\r?$/.test(cell)),
  );
  return padded.length > 0 && padded.length * 3 >= lines.length;
}

function guess(
  [dialect, prior]: [Dialect, number],
  sample: string,
  whole: boolean,
  opinion: Opinion | undefined,
): Guess {
  const all = rowsOf(sample, dialect);
  if (!whole && all.length > 1) all.pop();
  const rows = withoutPreamble(
    withoutFooter(all.slice(0, ROWS_MAX).filter(({ raw }) => !isDrawnLine(raw) && !isPrompt(raw))),
  );
  const width = majorityWidth(rows);
  const first = rows.findIndex(({ cells }) => fitsWidth(cells, width));
  const body = rows.slice(Math.max(first, 0));
  const fitting = body.filter(({ cells }) => fitsWidth(cells, width));
  const several = body.filter((row) => isSeveral(row, dialect, width)).length;
  const consistency = body.length === 0 ? 0 : (fitting.length + several) / body.length;
  const coverage = rows.length === 0 ? 0 : (fitting.length + several) / rows.length;
  const flawed =
    rows.filter((row) => row.flawed === true || row.reason !== undefined).length / Math.max(rows.length, 1);
  const columns = width === 1 ? oneColumn(fitting) : 1 - 1 / (width + 0.6);
  const tidy = 0.25 + 0.75 * tidiness(fitting, dialect);
  const unquoted = dialect.quote === '"' && !sample.includes('"');
  const agrees =
    opinion?.delimiter === dialect.delimiter &&
    (opinion.quote === dialect.quote || (unquoted && opinion.quote === ""));
  // Where most rows are one cell, a delimiter that splits the others is none.
  const splits = width === 1 && rows.some(({ cells }) => cells.length > 1);
  const shape = width === 1 ? Number(!splits) : consistency ** 2 * Math.sqrt(coverage);
  const thousands = dialect.delimiter === "," && areThousands(fitting) ? THOUSANDS : 1;
  const score = prior * shape * columns * tidy * thousands * (1 - flawed) * (agrees ? AGREEMENT : 1);
  return { dialect, width, usualCells: width, rows: all, consistency, score, close: false, evidence: [] };
}

/** Whether a line is rows of this width that carriage returns alone part. */
function isSeveral({ raw, cells }: Row, { delimiter, newline }: Dialect, width: number): boolean {
  if (newline === "\r" || width === 1 || fitsWidth(cells, width)) return false;
  const parts = raw.split("\r");
  return parts.length > 1 && parts.every((part) => part.split(delimiter).length === width);
}

/** What a comma is worth that parts the thousands of numbers, and no cells. */
const THOUSANDS = 0.5;
const THOUSANDS_SHARE_MIN = 0.9;

/** Whether rows end in a number in groups of digits, before which something stands that the comma leaves together. */
function areThousands(rows: readonly Row[]): boolean {
  const grouped = rows.filter(
    ({ cells: [first = "", ...others] }) =>
      others.length > 0 &&
      /[^0-9,][1-9][0-9]{0,2}$/.test(first) &&
      /^(?:[0-9]{2,3},)*[0-9]{3}$/.test(others.join().trimEnd()),
  );
  return rows.length > 0 && grouped.length >= rows.length * THOUSANDS_SHARE_MIN;
}

/** Lines below a table that may be its footer. */
const FOOTER_LINES_MAX = 12;

/** The rows without lines of one cell at their end, when all others have one width: what a report says of itself. */
function withoutFooter(rows: readonly Row[]): readonly Row[] {
  const last = rows.findLastIndex(({ cells }) => cells.length > 1);
  const table = rows.slice(0, last + 1);
  const width = table[0]?.cells.length ?? 1;
  const isFooter = rows.length - table.length <= FOOTER_LINES_MAX && table.length > 1 && width > 2;
  return isFooter && table.every(({ cells }) => cells.length === width) ? table : rows;
}

/** The rows of a table below an empty line: a header and so many rows. */
const TABLE_ROWS_MIN = 3;
/** Of the lines above it so many are one cell. */
const SINGLE_SHARE_MIN = 0.75;

/** The rows below an empty line, when all have one width and what stands above are lines of one cell: a report's parameters. */
function withoutPreamble(rows: readonly Row[]): readonly Row[] {
  const width = rows.at(-1)?.cells.length ?? 1;
  const from = rows.findLastIndex(({ cells }) => cells.length !== width) + 1;
  const [before, first] = [rows[from - 1], rows[from]];
  if (before === undefined || first === undefined || width === 1 || rows.length - from < TABLE_ROWS_MIN)
    return rows;
  if (before.line + linesOf(before) >= first.line) return rows;
  const single = rows.slice(0, from).filter(({ cells }) => cells.length === 1).length;
  return single >= from * SINGLE_SHARE_MIN ? rows.slice(from) : rows;
}

function oneColumn(rows: readonly Row[]): number {
  const cells = rows.map((row) => row.cells[0]?.trim() ?? "").filter((cell) => !isNull(cell));
  const values = cells.filter((cell) => rememberedLook(cell) !== TEXT_LOOK).length;
  return values > 1 && values + 1 >= cells.length * VALUES_SHARE_MIN ? ONE_COLUMN_OF_VALUES : ONE_COLUMN;
}

function fitsWidth(cells: readonly string[], width: number): boolean {
  return (
    cells.length === width ||
    (cells.length > width && width > 1 && cells.slice(width).every((cell) => cell === ""))
  );
}

/** The width that most rows have; of two, the greater one. */
export function majorityWidth(rows: readonly Row[]): number {
  const counts = new Map<number, number>();
  for (const { cells } of rows) counts.set(cells.length, (counts.get(cells.length) ?? 0) + 1);
  let width = 1;
  let most = 0;
  for (const [candidate, count] of counts) {
    if (count > most || (count === most && candidate > width)) [width, most] = [candidate, count];
  }
  return width;
}

/** From 0 to 1: how much the cells look like values rather than like pieces of something else. */
function tidiness(rows: readonly Row[], { delimiter, quote }: Dialect): number {
  const foreign = foreignTo(delimiter);
  let cells = 0;
  let points = 0;
  for (const row of rows) {
    let ofRow = 0;
    let unsplit = false;
    for (const cell of row.cells) {
      const tidy = tidinessOf(cell, foreign, quote);
      ofRow += tidy;
      unsplit ||= tidy === 0;
    }
    cells += row.cells.length;
    // A cell that is several says that its row is split in the wrong way, however tidy the others are.
    points += unsplit ? ofRow / 2 : ofRow;
    if (cells > CELLS_MAX) break;
  }
  return cells === 0 ? 0 : points / cells;
}

function tidinessOf(cell: string, foreign: Foreign, quote: string): number {
  if (isNull(cell)) return 0.9;
  if (quote !== '"' && cell.includes('"')) return 0;
  if (/^['"]|['"]$/.test(cell) && !/^(['"]).*\1$/.test(cell)) return 0.2;
  if (cell.length <= 40 && rememberedLook(cell.trim()) !== TEXT_LOOK) return 1;
  if (foreign.hard.test(cell)) return 0;
  return foreign.soft.test(cell) ? 0.3 : 0.8;
}

/** Characters that make a cell look as if it were several: those that texts hardly have, and those that they may. */
interface Foreign {
  readonly hard: RegExp;
  readonly soft: RegExp;
}

function foreignTo(delimiter: string): Foreign {
  // oxlint-disable-next-line no-control-regex
  const hard = /[\t^~|\u0001\u001f]/;
  if (delimiter === "\t" || delimiter.includes("|")) return { hard, soft: /[\t|]/ };
  // 3335;4,533,239 is a number and a grouped one, and so is 1022; 2,78,25,029.
  // oxlint-disable-next-line no-control-regex
  if (delimiter === ",") return { hard: /[\t^~|\u0001\u001f]|^-?[0-9]+; ?[0-9]/, soft: /;|,(?! )/ };
  // What follows a colon in an address.
  if (delimiter === ":") return { hard: /[\t^~|]|^\/\//, soft: /[,;]/ };
  if (delimiter === ";" || delimiter === "; " || delimiter === ", ") return { hard, soft: hard };
  return { hard, soft: /[,;]/ };
}

const NAMES: Readonly<Record<string, string>> = { "\t": "tab", " ": "space" };

function evidenceOf(best: Guess, next: Guess | undefined, opinion: Opinion | undefined): string[] {
  const { dialect, width, consistency, rows } = best;
  const percent = (consistency * 100).toFixed(consistency === 1 ? 0 : 1);
  const named = (delimiter: string): string => NAMES[delimiter] ?? `"${delimiter}"`;
  const seen = Math.min(rows.length, ROWS_MAX);
  const evidence =
    width === 1
      ? [`no delimiter splits the ${seen} sampled rows alike: one column`]
      : dialect.cuts !== undefined
        ? [`cells begin at the columns ${dialect.cuts.map((at) => at + 1).join(", ")} of every line`]
        : [`${named(dialect.delimiter)} splits ${percent} % of ${seen} sampled rows into ${width} cells`];
  if (width > 1 && dialect.quote !== "" && rows.some(({ raw }) => raw.includes(dialect.quote)))
    evidence.push(`cells may be quoted with ${dialect.quote}`);
  if (dialect.escape === "backslash") evidence.push("quotes inside cells are escaped with a backslash");
  if (dialect.padded && dialect.delimiter !== " ")
    evidence.push("spaces around cells are layout and were taken off");
  if (dialect.newline === "\r") evidence.push("lines end with a carriage return alone");
  const rival = next !== undefined && next.dialect.delimiter !== dialect.delimiter ? next : undefined;
  if (rival !== undefined && rival.score > best.score * 0.7)
    evidence.push(`${named(rival.dialect.delimiter)} was nearly as likely`);
  if (opinion !== undefined && width > 1) {
    evidence.push(
      opinion.delimiter === dialect.delimiter
        ? "DuckDB's sniffer finds the same delimiter"
        : `DuckDB's sniffer would take ${named(opinion.delimiter)}`,
    );
  }
  return evidence;
}

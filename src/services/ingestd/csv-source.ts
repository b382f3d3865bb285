// Delimited text as a source. A file up to 8 MiB, and any file that is not spotless, is read whole by our own
// parser, which gives every row its line, decides types by all values and writes a plain CSV for DuckDB. A
// large and tidy file is read by DuckDB alone: its types come from samples all over the file, every value is
// checked against them while it is written, and the number of rows against a count of our own. Whatever does
// not agree sends the file the careful way; the quick way never loads what the careful one would not.

import { join } from "node:path";
import { quoteLiteral } from "#lib/sql-text";
import { assert } from "#lib/assert";
import { Fault } from "#rpc/fault";
import {
  ColumnStats,
  dayFirstOf,
  misfitSql,
  type Reading,
  readingAs,
  readingOf,
  strictSql,
  type Surroundings,
  valueSql,
} from "./columns.ts";
import { csvCell } from "./csv-text.ts";
import { chunksOf, type Decoded, diskFault, textOf } from "./decode.ts";
import { guessDialect, type Guess, type Opinion } from "./dialect.ts";
import { findHeader, type Header } from "./header.ts";
import { isNull, NULL_TEXTS } from "./kinds.ts";
import type { Table } from "./loader.ts";
import { type Fit, LINE_CHARS_MAX, type Row, RowScanner, rowsOf } from "./rows.ts";
import { sampleOf } from "./sample.ts";
import { newFile } from "./sink.ts";
import type { Source, SourceColumn, Wishes, Workplace } from "./source.ts";
import { duckdbWord, refuseStrayTypes, wantedTypes } from "./types.ts";

/** Up to here reading every value with our own parser costs less than anything could be gained. */
const CAREFUL_BYTES_MAX = 8 * 1024 * 1024;
/** So many short rows, and such a share of all, are a habit rather than damage. */
const RAGGED_ROWS_MIN = 3;
const RAGGED_SHARE_MIN = 0.1;
/** The share of values that must fit for the dataset's own type to be taken. */
const KNOWN_SHARE_MIN = 0.99;

interface Layout {
  readonly guess: Guess;
  readonly header: Header;
  readonly fit: Fit;
}

export async function csvSource(file: Decoded, wishes: Wishes, work: Workplace): Promise<Source> {
  const sample = await sampleOf(file.path, file.bytes);
  if (sample.head.trim() === "") throw new Fault("invalid", "The file is empty: there is nothing to load.");
  const opinion = await sniff(file.path, work);
  const guess = guessDialect(sample.head, sample.whole, opinion);
  const header = findHeader(
    guess.rows,
    guess.width,
    wishes.known.map(({ name }) => name),
  );
  const layout: Layout = { guess, header, fit: fitOf(guess, header) };
  const tidy = !wishes.careful && file.bytes > CAREFUL_BYTES_MAX && !file.hasNul && isTidy(layout);
  return tidy
    ? quickSource(file, layout, sample.blocks, wishes, work)
    : carefulSource(file, layout, wishes, work);
}

/** DuckDB's own opinion; none where it has none. */
async function sniff(path: string, { db }: Workplace): Promise<Opinion | undefined> {
  try {
    const [row] = await db.rows(
      `SELECT Delimiter AS delimiter, Quote AS quote FROM sniff_csv(${quoteLiteral(path)})`,
    );
    if (row === undefined) return undefined;
    const quote = String(row["quote"]);
    return { delimiter: String(row["delimiter"]), quote: quote === "(empty)" ? "" : quote };
  } catch {
    return undefined;
  }
}

function fitOf({ width, rows }: Guess, { bodyLine }: Header): Fit {
  const body = rows.filter(({ line }) => line >= bodyLine);
  const short = body.filter(({ cells }) => cells.length > 1 && cells.length < width).length;
  const ragged = width > 2 && short >= RAGGED_ROWS_MIN && short >= body.length * RAGGED_SHARE_MIN;
  return { width, returns: true, ragged };
}

/** Whether DuckDB, told all this, reads the file as our parser does. */
function isTidy({ guess, header, fit }: Layout): boolean {
  const { dialect, rows } = guess;
  if (fit.width < 2 || fit.ragged || dialect.padded || dialect.escape !== "double") return false;
  if (dialect.newline !== "\n" || dialect.quote === "'" || dialect.delimiter.length > 1) return false;
  return rows.every((row) => row.line < header.bodyLine || (row.flawed !== true && row.reason === undefined));
}

function readings(
  stats: readonly ColumnStats[],
  { guess, header }: Layout,
  wishes: Wishes,
): { reading: Reading; name: string; unwanted: boolean }[] {
  const around: Surroundings = { semicolons: guess.dialect.delimiter === ";", dayFirst: dayFirstOf(stats) };
  const known = new Map(wishes.known.map((column) => [column.name.toLowerCase(), column]));
  const types = wantedTypes(wishes.types);
  const out = stats.map((column, index) => {
    const written = header.names[index] ?? `column_${index + 1}`;
    const existing = known.get(written.toLowerCase());
    const name = existing?.name ?? written;
    const wanted = types.get(name.toLowerCase());
    const unwanted = wishes.quarantine && wishes.known.length > 0 && existing === undefined;
    if (wanted !== undefined) return { name, unwanted, reading: readingAs(column, wanted, around).reading };
    const held = existing === undefined ? undefined : duckdbWord(existing.type);
    if (held !== undefined) {
      const { reading, share } = readingAs(column, held, around);
      if (wishes.quarantine || share >= KNOWN_SHARE_MIN) return { name, unwanted, reading };
    }
    return { name, unwanted, reading: readingOf(column, around, name) };
  });
  refuseStrayTypes(
    types,
    out.map(({ name }) => name),
  );
  return out;
}

function sourceColumns(
  stats: readonly ColumnStats[],
  layout: Layout,
  wishes: Wishes,
): { columns: SourceColumn[]; warnings: string[] } {
  const found = readings(stats, layout, wishes);
  const columns = found.map(({ reading, name, unwanted }, index) => {
    const raw = `c${index}`;
    return {
      name,
      type: reading.type,
      value: valueSql(reading, raw),
      raw,
      misfit: misfitSql(reading, raw),
      strict: strictSql(reading, raw),
      confidence: reading.confidence,
      samples: reading.samples,
      ...(unwanted ? { unwanted } : {}),
    };
  });
  return { columns, warnings: found.flatMap(({ reading }) => reading.warning ?? []) };
}

function dialectOf(file: Decoded, { guess, header, fit }: Layout): NonNullable<Table["dialect"]> {
  const { dialect, width } = guess;
  return {
    delimiter: width === 1 ? "" : dialect.delimiter,
    quote: dialect.quote,
    encoding: file.encoding,
    header_row: header.headerLine,
    evidence: [
      ...file.evidence,
      ...guess.evidence,
      ...header.evidence,
      ...(fit.ragged ? ["many rows leave out their last cells: short rows are filled up with NULL"] : []),
    ],
  };
}

function warningsOf(file: Decoded, { guess, header }: Layout): string[] {
  const seen = guess.rows.length;
  const few =
    guess.width > 1 && seen < 4
      ? [`The delimiter was guessed from ${seen} ${seen === 1 ? "line" : "lines"}.`]
      : [];
  return [...file.warnings, ...few, ...header.warnings];
}

async function carefulSource(
  file: Decoded,
  layout: Layout,
  wishes: Wishes,
  work: Workplace,
): Promise<Source> {
  const { guess, header, fit } = layout;
  const stats = Array.from({ length: fit.width }, () => new ColumnStats());
  const path = join(work.folder, "rows.csv");
  const sink = await newFile(path);
  let rows = 0;
  let flawed = 0;
  let filled = 0;
  let longest = 0;
  const take = async (row: Row): Promise<void> => {
    rows += 1;
    const reason =
      row.reason ?? (file.hasNul && row.raw.includes("\0") ? "it holds a NUL character" : undefined);
    if (reason !== undefined) {
      await work.rejects.add({ line: row.line, reason, raw: row.raw });
      return;
    }
    if (row.flawed === true) flawed += 1;
    if (row.filled === true) filled += 1;
    longest = Math.max(longest, row.raw.length);
    let text = String(row.line);
    for (let index = 0; index < fit.width; index += 1) {
      const cell = row.cells[index] ?? "";
      stats[index]?.add(cell);
      text += isNull(cell) ? "," : `,${csvCell(cell)}`;
    }
    await sink.write(`${text}\n`);
  };
  const scanner = new RowScanner(guess.dialect, fit, header.bodyLine);
  let bytes = 0;
  try {
    for await (const text of textOf(file.path)) {
      bytes = Math.min(bytes + text.length, file.bytes);
      for (const row of scanner.push(text)) await take(row);
      work.onProgress(rows, bytes, file.bytes);
    }
    for (const row of scanner.finish()) await take(row);
    await sink.end();
  } catch (error) {
    throw diskFault(error) ?? error;
  }
  const { columns, warnings } = sourceColumns(stats, layout, wishes);
  const odd = flawed === 0 ? [] : [`${flawed} rows have a quote in an odd place and were read all the same.`];
  if (filled > 0) odd.push(`${filled} rows leave out their last cells, which became NULL.`);
  return {
    format: "csv",
    columns,
    from: ownCsv(path, fit.width, longest),
    rowsIn: rows,
    rawText: async function* () {
      const again = new RowScanner(guess.dialect, fit, header.bodyLine);
      for await (const text of textOf(file.path)) yield* again.push(text);
      yield* again.finish();
    },
    dialect: dialectOf(file, layout),
    warnings: [...warningsOf(file, layout), ...odd, ...warnings],
  };
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

function quickSource(
  file: Decoded,
  layout: Layout,
  blocks: readonly string[],
  wishes: Wishes,
  work: Workplace,
): Promise<Source> {
  const { guess, header, fit } = layout;
  const { dialect } = guess;
  const stats = Array.from({ length: fit.width }, () => new ColumnStats());
  for (const [index, block] of blocks.entries()) {
    // Only the first block starts where a row does; the others may begin inside a quoted cell.
    const rows = rowsOf(block, dialect, fit, index === 0 ? header.bodyLine : 1);
    for (const row of rows) {
      if (row.reason !== undefined || row.flawed === true) {
        if (index === 0) return carefulSource(file, layout, wishes, work);
        continue;
      }
      for (const [column, cell] of row.cells.entries()) stats[column]?.add(cell);
    }
  }
  const { columns, warnings } = sourceColumns(stats, layout, wishes);
  const names = columns.map((_, index) => `'c${index}': 'VARCHAR'`).join(", ");
  const quote = dialect.quote === "" ? "quote = '', escape = ''" : `quote = '"', escape = '"'`;
  const nulls = NULL_TEXTS.map(quoteLiteral).join(", ");
  return Promise.resolve({
    format: "csv",
    columns,
    from: `read_csv(${quoteLiteral(file.path)}, auto_detect = false, header = false, skip = ${header.bodyLine - 1}, delim = ${quoteLiteral(dialect.delimiter)}, ${quote}, columns = {${names}}, nullstr = [${nulls}], strict_mode = true)`,
    countRows: () => countRows(file.path, dialect.quote, header.bodyLine - 1),
    rawText: "NULL",
    dialect: dialectOf(file, layout),
    warnings: [...warningsOf(file, layout), ...warnings],
  });
}

/** Rows by their line ends outside of quotes, blank lines left out: a second opinion on what DuckDB read. */
export async function countRows(path: string, quote: string, skip: number): Promise<number> {
  const quoteByte = quote === "" ? -1 : quote.charCodeAt(0);
  let rows = 0;
  let skipped = 0;
  let quoted = false;
  let filled = false;
  for await (const chunk of chunksOf(path)) {
    const { length } = chunk;
    for (let at = 0; at < length; at += 1) {
      const byte = chunk[at];
      if (byte === 10) {
        if (skipped < skip) {
          skipped += 1;
          filled = false;
        } else if (!quoted) {
          if (filled) rows += 1;
          filled = false;
        }
      } else if (byte === quoteByte) {
        if (skipped === skip) quoted = !quoted;
        filled = true;
      } else if (byte !== 13) filled = true;
    }
  }
  assert(rows >= 0, "rows are counted up");
  return filled && skipped === skip ? rows + 1 : rows;
}

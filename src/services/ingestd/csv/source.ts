// Delimited text as a source. A file up to 8 MiB, and any file that is not spotless, is read whole by our own
// parser, which gives every row its line, decides types by all values and writes a plain CSV for DuckDB. A
// large and tidy file is read by DuckDB alone: its types come from samples all over the file, every value is
// checked against them while it is written, and the number of rows against a count of our own. Whatever does
// not agree sends the file the careful way; the quick way never loads what the careful one would not.

import { quoteLiteral } from "#lib/sql-text";
import { Fault } from "#rpc/fault";
import type { Decoded } from "../decode/decode.ts";
import { diskFault, textOf } from "../decode/files.ts";
import { sampleOf } from "../decode/sample.ts";
import { misfitSql, strictSql, valueSql } from "../inference/column-sql.ts";
import { ColumnStats } from "../inference/column-stats.ts";
import { dayFirstOf, inferType, type Surroundings, typeAs, type Typing } from "../inference/infer.ts";
import { isInNullText, NULL_TEXTS } from "../inference/nulls.ts";
import { duckdbWord, refuseStrayTypes, wantedTypes } from "../inference/types.ts";
import type { CsvRecipe } from "../source/recipe.ts";
import { NUL_SIGN, RAW_CHARS_MAX } from "../source/reject-log.ts";
import type { Table } from "../source/shapes.ts";
import type { Source, SourceColumn, Wishes, Workplace } from "../source/source.ts";
import { countRows } from "./count-rows.ts";
import { type Guess, guessDialect, type Opinion, readDialect } from "./dialect.ts";
import { findHeader, type Header } from "./header.ts";
import { type Dialect, type Fit, type Row, RowScanner, rowsOf } from "./rows.ts";
import { WrittenRows } from "./written-rows.ts";

/** Up to here reading every value with our own parser costs less than anything could be gained. */
const CAREFUL_BYTES_MAX = 8 * 1024 * 1024;
/** So many short rows, and such a share of all, are a habit rather than damage. */
const RAGGED_ROWS_MIN = 3;
const RAGGED_SHARE_MIN = 0.1;
/** The share of values that must fit for the dataset's own type to be taken. */
const KNOWN_SHARE_MIN = 0.99;

interface Layout {
  readonly guess: Guess;
  /** The dialect was not known beforehand. */
  readonly guessed: boolean;
  readonly header: Header;
  readonly fit: Fit;
}

/** `known` is how a text is delimited that was written here, and leaves nothing to be guessed. */
export async function csvSource(
  file: Decoded,
  wishes: Wishes,
  work: Workplace,
  known?: Dialect,
): Promise<Source> {
  const [sample, opinion] = await Promise.all([
    sampleOf(file.path, file.bytes),
    known === undefined ? sniff(file.path, work) : undefined,
  ]);
  if (sample.head.trim() === "") throw new Fault("invalid", "The file is empty: there is nothing to load.");
  const guess =
    known === undefined
      ? guessDialect(sample.head, sample.whole, opinion)
      : readDialect(known, sample.head, sample.whole);
  const header = findHeader(
    guess.rows,
    guess.width,
    wishes.known.map(({ name }) => name),
  );
  const layout: Layout = { guess, guessed: known === undefined, header, fit: fitOf(guess, header) };
  const tidy = !wishes.careful && file.bytes > CAREFUL_BYTES_MAX && !file.hasNul && isTidy(layout);
  return tidy
    ? quickSource(file, layout, sample.blocks, wishes, work)
    : carefulSource(file, layout, wishes, work);
}

/** Rows that DuckDB sniffs: a tenth of its default costs a third, and this is one opinion among others. */
const SNIFFED_ROWS = 2048;

/** DuckDB's own opinion; none where it has none. */
async function sniff(path: string, { db }: Workplace): Promise<Opinion | undefined> {
  try {
    const [row] = await db.rows(
      `SELECT Delimiter AS delimiter, Quote AS quote FROM sniff_csv(${quoteLiteral(path)}, sample_size = ${SNIFFED_ROWS})`,
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
  if (isInNullText(dialect.delimiter)) return false;
  return rows.every((row) => row.line < header.bodyLine || (row.flawed !== true && row.reason === undefined));
}

function typings(
  stats: readonly ColumnStats[],
  names: readonly string[],
  delimiter: string,
  wishes: Wishes,
): { typing: Typing; name: string; unwanted: boolean }[] {
  const around: Surroundings = { semicolons: delimiter === ";", dayFirst: dayFirstOf(stats) };
  const known = new Map(wishes.known.map((column) => [column.name.toLowerCase(), column]));
  const types = wantedTypes(wishes.types);
  const out = stats.map((column, index) => {
    const written = names[index] ?? `column_${index + 1}`;
    const existing = known.get(written.toLowerCase());
    const name = existing?.name ?? written;
    const wanted = types.get(name.toLowerCase());
    const unwanted = wishes.quarantine && wishes.known.length > 0 && existing === undefined;
    if (wanted !== undefined) return { name, unwanted, typing: typeAs(column, wanted, around).typing };
    const held = existing === undefined ? undefined : duckdbWord(existing.type);
    if (held !== undefined) {
      const { typing, share } = typeAs(column, held, around);
      if (wishes.quarantine || share >= KNOWN_SHARE_MIN) return { name, unwanted, typing };
    }
    return { name, unwanted, typing: inferType(column, around, name) };
  });
  refuseStrayTypes(
    types,
    out.map(({ name }) => name),
  );
  return out;
}

function sourceColumns(
  stats: readonly ColumnStats[],
  { guess, header }: Layout,
  wishes: Wishes,
): { columns: SourceColumn[]; warnings: string[] } {
  return typedColumns(stats, header.names, guess.dialect.delimiter, wishes);
}

function typedColumns(
  stats: readonly ColumnStats[],
  names: readonly string[],
  delimiter: string,
  wishes: Wishes,
): { columns: SourceColumn[]; warnings: string[] } {
  const found = typings(stats, names, delimiter, wishes);
  const columns = found.map(({ typing, name, unwanted }, index) => {
    const raw = `c${index}`;
    return {
      name,
      type: typing.type,
      value: valueSql(typing, raw),
      raw,
      misfit: misfitSql(typing, raw),
      strict: strictSql(typing, raw),
      confidence: typing.confidence,
      samples: typing.samples,
      ...(unwanted ? { unwanted } : {}),
    };
  });
  return { columns, warnings: found.flatMap(({ typing }) => typing.warning ?? []) };
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

function warningsOf(file: Decoded, { guess, guessed, header }: Layout): string[] {
  const seen = guess.rows.length;
  const few =
    guessed && guess.width > 1 && seen < 4
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
  const written = await WrittenRows.open(fit.width, guess.dialect, work, file.hasNul);
  const scanner = new RowScanner(guess.dialect, fit, header.bodyLine);
  let bytes = 0;
  try {
    for await (const text of textOf(file.path)) {
      bytes = Math.min(bytes + text.length, file.bytes);
      await written.take(scanner.push(text));
      work.onProgress(written.rows, bytes, file.bytes);
    }
    await written.take(scanner.finish());
    await written.end();
  } catch (error) {
    throw diskFault(error) ?? error;
  }
  const { stats, rows, flawed, filled } = written;
  const { columns, warnings } = sourceColumns(stats, layout, wishes);
  const odd = flawed === 0 ? [] : [`${flawed} rows have a quote in an odd place and were read all the same.`];
  if (filled > 0) odd.push(`${filled} rows leave out their last cells, which became NULL.`);
  return {
    format: "csv",
    columns,
    from: written.table(),
    rowsIn: rows,
    rawText: async function* () {
      const again = new RowScanner(guess.dialect, fit, header.bodyLine);
      for await (const text of textOf(file.path)) yield* again.push(text);
      yield* again.finish();
    },
    dialect: dialectOf(file, layout),
    recipe: () => ({
      format: "csv",
      dialect: { ...guess.dialect },
      ragged: fit.ragged,
      columns: stats.map((column, index) => {
        const { counts, nothing, spaced } = column.told();
        return {
          name: columns[index]?.name ?? "",
          counts: counts.map(([words, count]) => [[...words], count]),
          nothing: [...nothing],
          spaced,
        };
      }),
    }),
    warnings: [...warningsOf(file, layout), ...odd, ...warnings],
  };
}

/** Rejected rows once more, each by itself: `line` is its place among them, from 1. */
export async function rejectedCsvSource(
  raws: () => AsyncGenerator<string>,
  { dialect, ragged, columns: kept }: CsvRecipe,
  wishes: Wishes,
  work: Workplace,
): Promise<Source> {
  const fit: Fit = { width: kept.length, ragged, returns: true };
  const written = await WrittenRows.open(fit.width, dialect, work, true);
  kept.forEach((column, index) => written.stats[index]?.seen(column));
  const rowOf = (raw: string, line: number): Row => {
    if (raw.length > RAW_CHARS_MAX || raw.includes(NUL_SIGN))
      return { cells: [], line, raw, reason: "its text was not kept as it was" };
    const rows = rowsOf(raw, dialect, fit);
    const [row] = rows;
    return row !== undefined && rows.length === 1
      ? { ...row, line, raw }
      : { cells: [], line, raw, reason: `it holds ${rows.length} rows` };
  };
  try {
    let line = 0;
    for await (const raw of raws()) await written.take([rowOf(raw, (line += 1))]);
    await written.end();
  } catch (error) {
    throw diskFault(error) ?? error;
  }
  const { columns, warnings } = typedColumns(
    written.stats,
    kept.map(({ name }) => name),
    dialect.delimiter,
    wishes,
  );
  return {
    format: "csv",
    columns,
    from: written.table(),
    rowsIn: written.rows,
    rawText: async function* () {
      let line = 0;
      for await (const raw of raws()) yield { line: (line += 1), raw };
    },
    warnings,
  };
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

// Delimited text read whole by our own parser, which gives every row its line and decides types by all values; and
// rejected lines read once more in the same way.

import type { Decoded } from "../decode/decode.ts";
import { diskFault, textOf } from "../decode/files.ts";
import type { CsvRecipe } from "../source/recipe.ts";
import { NUL_SIGN, RAW_CHARS_MAX } from "../source/reject-log.ts";
import type { RawRow, Source, Wishes, Workplace } from "../source/source.ts";
import { outsideMarks, typedColumns } from "./columns.ts";
import { dialectOf, keptTexts, type Layout, warningsOf } from "./layout.ts";
import { csvRecipe } from "./recipe.ts";
import { type Fit, type Row, RowScanner, rowsOf } from "./rows.ts";
import { settleBelow, settleNotes } from "./notes.ts";
import { settleTotals } from "./totals.ts";
import { placeOf, WrittenRows } from "./written-rows.ts";

export async function carefulSource(
  file: Decoded,
  layout: Layout,
  wishes: Wishes,
  work: Workplace,
): Promise<Source> {
  const { guess, header, fit } = layout;
  const { dialect } = guess;
  const written = await WrittenRows.open(
    {
      width: fit.width,
      dialect,
      header: header.cells,
      texts: keptTexts(header.names, wishes),
      hasNul: file.hasNul,
    },
    work,
  );
  const scanner = new RowScanner(dialect, fit, header.bodyLine);
  const totals: string[] = [];
  let bytes = 0;
  try {
    for (const row of header.rejected) await written.reject(row, row.reason ?? "above the table");
    for await (const text of textOf(file.path)) {
      bytes = Math.min(bytes + text.length, file.bytes);
      for (const rows of scanner.push(text)) await written.take(rows);
      work.onProgress(written.rows, bytes, file.bytes);
    }
    for (const rows of scanner.finish()) await written.take(rows);
    totals.push(...(await settleTotals(written, header.names, dialect.delimiter, wishes, work)));
    await settleNotes(written, header.names, dialect.delimiter, wishes);
    await settleBelow(written, header.names, dialect.delimiter, wishes);
    await settleNotes(written, header.names, dialect.delimiter, wishes);
    await written.end();
  } catch (error) {
    throw diskFault(error) ?? error;
  }
  const { stats, rows, flawed, filled, hasDoubtful, passedOver } = written;
  const { columns, warnings, certain } = typedColumns(stats, header.names, dialect.delimiter, wishes, {
    doubtful: hasDoubtful,
    sampled: false,
  });
  // What delimiters at the end of every line make, without a name and without a value, is no new column of a dataset.
  const known = new Set(wishes.known.map(({ name }) => name.toLowerCase()));
  const edges = outsideMarks(dialect.delimiter, header.cells, (column) => written.hasValues(column));
  const named = (index: number): boolean =>
    (known.size === 0 && !edges.has(index)) ||
    header.cells.length === 0 ||
    (header.cells[index] ?? "").trim() !== "" ||
    written.hasValues(index) ||
    known.has((header.names[index] ?? "").toLowerCase());
  const kept = columns.filter((_, index) => named(index));
  const odd = flawed === 0 ? [] : [`${flawed} rows have a quote in an odd place and were read all the same.`];
  if (filled > 0) odd.push(`${filled} rows leave out their last cells, which became NULL.`);
  if (written.guarded > 0)
    odd.push(
      `${written.guarded} rows have cells such as ="00123", which spreadsheets take for text: what stands between the quotes was taken.`,
    );
  if (written.nulRows > 0)
    odd.push(`${written.nulRows} rows hold a NUL character, which is shown as ${NUL_SIGN}.`);
  if (rows === 0)
    odd.push(
      "The file has a header and no rows: where the dataset has no column of that name, its type is VARCHAR.",
    );
  return {
    format: "csv",
    columns: kept,
    from: written.table(),
    rowsIn: rows,
    certain,
    rawText: async function* () {
      const again = new RowScanner(dialect, fit, header.bodyLine);
      for await (const text of textOf(file.path))
        for (const rows of again.push(text)) yield* rows.map(rawRow);
      for (const rows of again.finish()) yield* rows.map(rawRow);
    },
    dialect: dialectOf(file, layout, passedOver.words()),
    recipe: () =>
      csvRecipe(
        dialect,
        fit,
        wishes.today,
        stats.map((column, index) => ({
          name: named(index) ? (columns[index]?.name ?? "") : "",
          stats: column,
        })),
      ),
    warnings: [...warningsOf(file, layout), ...odd, ...totals, ...warnings],
  };
}

function rawRow(row: Pick<Row, "line" | "part" | "raw">): RawRow {
  return { place: placeOf(row), raw: row.raw };
}

/** Rejected rows once more, each by itself: `line` is its place among them, from 1. */
export async function rejectedCsvSource(
  raws: () => AsyncGenerator<string>,
  { dialect, ragged, shortest, today, columns: kept }: CsvRecipe,
  wishes: Wishes,
  work: Workplace,
): Promise<Source> {
  const fit: Fit = {
    width: kept.length,
    ragged,
    returns: true,
    ...(shortest === undefined ? {} : { shortest }),
  };
  const names = kept.map(({ name }) => name);
  const asThen = { ...wishes, today: today ?? wishes.today };
  const written = await WrittenRows.open(
    { width: fit.width, dialect, header: [], texts: keptTexts(names, wishes), hasNul: true },
    work,
  );
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
    for (const row of written.totals) await written.reject(row, "it is a totals row");
    for (const row of written.bareTotals) written.add(row);
    written.release();
    for (const row of written.takeNotes()) written.add(row);
    await written.end();
  } catch (error) {
    throw diskFault(error) ?? error;
  }
  const stats = written.stats.map((column, index) => {
    const then = kept[index];
    return then === undefined ? column : column.restore(then);
  });
  const { columns, warnings } = typedColumns(stats, names, dialect.delimiter, asThen);
  return {
    format: "csv",
    columns: columns.filter((_, index) => names[index] !== ""),
    from: written.table(),
    rowsIn: written.rows,
    rawText: async function* () {
      let line = 0;
      for await (const raw of raws()) yield rawRow({ line: (line += 1), raw });
    },
    warnings,
  };
}

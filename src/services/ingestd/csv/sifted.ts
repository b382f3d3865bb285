// Large and tidy delimited text of which some values do not fit. DuckDB reads it and names the rows that the quick way
// would stop at; only those are read by our parser, with their lines, and go the way of every row there. The types must
// be the ones that the samples said, also with the odd values beside them. Whatever else is found sends the file
// the careful way: nothing is loaded or rejected here that would not be there.

import type { Duckdb } from "#adapters/duckdb";
import { DuckdbError } from "#adapters/duckdb";
import type { Decoded } from "../decode/decode.ts";
import { diskFault } from "../decode/files.ts";
import { ColumnStats } from "../inference/column-stats.ts";
import type { Typing } from "../inference/infer.ts";
import { bitsOf } from "../inference/kinds.ts";
import { MARKS } from "../inference/looks.ts";
import { isNull } from "../inference/nulls.ts";
import { LINES_MAX } from "../source/passed-over.ts";
import type { Source, Wishes, Workplace } from "../source/source.ts";
import { outsideMarks, typedColumns } from "./columns.ts";
import { countRows, rowsAt } from "./count-rows.ts";
import { dialectOf, type Layout, warningsOf } from "./layout.ts";
import {
  isDrawnLine,
  isEmptyRow,
  isHeaderAgain,
  isLastLine,
  mayBeBareTotals,
  mayBeNote,
  mayBeTotals,
} from "./odd-rows.ts";
import type { TidyTable } from "./quick.ts";
import { csvRecipe } from "./recipe.ts";
import type { Row } from "./rows.ts";
import { placeOf, WrittenRows } from "./written-rows.ts";

/** Odd rows that are held at once; of a column in which one value in a hundred does not fit, the type is in doubt. */
const ROWS_MAX = 50_000;
const SHARE_MAX = 0.01;

/** Undefined when only the careful way can tell. */
export async function siftedSource(
  file: Decoded,
  layout: Layout,
  table: TidyTable,
  wishes: Wishes,
  work: Workplace,
): Promise<Source | undefined> {
  const { header, fit } = layout;
  const { dialect } = layout.guess;
  // What few values decide, a mark among whole numbers, others may decide that no sample saw.
  const usual = typedColumns(
    table.stats.map((column) => column.frequent(SHARE_MAX)),
    header.names,
    dialect.delimiter,
    wishes,
  );
  if (!table.typings.every((typing, index) => isSame(typing, usual.typings[index]))) return undefined;
  const found = await sift(file, layout, table, work);
  if (found === undefined) return undefined;
  const { rows, total, isOdd } = found;
  const data = dataAmong(rows, header.cells);
  if (data === undefined) return undefined;
  const factor = (total - rows.length) / table.sampled;
  const odd = table.stats.map((_, index) => statsOf(data, index));
  const stats = table.stats.map((sampled, index) =>
    together(sampled, table.typings[index], factor, odd[index]),
  );
  const { columns, typings, warnings } = typedColumns(stats, header.names, dialect.delimiter, wishes, {
    doubtful: false,
    sampled: true,
  });
  if (!table.typings.every((typing, index) => isSame(typing, typings[index]))) return undefined;
  const written = await WrittenRows.open(
    { width: fit.width, dialect, header: header.cells, texts: table.texts, hasNul: false },
    work,
  );
  try {
    await written.take(rows);
    written.release();
    await written.end();
  } catch (error) {
    throw diskFault(error) ?? error;
  }
  const { passedOver } = written;
  const edges = outsideMarks(
    dialect.delimiter,
    header.cells,
    (column) => !table.edges.has(column) || (odd[column]?.values ?? 0) > 0,
  );
  return {
    format: "csv",
    columns: columns.filter((_, index) => !edges.has(index)),
    from: table.from,
    rowsIn: total - passedOver.lines,
    sifted: {
      isOdd,
      from: written.table(),
      misfits: new Map(columns.map(({ name }, index) => [name, misfitsIn(odd[index], table.typings[index])])),
    },
    rawText: async function* () {
      yield* rows.map((row) => ({ place: placeOf(row), raw: row.raw }));
    },
    dialect: dialectOf(file, layout, passedOver.words()),
    recipe: () =>
      csvRecipe(
        dialect,
        fit,
        wishes.today,
        columns.map(({ name }, index) => ({
          name: edges.has(index) ? "" : name,
          stats: stats[index] ?? new ColumnStats(),
        })),
      ),
    warnings: [...warningsOf(file, layout), ...warnings],
  };
}

interface OddRows {
  readonly rows: readonly Row[];
  /** Of the file. */
  readonly total: number;
  /** What makes a row odd, in SQL. */
  readonly isOdd: string;
}

/** The odd rows, read by both; undefined when they do not agree, or when there are none or too many. */
async function sift(
  file: Decoded,
  { guess: { dialect }, header, fit }: Layout,
  table: TidyTable,
  work: Workplace,
): Promise<OddRows | undefined> {
  const ended = new AbortController();
  const [counting, naming] = await Promise.allSettled([
    countRows(file.path, dialect, fit, header.bodyLine - 1, {
      signal: ended.signal,
      onProgress: (rows, bytes) => work.onProgress(rows, bytes, file.bytes),
    }),
    oddRows(work.db, table).then(
      (named) => {
        if (named === undefined) ended.abort();
        return named;
      },
      (error: unknown) => {
        ended.abort();
        throw error;
      },
    ),
  ]);
  if (counting.status === "rejected") throw diskFault(counting.reason) ?? counting.reason;
  if (naming.status === "rejected") throw naming.reason;
  const [counted, named] = [counting.value, naming.value];
  if (counted === undefined || named === undefined || named.numbers.length === 0) return undefined;
  if (named.numbers.length > counted.rows * SHARE_MAX) return undefined;
  const rows = await rowsAt(file.path, counted, named.numbers, dialect, fit);
  if (rows === undefined || !rows.every((row, index) => isAlike(row, named.cells[index] ?? [], table.texts)))
    return undefined;
  return { rows, total: counted.rows, isOdd: named.isOdd };
}

interface NamedRows {
  /** Counted from 1, ascending. */
  readonly numbers: readonly number[];
  /** As DuckDB read them. */
  readonly cells: readonly (readonly (string | null)[])[];
  /** Those of the conditions that held for some row. */
  readonly isOdd: string;
}

/** The rows that the quick way would stop at, as DuckDB reads them; undefined for too many, or when it does not read all. */
async function oddRows(db: Duckdb, { columns, from, odd }: TidyTable): Promise<NamedRows | undefined> {
  const conditions = [odd, ...columns.map(({ misfit }) => misfit).filter((misfit) => misfit !== "false")];
  const which = `CASE ${conditions.map((condition, index) => `WHEN ${condition} THEN ${index}`).join(" ")} END`;
  const cells = columns.map((_, index) => `c${index}`);
  const numbered = `SELECT row_number() OVER () AS n, * FROM ${from}`;
  const sql = `SELECT * FROM (SELECT n, ${which} AS which, ${cells.join(", ")} FROM (${numbered})) WHERE which IS NOT NULL`;
  const found: { numbers: number[]; cells: (string | null)[][] } = { numbers: [], cells: [] };
  const held = new Set<number>();
  try {
    const rows = await db.stream(sql);
    for (let chunk = await rows.next(); chunk !== null; chunk = await rows.next()) {
      const before = found.numbers.length;
      chunk.each(0, (n) => found.numbers.push(Number(n)));
      if (found.numbers.length > ROWS_MAX) return undefined;
      chunk.each(1, (index) => held.add(Number(index)));
      for (let row = 0; row < chunk.rows; row += 1) found.cells.push([]);
      for (let column = 0; column < cells.length; column += 1)
        chunk.each(column + 2, (value, row) =>
          found.cells[before + row]?.push(value === null ? null : String(value)),
        );
    }
  } catch (error) {
    // Some row is not as wide as the others, some quote is never closed.
    if (error instanceof DuckdbError && !["Out of Memory", "IO"].includes(error.kind)) return undefined;
    throw error;
  }
  const isOdd = [...held].map((index) => `(${conditions[index]})`).join(" OR ");
  return { ...found, isOdd };
}

/** Whether our parser read a row without repairs, and in it what DuckDB did. */
function isAlike(
  { cells, reason, flawed, filled, cut }: Row,
  theirs: readonly (string | null)[],
  texts: ReadonlySet<number>,
): boolean {
  if (reason !== undefined || flawed === true || filled === true || cut !== undefined) return false;
  return (
    cells.length === theirs.length &&
    cells.every((cell, index) => {
      const nothing = texts.has(index) ? cell === "" : isNull(cell);
      return theirs[index] === (nothing ? null : cell);
    })
  );
}

/**
 * The rows of data; undefined where the others, or whether a row is one of them, depend on rows that were not read:
 * totals, notes, more lines to pass over than any file may have.
 */
function dataAmong(rows: readonly Row[], header: readonly string[]): readonly Row[] | undefined {
  const data: Row[] = [];
  let passedOver = 0;
  for (const row of rows) {
    if (isDrawnLine(row.raw) || isLastLine(row.raw)) passedOver += 1;
    else if (isHeaderAgain(row.cells, header)) continue;
    else if (isEmptyRow(row.cells)) passedOver += 1;
    else if (mayBeTotals(row.cells) || mayBeBareTotals(row.cells) || mayBeNote(row.cells)) return undefined;
    else data.push(row);
  }
  return passedOver < LINES_MAX ? data : undefined;
}

function statsOf(rows: readonly Row[], column: number): ColumnStats {
  const stats = new ColumnStats();
  for (const { cells, line } of rows) stats.add(cells[column] ?? "", line);
  return stats;
}

/** What all rows of the file are for a column: those that fit are like those of the samples. */
function together(
  sampled: ColumnStats,
  typing: Typing | undefined,
  factor: number,
  odd: ColumnStats | undefined,
): ColumnStats {
  const all = new ColumnStats();
  const kinds = typing?.kinds ?? [];
  all.include(kinds.length === 0 ? sampled : sampled.times(factor, bitsOf(kinds.map(({ name }) => name))));
  if (odd !== undefined) all.include(odd);
  return all;
}

/** Whether two readings of a column give the same values. Where the samples have none, only the odd rows have any. */
function isSame(sampled: Typing, all: Typing | undefined): boolean {
  if (sampled.empty) return true;
  if (all === undefined || all.type !== sampled.type || all.latest !== sampled.latest) return false;
  return (
    all.kinds.length === sampled.kinds.length &&
    all.kinds.every((kind, index) => {
      const other = sampled.kinds[index];
      return kind.name === other?.name && kind.type === other.type && kind.pattern === other.pattern;
    })
  );
}

/** How many values of the odd rows do not look like the others. */
function misfitsIn(odd: ColumnStats | undefined, sampled: Typing | undefined): number {
  if (odd === undefined || sampled === undefined || sampled.kinds.length === 0) return 0;
  return odd.values - odd.marked(MARKS.nothing) - odd.having(bitsOf(sampled.kinds.map(({ name }) => name)));
}

// Large and tidy delimited text, read by DuckDB alone: types come from samples all over the file, every value is checked
// against them while it is written, and the number of rows against a count of our own. It may only give up; it never
// loads what the careful way would not.

import { quoteLiteral } from "#lib/sql-text";
import type { Decoded } from "../decode/decode.ts";
import { ColumnStats } from "../inference/column-stats.ts";
import type { Source, Wishes } from "../source/source.ts";
import { outsideMarks, typedColumns, type TypedColumns } from "./columns.ts";
import { countRows } from "./count-rows.ts";
import { dialectOf, keptTexts, type Layout, warningsOf } from "./layout.ts";
import {
  isDrawnLine,
  isEmptyRow,
  isHeaderAgain,
  isLastLine,
  mayBeBareTotals,
  mayBeBelow,
  mayBeTotals,
} from "./odd-rows.ts";
import { linesOf, type Row, rowsOf } from "./rows.ts";
import { nullTexts, selectCsv } from "./written-rows.ts";

/** A file as DuckDB reads it, and what its samples say of its columns. */
export interface TidyTable extends TypedColumns {
  readonly stats: readonly ColumnStats[];
  /** Rows of the samples. */
  readonly sampled: number;
  /** What stands after FROM. */
  readonly from: string;
  /** Columns, by index, that keep the words that mean NULL elsewhere. */
  readonly texts: ReadonlySet<number>;
  /** Columns, by index, outside the table, by its samples. */
  readonly edges: ReadonlySet<number>;
  /** What may be no row, in SQL. */
  readonly odd: string;
}

/** Undefined when a sample shows that the careful way is needed. */
export function tidyTable(
  file: Decoded,
  layout: Layout,
  blocks: readonly string[],
  wishes: Wishes,
): TidyTable | undefined {
  const { guess, header, fit } = layout;
  const { dialect } = guess;
  // A column without a name is new only if some row has a value in it.
  if (wishes.known.length > 0 && header.cells.some((cell) => cell.trim() === "")) return undefined;
  const stats = Array.from({ length: fit.width }, () => new ColumnStats());
  let sampled = 0;
  for (const [index, block] of blocks.entries()) {
    // Only the first block starts where a row does; the others may begin inside a quoted cell.
    const rows = rowsOf(block, dialect, fit, index === 0 ? header.bodyLine : 1);
    for (const row of rows) {
      if (isDrawnLine(row.raw) || isLastLine(row.raw)) return undefined;
      if (row.reason !== undefined || row.flawed === true) {
        if (index === 0) return undefined;
        continue;
      }
      if (row.guarded === true) return undefined;
      const { cells } = row;
      if (isEmptyRow(cells) || isHeaderAgain(cells, header.cells) || mayBeTotals(cells)) return undefined;
      if (index === blocks.length - 1 && row === rows.at(-1) && mayBeLast(rows)) return undefined;
      sampled += 1;
      for (const [column, cell] of cells.entries()) stats[column]?.add(cell);
    }
  }
  const texts = keptTexts(header.names, wishes);
  const typed = typedColumns(stats, header.names, dialect.delimiter, wishes, {
    doubtful: true,
    sampled: true,
  });
  // What a quarantine does not take is rejected row by row.
  if (typed.columns.some(({ unwanted }) => unwanted === true)) return undefined;
  const names = typed.columns.map((_, index) => `'c${index}': 'VARCHAR'`).join(", ");
  const quote = dialect.quote === "" ? "quote = '', escape = ''" : `quote = '"', escape = '"'`;
  const from = `read_csv(${quoteLiteral(file.path)}, auto_detect = false, header = false, skip = ${header.bodyLine - 1}, delim = ${quoteLiteral(dialect.delimiter)}, ${quote}, columns = {${names}}, nullstr = [${nullTexts(texts)}], strict_mode = true)`;
  const edges = outsideMarks(dialect.delimiter, header.cells, (column) => (stats[column]?.values ?? 0) > 0);
  return {
    ...typed,
    stats,
    sampled,
    from: selectCsv(from, fit.width, texts, []),
    texts,
    edges,
    odd: oddSql(fit.width, header.cells, edges),
  };
}

/** Whether the last row may be no row of the table: totals, or a note below it. */
function mayBeLast(rows: readonly Row[]): boolean {
  const cells = rows.at(-1)?.cells ?? [];
  const isApart = (): boolean =>
    rows.some((row, index) => row.line + linesOf(row) < (rows[index + 1]?.line ?? 0));
  return mayBeBareTotals(cells) || mayBeBelow(cells, isApart);
}

export function quickSource(file: Decoded, layout: Layout, table: TidyTable): Source {
  const { guess, header, fit } = layout;
  return {
    format: "csv",
    // The first column refuses what may be no row.
    columns: table.columns
      .filter((_, index) => !table.edges.has(index))
      .map((column, index) =>
        index > 0
          ? column
          : {
              ...column,
              strict: `CASE WHEN ${table.odd} THEN error('misfit') ELSE ${column.strict ?? column.value} END`,
            },
      ),
    from: table.from,
    countRows: async (signal) =>
      (await countRows(file.path, guess.dialect, fit, header.bodyLine - 1, { signal }))?.rows,
    rawText: "NULL",
    dialect: dialectOf(file, layout, []),
    warnings: [...warningsOf(file, layout), ...table.warnings],
  };
}

const NOT_ALPHANUMERIC = "c0 < '0' OR (c0 >= ':' AND c0 < 'A') OR (c0 >= '[' AND c0 < 'a') OR c0 >= '{'";

/**
 * What may be no row: one without a value, the header once more, a mark of a joined file, a drawn line; and a row with a
 * value outside the table.
 */
function oddSql(width: number, header: readonly string[], edges: ReadonlySet<number>): string {
  const columns = Array.from({ length: width }, (_, index) => `c${index}`);
  const empty = columns.map((name) => `${name} IS NULL`).join(" AND ");
  const again = columns.map((name, index) => `${name} = ${quoteLiteral(header[index] ?? "")}`).join(" AND ");
  return [
    `(${empty})`,
    ...(header.length === width ? [`(${again})`] : []),
    ...Array.from(edges, (column) => `(c${column} IS NOT NULL)`),
    // Comparing costs nearly nothing, and most rows begin with a digit or a letter.
    `((${NOT_ALPHANUMERIC}) AND (starts_with(c0, chr(65279)) OR substr(c0, 1, 3) IN ('---', '===', '___', '***', '~~~', '+--', '+==')))`,
  ].join(" OR ");
}

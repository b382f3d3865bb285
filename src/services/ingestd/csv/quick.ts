// Large and tidy delimited text, read by DuckDB alone: types come from samples all over the file, every value is checked
// against them while it is written, and the number of rows against a count of our own. It may only give up; it never
// loads what the careful way would not.

import { quoteLiteral } from "#lib/sql-text";
import type { Decoded } from "../decode/decode.ts";
import { ColumnStats } from "../inference/column-stats.ts";
import type { Source, SourceColumn, Wishes } from "../source/source.ts";
import { typedColumns } from "./columns.ts";
import { countRows } from "./count-rows.ts";
import { dialectOf, keptTexts, type Layout, warningsOf } from "./layout.ts";
import { isDrawnLine, isEmptyRow, isHeaderAgain, isLastLine, mayBeTotals } from "./odd-rows.ts";
import { rowsOf } from "./rows.ts";
import { nullTexts, selectCsv } from "./written-rows.ts";

/** Undefined when a sample shows that the careful way is needed. */
export function quickSource(
  file: Decoded,
  layout: Layout,
  blocks: readonly string[],
  wishes: Wishes,
): Source | undefined {
  const { guess, header, fit } = layout;
  const { dialect } = guess;
  const stats = Array.from({ length: fit.width }, () => new ColumnStats());
  for (const [index, block] of blocks.entries()) {
    // Only the first block starts where a row does; the others may begin inside a quoted cell.
    const rows = rowsOf(block, dialect, fit, index === 0 ? header.bodyLine : 1);
    for (const row of rows) {
      if (isDrawnLine(row.raw) || isLastLine(row.raw)) return undefined;
      if (row.reason !== undefined || row.flawed === true) {
        if (index === 0) return undefined;
        continue;
      }
      const { cells } = row;
      if (isEmptyRow(cells) || isHeaderAgain(cells, header.cells) || mayBeTotals(cells)) return undefined;
      for (const [column, cell] of cells.entries()) stats[column]?.add(cell);
    }
  }
  const texts = keptTexts(header.names, wishes);
  const { columns, warnings } = typedColumns(stats, header.names, dialect.delimiter, wishes, {
    doubtful: false,
    sampled: true,
  });
  const names = columns.map((_, index) => `'c${index}': 'VARCHAR'`).join(", ");
  const quote = dialect.quote === "" ? "quote = '', escape = ''" : `quote = '"', escape = '"'`;
  const from = `read_csv(${quoteLiteral(file.path)}, auto_detect = false, header = false, skip = ${header.bodyLine - 1}, delim = ${quoteLiteral(dialect.delimiter)}, ${quote}, columns = {${names}}, nullstr = [${nullTexts(texts)}], strict_mode = true)`;
  return {
    format: "csv",
    columns: guarded(columns, header.cells),
    from: selectCsv(from, fit.width, texts, []),
    countRows: () => countRows(file.path, dialect, fit, header.bodyLine - 1),
    rawText: "NULL",
    dialect: dialectOf(file, layout, []),
    warnings: [...warningsOf(file, layout), ...warnings],
  };
}

/** The first column refuses what may be no row: one without a value, the header once more, a mark of a joined file, a drawn line. */
function guarded(columns: readonly SourceColumn[], header: readonly string[]): SourceColumn[] {
  const empty = columns.map(({ raw }) => `${raw} IS NULL`).join(" AND ");
  const again = columns
    .map(({ raw }, index) => `${raw} = ${quoteLiteral(header[index] ?? "")}`)
    .join(" AND ");
  const odd = [
    `(${empty})`,
    ...(header.length === columns.length ? [`(${again})`] : []),
    "starts_with(c0, chr(65279))",
    "substr(c0, 1, 3) IN ('---', '===', '___', '***', '~~~', '+--', '+==')",
  ];
  return columns.map((column, index) =>
    index > 0
      ? column
      : {
          ...column,
          strict: `CASE WHEN ${odd.join(" OR ")} THEN error('misfit') ELSE ${column.strict ?? column.value} END`,
        },
  );
}

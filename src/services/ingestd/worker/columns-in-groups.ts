// Wide files, some columns at a time, and small ones. DuckDB sets vectors aside for every step of every column's check before it sees a
// row, and plans all of them together: a thousand columns in one statement need gigabytes and a minute, however small the
// file is. Here each group of columns becomes a temporary table of values, checked by a statement of its own, and
// the tables stand side by side for whatever follows. Of a small file that is not known to be clean, planning the checks is
// what costs, and here they are planned once.

import type { Duckdb } from "#adapters/duckdb";
import type { Source, SourceColumn } from "../source/source.ts";

/** From here on a file is wide, and one statement checks so many columns of it. */
const WIDE_COLUMNS = 128;
const COLUMNS_AT_ONCE = 64;
/** Enough of a value that does not fit to know it again. */
const RAW_CHARS_MAX = 100;

/** A temporary table of so many rows is nothing. */
const SMALL_ROWS_MAX = 10_000;

export const isWide = ({ columns }: Source): boolean => columns.length > WIDE_COLUMNS;
export const isSmall = ({ rowsIn }: Source): boolean => rowsIn !== undefined && rowsIn <= SMALL_ROWS_MAX;

const tableName = (group: number): string => `checked_${group}`;

/** The same rows with the values in columns of their own; `drop` takes the tables away. */
export async function columnsInGroups(
  db: Duckdb,
  source: Source,
): Promise<{ source: Source; drop: () => Promise<void> }> {
  const { rawText } = source;
  // No column of a file has such a name.
  const own = `value_${crypto.randomUUID().replaceAll("-", "")}_`;
  const groups = Math.ceil(source.columns.length / COLUMNS_AT_ONCE);
  const drop = async (): Promise<void> => {
    for (let group = 0; group < groups; group += 1) await db.run(`DROP TABLE IF EXISTS ${tableName(group)}`);
  };
  try {
    for (let group = 0; group < groups; group += 1) {
      const from = group * COLUMNS_AT_ONCE;
      const columns = source.columns.slice(from, from + COLUMNS_AT_ONCE);
      const values = columns.map(({ value }, at) => `${value} AS ${own}${from + at}`);
      const checked = columns.flatMap((column, at) => {
        const place = from + at;
        const fits = column.misfit === "false" ? [] : [`${misfitBy(column, `${own}${place}`)} AS m${place}`];
        return [`${own}${place} AS v${place}`, `left(${column.raw}, ${RAW_CHARS_MAX}) AS r${place}`, ...fits];
      });
      const rest =
        group > 0 ? [] : ["line", typeof rawText === "string" ? `${rawText} AS raw_text` : "place"];
      await db.run(
        `CREATE OR REPLACE TEMP TABLE ${tableName(group)} AS SELECT ${[...rest, ...checked].join(", ")} FROM (SELECT *, ${values.join(", ")} FROM ${source.from})`,
      );
    }
  } catch (error) {
    await drop();
    throw error;
  }
  const tables = Array.from({ length: groups }, (_, group) => tableName(group));
  const columns = source.columns.map((column, at): SourceColumn => ({
    ...column,
    value: `v${at}`,
    raw: `r${at}`,
    misfit: column.misfit === "false" ? "false" : `m${at}`,
  }));
  return {
    source: {
      ...source,
      columns,
      from: `(SELECT * FROM ${tables.join(" POSITIONAL JOIN ")})`,
      rawText: typeof rawText === "string" ? "raw_text" : rawText,
    },
    drop,
  };
}

/** Whether a value does not fit, by the column that holds it: to plan and compute it once more costs as much as the first time. */
function misfitBy({ value, misfit }: SourceColumn, name: string): string {
  return `coalesce(${misfit.replaceAll(`${value} IS NULL`, `${name} IS NULL`)}, false)`;
}

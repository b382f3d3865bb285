// The table of rows that did not fit a dataset, beside it under its name with `$rejects`. It is made by the first
// load that rejects a row; until then it reads as a table without rows.

/** Its columns, with DuckDB's types. */
export const REJECT_COLUMNS = [
  { name: "line", type: "BIGINT" },
  { name: "reason", type: "VARCHAR" },
  { name: "column", type: "VARCHAR" },
  { name: "raw", type: "VARCHAR" },
  { name: "source", type: "VARCHAR" },
  { name: "ingest_id", type: "VARCHAR" },
] as const;

/** The dataset whose rejected rows a table of this name holds; undefined for any other table. */
export function rejectsOf(table: string): string | undefined {
  return table.endsWith("$rejects") ? table.slice(0, -"$rejects".length) : undefined;
}

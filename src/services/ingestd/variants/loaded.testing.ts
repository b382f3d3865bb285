// What a source would load: its columns, the rows that fit as texts, and how many do not.

import type { Duckdb } from "#adapters/duckdb";
import type { RejectLog } from "../source/reject-log.ts";
import type { Source } from "../source/source.ts";

export interface Loaded {
  /** Name and type of each column. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
  readonly rejected: number;
}

/** `textSql` makes a text of a value; a plain cast does not tell a comma in a list from one in its texts. */
export async function loadedFrom(
  db: Duckdb,
  source: Source,
  rejects: RejectLog,
  textSql: (value: string, type: string) => string = (value) => `CAST(${value} AS VARCHAR)`,
): Promise<Loaded> {
  const misfits = source.columns.map(({ misfit }) => misfit).filter((misfit) => misfit !== "false");
  const where = misfits.length === 0 ? "" : ` WHERE NOT coalesce(${misfits.join(" OR ")}, false)`;
  const values = source.columns.map(({ value, type }, at) => `${textSql(value, type)} AS v${at}`);
  const found = await db.rows(
    `SELECT ${values.join(", ")} FROM ${source.from}${where} ORDER BY ${typeof source.rawText === "string" ? "line" : "place"}`,
  );
  const rows = found.map((row) => Object.values(row).map((value) => (value === null ? null : String(value))));
  return {
    columns: source.columns.map(({ name, type }) => `${name} ${type}`),
    rows,
    rejected: rejects.rows + (source.rowsIn ?? 0) - rejects.rows - rows.length,
  };
}

/** In words, what differs; undefined for nothing. */
export function differenceOf(found: Loaded, expected: Loaded): string | undefined {
  if (found.columns.join() !== expected.columns.join())
    return `columns ${found.columns.join()} for ${expected.columns.join()}`;
  if (found.rows.length !== expected.rows.length || found.rejected !== expected.rejected)
    return `${found.rows.length} rows and ${found.rejected} rejected for ${expected.rows.length} and ${expected.rejected}`;
  for (const [at, row] of expected.rows.entries())
    for (const [column, value] of row.entries()) {
      const theirs = found.rows[at]?.[column] ?? null;
      if (theirs !== value)
        return `row ${at + 1} ${expected.columns[column]}: ${JSON.stringify(theirs)} for ${JSON.stringify(value)}`;
    }
  return undefined;
}

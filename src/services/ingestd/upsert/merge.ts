// The loader worker's part of an upsert: the keys of the rows that were written, and the dataset's files without the
// rows of those keys. A file without such a row is left as it is; the others are written again without them, so what
// readers find are plain data files, and no list of deletions that each of them would have to know.

import { join } from "node:path";
import type { Duckdb } from "#adapters/duckdb";
import { quoteIdentifier, quoteLiteral } from "#lib/sql-text";
import { present } from "#lib/assert";
import { checkFiles, writeParquet } from "../parquet/files.ts";
import type { MergeInput, Prepared, WrittenFile } from "../source/shapes.ts";

/** A temporary table of the connection, replaced for each file. */
const KEYS = "upsert_keys";
const FILE = quoteIdentifier("#file");

/** Remembers the keys of the files that were just written: they are stored before they are merged. */
export async function keepKeys(
  db: Duckdb,
  files: readonly WrittenFile[],
  { columns }: Prepared,
  keyColumns: readonly string[],
): Promise<void> {
  // A file's columns have their own names; their order is that of the columns prepared.
  const places = columns.map((_, place) => `c${place}`).join(", ");
  const keys = keyColumns.map((name, at) => {
    const place = columns.findIndex((column) => column.name.toLowerCase() === name.toLowerCase());
    return `c${place} AS k${at}`;
  });
  const rows =
    files.length === 0
      ? `SELECT ${keys.map((_, at) => `NULL AS k${at}`).join(", ")} WHERE false`
      : `SELECT ${keys.join(", ")} FROM read_parquet([${paths(files)}]) AS t(${places})`;
  await db.run(`CREATE OR REPLACE TEMP TABLE ${KEYS} AS ${rows}`);
}

export async function mergeFiles(
  db: Duckdb,
  { files, folder, read_schema: schema, key_columns: keyColumns, ...prepared }: MergeInput,
): Promise<{ replaced: number[]; files: WrittenFile[]; rows_replaced: number }> {
  await checkFiles(files);
  const matches = keyColumns.map((name, at) => `d.${quoteIdentifier(name)} = ${KEYS}.k${at}`).join(" AND ");
  const touched = await db.rows(
    `SELECT DISTINCT d.${FILE} AS path FROM read_parquet([${paths(files)}], schema = ${schema}, filename = '#file') AS d SEMI JOIN ${KEYS} ON ${matches}`,
  );
  const found = new Set(touched.map(({ path }) => String(path)));
  const replaced = files.flatMap(({ path }, place) => (found.has(path) ? [place] : []));
  if (replaced.length === 0) return { replaced, files: [], rows_replaced: 0 };
  const from = `read_parquet([${paths(replaced.map((place) => present(files[place], "a file")))}], schema = ${schema}) AS d`;
  const [before] = await db.rows(`SELECT count(*) AS n FROM ${from}`);
  const names = prepared.columns.map(({ name }) => `d.${quoteIdentifier(name)}`).join(", ");
  const kept = await writeParquet(
    db,
    `SELECT ${names} FROM ${from} ANTI JOIN ${KEYS} ON ${matches}`,
    join(folder, "kept"),
    prepared,
  );
  const rows = kept.reduce((total, file) => total + file.rows, 0);
  return { replaced, files: kept, rows_replaced: Number(before?.["n"]) - rows };
}

function paths(files: readonly { readonly path: string }[]): string {
  return files.map(({ path }) => quoteLiteral(path)).join(", ");
}

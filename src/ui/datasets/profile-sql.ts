// The statements behind a dataset's profile and the difference of two snapshots. Each is also a link to the SQL screen.

import { sqlName } from "../sql/names.ts";

export function summarySql(dataset: string): string {
  return `SUMMARIZE ${sqlName(dataset)}`;
}

export const TOP_VALUES = 8;

export function topValuesSql(dataset: string, column: string): string {
  const name = sqlName(column);
  return `SELECT ${name}::VARCHAR AS value, count(*) AS n\nFROM ${sqlName(dataset)}\nGROUP BY ALL\nORDER BY n DESC, value\nLIMIT ${TOP_VALUES}`;
}

export const BINS = 24;

const NUMBERS = /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|UINTEGER|FLOAT|DOUBLE|DECIMAL)/;
const TIMES = /^(DATE|TIMESTAMP)/;

/** Undefined for columns that have no axis: texts, lists, yes and no. */
export function histogramSql(dataset: string, column: string, type: string): string | undefined {
  const name = sqlName(column);
  if (type.endsWith("[]") || !(NUMBERS.test(type) || TIMES.test(type))) return undefined;
  const value = TIMES.test(type) ? `epoch(${name}::TIMESTAMP)` : `${name}::DOUBLE`;
  return [
    `WITH v AS (SELECT ${value} AS x FROM ${sqlName(dataset)} WHERE ${name} IS NOT NULL AND isfinite(${value})),`,
    "  edges AS (SELECT min(x) AS lo, max(x) AS hi FROM v)",
    `SELECT least(${BINS - 1}, floor((x - lo) / (hi - lo) * ${BINS}))::INTEGER AS bin, count(*) AS n,`,
    "  any_value(lo) AS lo, any_value(hi) AS hi",
    "FROM v, edges WHERE hi > lo",
    "GROUP BY bin ORDER BY bin",
  ].join("\n");
}

export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly n: number;
}

/** All bins, those without a row, too. */
export function binsOf(rows: readonly Readonly<Record<string, unknown>>[]): readonly Bin[] {
  const [first] = rows;
  if (first === undefined) return [];
  const [lo, hi] = [Number(first["lo"]), Number(first["hi"])];
  const counts = new Map(rows.map((row) => [Number(row["bin"]), Number(row["n"])]));
  const width = (hi - lo) / BINS;
  return Array.from({ length: BINS }, (_, bin) => ({
    from: lo + bin * width,
    to: lo + (bin + 1) * width,
    n: counts.get(bin) ?? 0,
  }));
}

/** The dataset as of a snapshot, as a table of a statement. */
export function versionSql(dataset: string, snapshotId: string): string {
  return `${sqlName(dataset)} AT (VERSION => ${/^\d+$/.test(snapshotId) ? snapshotId : `'${snapshotId.replaceAll("'", "''")}'`})`;
}

/** Rows, over the columns that both have, that the one snapshot has and the other has not. */
export function onlyInSql(
  dataset: string,
  inId: string,
  notInId: string,
  columns: readonly string[],
): string {
  const list = columns.map(sqlName).join(", ");
  return `SELECT ${list} FROM ${versionSql(dataset, inId)}\nEXCEPT ALL\nSELECT ${list} FROM ${versionSql(dataset, notInId)}`;
}

export function rejectsSql(dataset: string): string {
  return `SELECT ingest_id, source, "column", count(*) AS rows, any_value(reason) AS example\nFROM ${sqlName(`${dataset}$rejects`)}\nGROUP BY ALL\nORDER BY rows DESC`;
}

import { quoteIdentifier } from "#lib/sql-text";

/**
 * The last row of each key, in SQL over a query that gives the rows in their order. That order is what a window without
 * an order of its own counts by; lines would not do, for one line of JSON may hold many rows.
 */
export function lastOfEachKey(
  query: string,
  names: readonly string[],
  keyColumns: readonly string[],
): string {
  const taken = new Set(names.map((name) => name.toLowerCase()));
  let place = "row";
  while (taken.has(place)) place += "_";
  const keys = keyColumns.map(quoteIdentifier).join(", ");
  return `SELECT * EXCLUDE (${place}) FROM (SELECT *, row_number() OVER () AS ${place} FROM (${query})) QUALIFY row_number() OVER (PARTITION BY ${keys} ORDER BY ${place} DESC) = 1`;
}

// Rows that may be totals, settled once all others are known: they are rejected when their numbers are the sums or the
// averages of their columns, or when their label is in a column of values. The others are rows like all.

import { quoteLiteral } from "#lib/sql-text";
import { valueSql } from "../inference/column-sql.ts";
import { isNumeric, type Typing } from "../inference/infer.ts";
import type { Wishes, Workplace } from "../source/source.ts";
import { typedColumns } from "./columns.ts";
import { isAverage } from "./odd-rows.ts";
import type { Row } from "./rows.ts";
import { placeOf, type WrittenRows } from "./written-rows.ts";

/** How far the sums that a program computed may be off. */
const SUM_TOLERANCE = 1e-6;
/** Of fewer rows a sum proves nothing where no word says that it is one. */
const SUMMED_ROWS_MIN = 2;

/** Gives what was found, in words. */
export async function settleTotals(
  written: WrittenRows,
  names: readonly string[],
  delimiter: string,
  wishes: Wishes,
  { db }: Workplace,
): Promise<string[]> {
  if (written.totals.length + written.bareTotals.length === 0) return [];
  await written.flush();
  const { typings } = typedColumns(written.stats, names, delimiter, wishes);
  const labelled = new Set(written.totals);
  const found = new Set<Row>();
  /** Adds what adds up; the rows that are still held are in no sum. */
  const settle = async (rows: Iterable<Row>, summed = SUMMED_ROWS_MIN): Promise<void> => {
    for (const row of rows) {
      if (found.has(row)) continue;
      const last = Math.max(0, ...Array.from(found, ({ line }) => line).filter((line) => line < row.line));
      const isTotals = labelled.has(row)
        ? typings[labelOf(row)]?.type !== "VARCHAR" ||
          (await addUp(totalsOf(row, typings), row.line, last, written.table(), db))
        : await addUp(bareTotalsOf(row, typings, summed), row.line, last, written.table(), db);
      if (isTotals) found.add(row);
    }
  };
  const rows = [...written.totals, ...written.bareTotals].sort((a, b) => placeOf(a) - placeOf(b));
  await settle(rows);
  // Where some rows are totals, so are those of groups of one row.
  if (written.bareTotals.some((row) => found.has(row))) await settle(written.bareTotals, 1);
  const others = written.bareTotals.filter((row) => !found.has(row));
  for (const row of others) written.add(row);
  if (others.length > 0) {
    await written.flush();
    await settle(labelled);
  }
  for (const row of labelled) if (!found.has(row)) written.add(row);
  const told: string[] = [];
  for (const row of rows) {
    if (!found.has(row)) continue;
    const label = labelled.has(row) ? ` ("${(row.cells[labelOf(row)] ?? "").trim()}")` : "";
    await written.reject(row, `it is a totals row${label}`);
    told.push(`Line ${row.line} is a totals row and was rejected.`);
  }
  return told;
}

const labelOf = ({ cells }: Row): number => cells.findIndex((cell) => cell.trim() !== "");

/** What a row of totals says of one column. */
interface Total {
  /** As a number, in SQL, like the values of the column. */
  readonly total: string;
  readonly value: string;
  readonly average: boolean;
  /** How far it may be off: an average is rounded to the places that it is written with. */
  readonly tolerance: number;
  /** So many values must have been summed; undefined where a word says that these are totals. */
  readonly summed?: number;
}

function totalsOf(row: Row, typings: readonly Typing[]): Total[] {
  const label = labelOf(row);
  const average = isAverage(row.cells[label] ?? "");
  return numbersOf(row, typings, label + 1).map(({ places, ...number }) => {
    const tolerance = average ? 0.5 * 10 ** -places + SUM_TOLERANCE : SUM_TOLERANCE;
    return { ...number, average, tolerance };
  });
}

function bareTotalsOf(row: Row, typings: readonly Typing[], summed: number): Total[] {
  return numbersOf(row, typings, 0).map(({ total, value }) => ({
    total,
    value,
    average: false,
    tolerance: SUM_TOLERANCE,
    summed,
  }));
}

/** The numbers of a row from a column on, and the places that they are written with. */
function numbersOf(
  { cells }: Row,
  typings: readonly Typing[],
  from: number,
): (Pick<Total, "total" | "value"> & { readonly places: number })[] {
  return typings.flatMap((typing, index) => {
    const cell = cells[index]?.trim() ?? "";
    if (index < from || cell === "" || !isNumeric(typing.type)) return [];
    const literal = quoteLiteral(cell);
    const total = `coalesce(CAST(${valueSql(typing, literal)} AS DOUBLE), TRY_CAST(replace(${literal}, ',', '') AS DOUBLE))`;
    const places = /[.,]([0-9]{1,2}|[0-9]{4,})[^0-9]*$/.exec(cell)?.[1]?.length ?? 0;
    return [{ total, value: `CAST(${valueSql(typing, `c${index}`)} AS DOUBLE)`, places }];
  });
}

/**
 * Whether half of a row's numbers, all of them where no word says what they are, are the sums or averages of all rows, of
 * those above it, or of those since the last totals.
 */
async function addUp(
  totals: readonly Total[],
  line: number,
  last: number,
  from: string,
  db: Workplace["db"],
): Promise<boolean> {
  if (totals.length === 0) return false;
  const spans = ["true", `line < ${line}`, `line > ${last} AND line < ${line}`];
  const bare = totals.some(({ summed }) => summed !== undefined);
  const checks = spans.map((span) => {
    const holding = totals.map(({ total, value, average, tolerance, summed }) => {
      const sum = `coalesce(${average ? "avg" : "sum"}(${value}) FILTER (WHERE ${span}), 0)`;
      const proves =
        summed === undefined
          ? ""
          : ` AND ${sum} <> 0 AND count(${value}) FILTER (WHERE ${span}) >= ${summed}`;
      const near = average ? `${tolerance}` : `${tolerance} * greatest(1, abs(${sum}))`;
      return `CAST(abs(${total} - ${sum}) <= ${near}${proves} AS INTEGER)`;
    });
    const held = `coalesce(${holding.map((holds) => `coalesce(${holds}, 0)`).join(" + ")}, 0)`;
    return `${held} * ${bare ? 1 : 2} >= ${totals.length}`;
  });
  const [found] = await db.rows(`SELECT ${checks.join(" OR ")} AS adds_up FROM ${from}`);
  return found?.["adds_up"] === true;
}

// A result as a Parquet file, as SQL: DuckDB writes the file itself. What Parquet cannot hold without loss is cast before:
// 128-bit integers to decimals of 38 digits, as in Arrow, and what it has no type for to text, as SQL writes it: intervals,
// unions, larger integers, bit strings, times with an offset.

import type { Column, ColumnType, DuckdbTypeId } from "#adapters/duckdb";
import { quoteIdentifier, quoteLiteral } from "#lib/sql-text";
import type { Statement } from "../guard/statement-text.ts";
import { tokensOf } from "../guard/tokens.ts";
import { uniqueNames } from "./text.ts";

/**
 * Rows that are held until they are written as one group, by each thread: rows of some kilobytes still fit into the memory
 * of an engine, and a reader of many groups reads no slower.
 */
const GROUP_ROWS = 20_480;

/** Types that a file gives back as they were, or, of text, as the same text. */
const HELD: ReadonlySet<DuckdbTypeId> = new Set([
  "BOOLEAN",
  "TINYINT",
  "SMALLINT",
  "INTEGER",
  "BIGINT",
  "UTINYINT",
  "USMALLINT",
  "UINTEGER",
  "UBIGINT",
  "FLOAT",
  "DOUBLE",
  "DECIMAL",
  "DATE",
  "TIME",
  "TIME_NS",
  "TIMESTAMP",
  "TIMESTAMP_S",
  "TIMESTAMP_MS",
  "TIMESTAMP_NS",
  "TIMESTAMP_TZ",
  "VARCHAR",
  "BLOB",
  "ENUM",
  "UUID",
  "SQLNULL",
]);

/** The type that a value is written as. */
function writtenAs(type: ColumnType): string {
  const { id, children } = type;
  const [first, second] = children.map((child) => writtenAs(child.type));
  if (id === "HUGEINT") return "DECIMAL(38,0)";
  if (id === "LIST") return `${first}[]`;
  if (id === "ARRAY") return `${first}[${type.length}]`;
  if (id === "MAP") return `MAP(${first}, ${second})`;
  if (id === "STRUCT") {
    const members = children.map((child) => `${quoteIdentifier(child.name)} ${writtenAs(child.type)}`);
    return `STRUCT(${members.join(", ")})`;
  }
  return HELD.has(id) ? type.text : "VARCHAR";
}

/** A statement that gives the columns of `statement`, and no rows. */
export function columnsStatement(statement: Statement): Statement {
  return around(statement, "FROM (", "\n) LIMIT 0");
}

/** The statement that writes the rows of `statement` to a file. Columns of one name are told apart as everywhere else. */
export function copyStatement(statement: Statement, columns: readonly Column[], path: string): Statement {
  const given = columns.map((_, index) => `c${index}`);
  const written = uniqueNames(columns).map((name, index) => {
    const { type } = columns[index] as Column;
    const as = writtenAs(type);
    const value = as === type.text ? given[index] : `CAST(${given[index]} AS ${as})`;
    return `${value} AS ${quoteIdentifier(name)}`;
  });
  const settings = `FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE ${GROUP_ROWS}, USE_TMP_FILE false`;
  return around(
    statement,
    `COPY (SELECT ${written.join(", ")} FROM (`,
    `\n) AS result(${given.join(", ")})) TO ${quoteLiteral(path)} (${settings})`,
  );
}

/** The statement in brackets, without what may end it; places in it stay those of its source. */
function around({ body, source }: Statement, before: string, after: string): Statement {
  const last = tokensOf(body).findLast(({ text }) => text !== ";");
  const bare = body.slice(0, last?.end ?? 0);
  const end = source.length - (body.length - bare.length);
  return { prefix: before, body: bare + after, source: source.slice(0, end) + after };
}

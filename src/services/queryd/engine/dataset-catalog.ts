// What `information_schema`, `duckdb_tables()`, `duckdb_columns()` and SHOW ALL TABLES tell: the datasets and their
// columns, and nothing of the instance. DuckDB's own views stand on table functions that they find by name, so
// macros of those names before them decide what all of them show. The macros show empty tables of a schema that no statement
// can name, one for each dataset, so that types, precisions and order are DuckDB's own account of them.

import { quoteIdentifier, quoteLiteral } from "#lib/sql-text";
import type { ListedDataset } from "./contract.ts";

/** Statements of users have no schemas (guard.ts). */
const SCHEMA = "listed";

/** The columns of DuckDB's `duckdb_views()`, of which there are none to show. */
const NO_VIEWS = "SELECT * REPLACE (NULL::VARCHAR AS sql) FROM system.main.duckdb_views() WHERE false";

/** Statements that make the macros, and what they show, in an instance. */
export function catalogStatements(listed: readonly ListedDataset[]): string[] {
  const rows = listed.map(({ name, rows: count }) => `(${quoteLiteral(name)}, ${count}::BIGINT)`);
  const own = (columns: string, from: string): string =>
    `SELECT ${columns} FROM system.main.${from}() AS own WHERE own.database_name = 'memory' AND own.schema_name = '${SCHEMA}' AND own.table_name <> 'row counts'`;
  const counted = `coalesce((SELECT c.row_count FROM ${SCHEMA}."row counts" c WHERE c.name = own.table_name), 0)`;
  return [
    `CREATE SCHEMA ${SCHEMA}`,
    `CREATE TABLE ${SCHEMA}."row counts" (name VARCHAR, row_count BIGINT)`,
    ...(rows.length === 0 ? [] : [`INSERT INTO ${SCHEMA}."row counts" VALUES ${rows.join(", ")}`]),
    ...listed.flatMap(tableStatements),
    `CREATE MACRO duckdb_tables() AS TABLE ${own(`own.* REPLACE ('main' AS schema_name, ${counted} AS estimated_size, NULL::VARCHAR AS sql)`, "duckdb_tables")}`,
    `CREATE MACRO duckdb_columns() AS TABLE ${own("own.* REPLACE ('main' AS schema_name)", "duckdb_columns")}`,
    `CREATE MACRO duckdb_views() AS TABLE ${NO_VIEWS}`,
    "CREATE MACRO duckdb_schemas() AS TABLE SELECT own.* REPLACE (NULL::VARCHAR AS sql) FROM system.main.duckdb_schemas() AS own WHERE own.database_name = 'memory' AND own.schema_name = 'main'",
  ];
}

function tableStatements({ name, columns }: ListedDataset): string[] {
  const table = `${SCHEMA}.${quoteIdentifier(name)}`;
  const defined = columns.map(
    (column) => `${quoteIdentifier(column.name)} ${column.type}${column.nullable ? "" : " NOT NULL"}`,
  );
  const comments = columns.flatMap(({ name: column, doc }) =>
    doc === undefined
      ? []
      : [
          `COMMENT ON COLUMN ${table}.${quoteIdentifier(column)} IS ${quoteLiteral(doc.replaceAll("\0", ""))}`,
        ],
  );
  return [`CREATE TABLE ${table} (${defined.join(", ")})`, ...comments];
}

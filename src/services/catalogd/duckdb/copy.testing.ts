// Data files as ingestd's loader writes them: one COPY of DuckDB with Iceberg's field ids, and its statistics as the
// contract has them.

import { fieldIdsClause, selectList, statsByFieldId } from "#adapters/duckdb-columns";
import type { DataFile as OfferedFile } from "#contracts/catalog";
import { quoteLiteral } from "#lib/sql-text";
import type { Schema } from "../iceberg/types/schema.ts";
import { columnsOf } from "./columns.ts";

/** `from` is what stands after FROM: a table or a bracketed query with the schema's columns. */
export function copyStatement(schema: Schema, from: string, path: string): string {
  const columns = columnsOf(schema);
  const text = JSON.stringify(schema);
  const options = `FORMAT parquet, COMPRESSION zstd, RETURN_STATS true, ${fieldIdsClause(columns, text)}, KV_METADATA {'iceberg.schema': ${quoteLiteral(text)}}`;
  return `COPY (SELECT ${selectList(columns)} FROM ${from}) TO ${quoteLiteral(path)} (${options})`;
}

/** As much of DuckDB's connection as is used here. */
interface Database {
  runAndReadAll(sql: string): Promise<{ getRowObjectsJson(): Record<string, unknown>[] }>;
}

export async function copied(
  db: Database,
  schema: Schema,
  from: string,
  path: string,
): Promise<Pick<OfferedFile, "rows" | "bytes" | "stats">> {
  const [row] = (await db.runAndReadAll(copyStatement(schema, from, path))).getRowObjectsJson();
  const stats = statsByFieldId(columnsOf(schema), JSON.stringify(schema), row?.["column_statistics"]);
  return { rows: Number(row?.["count"]), bytes: Number(row?.["file_size_bytes"]), stats };
}

// Data files as ingestd's loader writes them: one COPY of DuckDB with Iceberg's field ids, and its statistics as the
// contract has them.

import { fieldIdsClause, selectList } from "#adapters/duckdb-columns";
import type { DataFile as OfferedFile } from "#contracts/catalog";
import { avroName } from "#lib/avro-name";
import { quoteIdentifier, quoteLiteral } from "#lib/sql-text";
import { allFields, type Schema } from "../iceberg/types/schema.ts";
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

interface Statistics {
  readonly key: string;
  readonly value: readonly { readonly key: string; readonly value: string }[];
}

export async function copied(
  db: Database,
  schema: Schema,
  from: string,
  path: string,
): Promise<Pick<OfferedFile, "rows" | "bytes" | "stats">> {
  const [row] = (await db.runAndReadAll(copyStatement(schema, from, path))).getRowObjectsJson();
  const ids = new Map(
    allFields(schema).map(({ id, path: [column = "", ...rest] }) => [
      [avroName(column), ...rest].map(quoteIdentifier).join("."),
      id,
    ]),
  );
  const stats: OfferedFile["stats"] = {};
  for (const { key, value } of (row?.["column_statistics"] ?? []) as readonly Statistics[]) {
    const told = new Map(value.map((entry) => [entry.key, entry.value]));
    const number = (name: string, as: string): Record<string, number> =>
      told.has(as) ? { [name]: Number(told.get(as)) } : {};
    const text = (name: string): Record<string, string> =>
      told.has(name) ? { [name]: told.get(name) ?? "" } : {};
    stats[String(ids.get(key))] = {
      ...number("values", "num_values"),
      ...number("nulls", "null_count"),
      ...number("bytes", "column_size_bytes"),
      ...text("min"),
      ...text("max"),
    };
  }
  return { rows: Number(row?.["count"]), bytes: Number(row?.["file_size_bytes"]), stats };
}

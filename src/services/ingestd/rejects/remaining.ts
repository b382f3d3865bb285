// The rejects table without those rows of an ingest that fit after all, and which rows these are, as a packed bit set.

import { join } from "node:path";
import { deflateSync, inflateSync } from "node:zlib";
import type { Duckdb } from "#adapters/duckdb";
import { quoteLiteral } from "#lib/sql-text";
import { newFile } from "../decode/files.ts";
import { writeParquet } from "../parquet/files.ts";
import type { WriteRemainingInput, WrittenFile } from "../source/shapes.ts";
import { COLUMNS, numberedSql, tableSql } from "./read.ts";

/** Which rows fit: all but these, as one bit a row, packed and in base64. */
export function packLoaded(rows: number, rejected: ReadonlySet<number>): string {
  const bits = new Uint8Array(Math.ceil(rows / 8));
  for (let n = 1; n <= rows; n += 1) {
    if (!rejected.has(n)) bits[(n - 1) >> 3] = (bits[(n - 1) >> 3] ?? 0) | (1 << ((n - 1) & 7));
  }
  return deflateSync(bits).toString("base64");
}

function unpackLoaded(packed: string): number[] {
  const bits = inflateSync(Buffer.from(packed, "base64"));
  return [...bits].flatMap((byte, at) =>
    [0, 1, 2, 3, 4, 5, 6, 7].flatMap((bit) => ((byte & (1 << bit)) === 0 ? [] : [at * 8 + bit + 1])),
  );
}

export async function writeRemaining(db: Duckdb, input: WriteRemainingInput): Promise<WrittenFile[]> {
  const { folder, loaded, columns, select, field_ids, iceberg_schema } = input;
  const path = join(folder, "loaded.csv");
  const sink = await newFile(path);
  await sink.write(unpackLoaded(loaded).join("\n"));
  await sink.end();
  const gone = `SELECT n FROM read_csv(${quoteLiteral(path)}, auto_detect = false, header = false, columns = {'n': 'BIGINT'})`;
  const others = `${tableSql(input)} WHERE ingest_id IS DISTINCT FROM ${quoteLiteral(input.ingest_id)}`;
  const query = `${others} UNION ALL SELECT ${COLUMNS} FROM (${numberedSql(input)}) ANTI JOIN (${gone}) USING (n)`;
  return writeParquet(db, query, join(folder, "remaining"), { columns, select, field_ids, iceberg_schema });
}

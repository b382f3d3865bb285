// What the worker does. DuckDB reads a damaged Parquet file without a word, so checksums are compared first.

import type { Duckdb } from "#adapters/duckdb";
import { fieldIdsClause, readSchema, selectList, statsByFieldId } from "#adapters/duckdb-columns";
import { quoteLiteral } from "#lib/sql-text";
import type { Handlers } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import type { fileWorker } from "./contract.ts";

export function workerHandlers(db: Duckdb): Handlers<typeof fileWorker> {
  return {
    merge: async ({ files, columns, iceberg_schema: schema, to }) => {
      for (const { path, sha256 } of files) {
        if (sha256 === undefined || (await sha256Of(path)) === sha256) continue;
        throw new Fault("internal", "A data file is damaged: its checksum is wrong.");
      }
      const paths = files.map(({ path }) => quoteLiteral(path)).join(", ");
      const from = `read_parquet([${paths}], schema = ${readSchema(columns)})`;
      const options = [
        "FORMAT parquet, COMPRESSION zstd, RETURN_STATS true",
        fieldIdsClause(columns, schema),
        `KV_METADATA {'iceberg.schema': ${quoteLiteral(schema)}}`,
      ].join(", ");
      const [row] = await db.rows(
        `COPY (SELECT ${selectList(columns)} FROM ${from}) TO ${quoteLiteral(to)} (${options})`,
      );
      return {
        rows: Number(row?.["count"]),
        bytes: Number(row?.["file_size_bytes"]),
        sha256: await sha256Of(to),
        stats: statsByFieldId(columns, schema, row?.["column_statistics"]),
      };
    },
  };
}

async function sha256Of(path: string): Promise<string> {
  const hash = new Bun.CryptoHasher("sha256");
  for await (const chunk of Bun.file(path).stream()) hash.update(chunk);
  return hash.digest("hex");
}

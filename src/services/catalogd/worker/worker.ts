// What the worker does. DuckDB reads a damaged Parquet file without a word, so checksums are compared first.

import type { Duckdb } from "#adapters/duckdb";
import { fieldIdsClause, readSchema, selectList, statsByFieldId } from "#adapters/duckdb-columns";
import { quoteIdentifier, quoteLiteral } from "#lib/sql-text";
import type { Handlers, OutputOf, ParsedOf } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import type { fileWorker } from "./contract.ts";

export function workerHandlers(db: Duckdb): Handlers<typeof fileWorker> {
  return {
    write: ({ from, ...target }) => {
      const types = target.columns.map(({ name, type }) => `${quoteIdentifier(name)}: ${quoteLiteral(type)}`);
      const lines = `read_json(${quoteLiteral(from)}, format = 'newline_delimited', columns = {${types.join(", ")}})`;
      return copy(db, lines, target);
    },
    merge: async ({ files, ...target }) => {
      for (const { path, sha256 } of files) {
        if (sha256 === undefined || (await sha256Of(path)) === sha256) continue;
        throw new Fault("internal", "A data file is damaged: its checksum is wrong.");
      }
      const paths = files.map(({ path }) => quoteLiteral(path)).join(", ");
      return copy(db, `read_parquet([${paths}], schema = ${readSchema(target.columns)})`, target);
    },
  };
}

type Target = Omit<ParsedOf<typeof fileWorker.write>, "from">;

/** Writes what stands after FROM, whose columns are the target's by name, as a data file. */
async function copy(
  db: Duckdb,
  from: string,
  { columns, iceberg_schema: schema, to }: Target,
): Promise<OutputOf<typeof fileWorker.write>> {
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
}

async function sha256Of(path: string): Promise<string> {
  const hash = new Bun.CryptoHasher("sha256");
  for await (const chunk of Bun.file(path).stream()) hash.update(chunk);
  return hash.digest("hex");
}

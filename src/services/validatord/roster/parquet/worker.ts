// What the process does: the file's columns as JSON lines, written to the process's own folder and streamed from there.

import { join } from "node:path";
import { type Duckdb, DuckdbError } from "#adapters/duckdb";
import { quoteIdentifier, quoteLiteral } from "#lib/sql-text";
import type { Handlers } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import type { parquetReader } from "./contract.ts";

export function readerHandlers(db: Duckdb, folder: string): Handlers<typeof parquetReader> {
  return {
    columns: ({ path }) =>
      readable(async () => {
        const from = `read_parquet(${quoteLiteral(path)})`;
        const columns = await db.rows(`DESCRIBE SELECT * FROM ${from}`);
        const [counted] = await db.rows(`SELECT count(*) AS rows FROM ${from}`);
        return {
          columns: columns.map((row) => String(row["column_name"])),
          rows: Number(counted?.["rows"]),
        };
      }),
    rows: ({ path, columns }) =>
      readable(async () => {
        const lines = join(folder, "rows.jsonl");
        const selected = columns.map(quoteIdentifier).join(", ");
        await db.run(
          `COPY (SELECT ${selected} FROM read_parquet(${quoteLiteral(path)})) TO ${quoteLiteral(lines)} (FORMAT json)`,
        );
        return { status: 200, headers: {}, body: Bun.file(lines) };
      }),
  };
}

/** The message of a fault names no path of the server. */
async function readable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DuckdbError)) throw error;
    throw new Fault("rejected", "The roster file is not a Parquet file that can be read, or it is damaged.", {
      cause: error,
    });
  }
}

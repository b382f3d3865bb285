// The entry point of the process that reads a Parquet file of vectors. See `contract.ts`.

import { openWorkerDuckdb } from "#adapters/duckdb";
import { reportBug, serveChild } from "#rpc/child";
import { implement } from "#rpc/local";
import { vectorReader } from "./contract.ts";
import { readerHandlers } from "./worker.ts";

/** DuckDB's buffers: it streams one row group after the other. */
const MEMORY_BYTES_MAX = 512 * 1024 * 1024;

await serveChild<null>(async ({ folder }) => {
  const db = await openWorkerDuckdb(folder, MEMORY_BYTES_MAX);
  return implement(vectorReader, "vectord", readerHandlers(db), {
    onBug: reportBug,
  });
});

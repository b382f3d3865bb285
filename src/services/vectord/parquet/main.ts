// The entry point of the process that reads a Parquet file of vectors. See `contract.ts`.

import { openDuckdb } from "#adapters/duckdb";
import { serveChild } from "#rpc/child";
import { implement } from "#rpc/local";
import { vectorReader } from "./contract.ts";
import { readerHandlers } from "./worker.ts";

/** DuckDB's buffers: it streams one row group after the other. */
const MEMORY_BYTES_MAX = 512 * 1024 * 1024;
const SPILL_BYTES_MAX = 1024 ** 3;

await serveChild<null>(async ({ folder }) => {
  const db = await openDuckdb({
    memoryBytesMax: MEMORY_BYTES_MAX,
    threads: 1,
    tempDir: folder,
    tempBytesMax: SPILL_BYTES_MAX,
  });
  return implement(vectorReader, "vectord", readerHandlers(db), {
    onBug: (bug) => {
      process.stderr.write(`${bug instanceof Error ? (bug.stack ?? bug.message) : String(bug)}\n`);
    },
  });
});

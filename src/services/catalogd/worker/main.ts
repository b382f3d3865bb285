// The worker's entry point. See `contract.ts`.

import { openDuckdb } from "#adapters/duckdb";
import { serveChild } from "#rpc/child";
import { implement } from "#rpc/local";
import { fileWorker } from "./contract.ts";
import { workerHandlers } from "./worker.ts";

export interface WorkerSettings {
  /** Bytes that the whole process may hold. */
  readonly memoryBytesMax: number;
}

/** DuckDB's share: the rest is for what it takes past its own limit. */
const DUCKDB_SHARE = 0.6;
/** Merging reads rows in the order in which it writes them, and has nothing to spill. */
const SPILL_BYTES_MAX = 1024 ** 3;

await serveChild<WorkerSettings>(async ({ settings, folder }) => {
  const db = await openDuckdb({
    memoryBytesMax: settings.memoryBytesMax * DUCKDB_SHARE,
    // It works in the background: users' queries and loads have the other cores.
    threads: 1,
    tempDir: folder,
    tempBytesMax: SPILL_BYTES_MAX,
  });
  return implement(fileWorker, "catalogd", workerHandlers(db), {
    onBug: (bug) => {
      process.stderr.write(`${bug instanceof Error ? (bug.stack ?? bug.message) : String(bug)}\n`);
    },
  });
});

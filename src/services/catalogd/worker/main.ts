// The worker's entry point. See `contract.ts`.

import { openWorkerDuckdb } from "#adapters/duckdb";
import { reportBug, serveChild } from "#rpc/child";
import { implement } from "#rpc/local";
import { fileWorker } from "./contract.ts";
import { workerHandlers } from "./worker.ts";

export interface WorkerSettings {
  /** Bytes that the whole process may hold. */
  readonly memoryBytesMax: number;
}

/** DuckDB's share: the rest is for what it takes past its own limit. */
const DUCKDB_SHARE = 0.6;

await serveChild<WorkerSettings>(async ({ settings, folder }) => {
  const db = await openWorkerDuckdb(folder, settings.memoryBytesMax * DUCKDB_SHARE);
  return implement(fileWorker, "catalogd", workerHandlers(db), {
    onBug: reportBug,
  });
});

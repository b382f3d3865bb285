// The loader worker's entry point: one DuckDB instance, one file at a time. See `contract.ts`.

import { availableParallelism } from "node:os";
import { openDuckdb } from "#adapters/duckdb";
import { reportBug, serveChild } from "#rpc/child";
import { implement } from "#rpc/local";
import { loader } from "./contract.ts";
import { loaderHandlers } from "./worker.ts";

export interface LoaderSettings {
  /** Bytes that the whole process may hold. */
  readonly memoryBytesMax: number;
  readonly threadsMax: number;
}

/**
 * DuckDB's share: the rest is for our parser, and for what DuckDB takes past its own limit. Three thousand columns need
 * 700 MiB, of which it touches a third.
 */
const DUCKDB_SHARE = 0.7;
/** Sorting and writing wide files may spill that much. */
const SPILL_BYTES_MAX = 16 * 1024 ** 3;

await serveChild<LoaderSettings>(async ({ settings, folder }) => {
  const db = await openDuckdb({
    memoryBytesMax: settings.memoryBytesMax * DUCKDB_SHARE,
    threads: Math.min(availableParallelism(), settings.threadsMax),
    tempDir: folder,
    tempBytesMax: SPILL_BYTES_MAX,
  });
  return implement(loader, "ingestd", loaderHandlers(db), {
    onBug: reportBug,
  });
});

// A new file that is written from start to end by one writer. Nothing here outlives the ingest, so nothing is
// flushed to the disk.

import { rm } from "node:fs/promises";

/** Written to disk in pieces of this size. */
const BUFFER_BYTES = 1024 * 1024;

/** Bun's writer does not cut what stands there already, hence the removal. */
export async function newFile(path: string): Promise<Bun.FileSink> {
  await rm(path, { force: true });
  return Bun.file(path).writer({ highWaterMark: BUFFER_BYTES });
}

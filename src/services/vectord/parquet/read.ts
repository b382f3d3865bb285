// A Parquet file of vectors as lines of NDJSON. Its description stands at its end, so that what arrives is first written to
// the disk, whole; a process of its own then reads it row group by row group, no faster than the lines are taken.

import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { diskFault } from "#adapters/checksummed-file";
import { spawnChild } from "#rpc/child";
import type { Bytes } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { vectorReader } from "./contract.ts";

/** Half a million vectors of 1,024 numbers; larger data sets come as several files. */
const FILE_BYTES_MAX = 2 * 1024 ** 3;
/** DuckDB's buffers and a row group of vectors. */
const READER_BYTES_MAX = 1536 * 1024 * 1024;

export interface VectorColumns {
  readonly id: string;
  readonly vector: string;
}

/** `spool` is where the file may lie meanwhile. Throws Fault `invalid` for what is no Parquet file, or lacks a column. */
export async function* parquetLines(
  file: Bytes,
  { id, vector }: VectorColumns,
  spool: string,
): AsyncGenerator<Uint8Array> {
  try {
    await write(file, spool);
    const child = await spawnChild(vectorReader, {
      entry: join(import.meta.dir, "main.ts"),
      origin: "vectord",
      settings: null,
      memoryBytesMax: READER_BYTES_MAX,
    });
    try {
      const { body } = await child.service.items({ path: spool, id, vector });
      if (body !== null) yield* body;
    } finally {
      child.kill();
    }
  } finally {
    await rm(spool, { force: true });
  }
}

async function write(file: Bytes, path: string): Promise<void> {
  const out = await open(path, "w").catch((error: unknown) => {
    throw diskFault(error, path);
  });
  let bytes = 0;
  try {
    for await (const chunk of file) {
      bytes += chunk.length;
      if (bytes > FILE_BYTES_MAX)
        throw new Fault("invalid", `A Parquet file is at most ${FILE_BYTES_MAX} bytes. Send it in parts.`);
      await out.writeFile(chunk).catch((error: unknown) => {
        throw diskFault(error, path);
      });
    }
  } finally {
    await out.close();
  }
}

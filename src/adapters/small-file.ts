// Small files that are written whole (keys, definitions, generations), with what a disk says as a fault.

import { writeDurably } from "#lib/durable";
import { diskFault } from "./hnsw-file.ts";

/** As `writeDurably`; throws `unavailable`, naming the file, when the disk is full or fails. */
export async function saveSmallFile(path: string, content: string | Uint8Array): Promise<void> {
  await writeDurably(path, content).catch((error: unknown) => {
    throw diskFault(error, path);
  });
}

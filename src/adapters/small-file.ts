// Small files that are written whole (keys, definitions, generations); an error of the disk is thrown as a fault.

import { dirname } from "node:path";
import { makeFolder, writeDurably } from "#lib/durable";
import { diskFault } from "./checksummed-file.ts";

/**
 * As `writeDurably`, and makes the folder when it is not there; throws `unavailable`, naming the file, when the disk is
 * full or fails.
 */
export async function saveSmallFile(path: string, content: string | Uint8Array): Promise<void> {
  try {
    await makeFolder(dirname(path));
    await writeDurably(path, content);
  } catch (error) {
    throw diskFault(error, path);
  }
}

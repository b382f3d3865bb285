// Rows on disk between SQL and an embedding model. A statement may run for minutes at most, and a model that takes a tenth
// of a second for a text needs hours for a hundred thousand: so all rows are written to a file as fast as they come, the
// statement ends, and the file is read at the model's pace, with no more than a line in memory.

import { createReadStream } from "node:fs";
import { open, rm } from "node:fs/promises";
import { createInterface } from "node:readline";
import { writeAll } from "#lib/durable";
import type { Bytes } from "#rpc/contract";

/** How the name of such a file ends: what a crash leaves behind is removed at the next start. */
export const SPOOL_SUFFIX = ".rows";

/** The lines of a stream, by way of the file `path`, which is removed at the end. Fails as the stream does. */
export async function* spooledLines(body: Bytes, path: string): AsyncGenerator<string> {
  try {
    const file = await open(path, "w", 0o600);
    try {
      for await (const chunk of body) await writeAll(file, chunk);
    } finally {
      await file.close();
    }
    const lines = createInterface({ input: createReadStream(path), crlfDelay: Infinity });
    for await (const line of lines) if (line !== "") yield line;
  } finally {
    await rm(path, { force: true });
  }
}

// What a stage remembers between runs: a small JSON file that is replaced as a whole. A file that cannot be read is damage
// and is said, because a stage that began from nothing would write every row again.

import { dirname } from "node:path";
import type { z } from "zod";
import { makeFolder, readIfThere, writeDurably } from "#lib/durable";
import { Fault } from "#rpc/fault";

export async function readState<S extends z.ZodType>(
  path: string,
  schema: S,
): Promise<z.output<S> | undefined> {
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new Fault(
      "internal",
      "What was read so far is damaged. Move the hidden file of the stage away to read all sources again; rows that are there already are not written twice.",
    );
  }
}

export async function writeState(path: string, state: unknown): Promise<void> {
  await makeFolder(dirname(path));
  await writeDurably(path, `${JSON.stringify(state, null, 1)}\n`);
}

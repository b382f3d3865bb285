// The folders of all indexes, and how one takes the place of another: whole, or not at all. A crash at any moment
// leaves either the old one or the new one under the name, and what is left over is put right at the next start.
// Names of indexes never start with a dot, so that these cannot be mistaken for one.

import { existsSync } from "node:fs";
import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { syncFolder } from "#lib/durable";

/** On its way out; a crash may have left it half removed. */
const DROPPED = ".dropped-";
/** On its way in; not whole before it has its name. */
const INCOMING = ".incoming-";
/** The one before, until the new one has shown that it opens. */
const REPLACED = ".replaced-";

/** Puts right what a process left behind that died in the middle of something. */
export async function tidy(folder: string): Promise<void> {
  for (const entry of await readdir(folder)) {
    const path = join(folder, entry);
    if (entry.startsWith(REPLACED)) {
      const named = join(folder, entry.slice(REPLACED.length));
      if (!existsSync(named)) {
        await rename(path, named);
        continue;
      }
    } else if (!entry.startsWith(DROPPED) && !entry.startsWith(INCOMING)) continue;
    await rm(path, { recursive: true, force: true });
  }
  await syncFolder(folder);
}

export function incomingIn(folder: string): string {
  return join(folder, `${INCOMING}${crypto.randomUUID()}`);
}

/** Removes an index's folder: out of sight at once, whatever happens to the removal of its files. */
export async function drop(folder: string, name: string): Promise<void> {
  const aside = join(folder, `${DROPPED}${crypto.randomUUID()}`);
  await rename(join(folder, name), aside);
  await rm(aside, { recursive: true, force: true });
}

/**
 * Puts a whole folder in the place of an index's, which may be missing. `check` opens what is there then; when it
 * throws, the old one comes back and the fault goes on.
 */
export async function replace<T>(
  folder: string,
  name: string,
  incoming: string,
  check: () => Promise<T>,
): Promise<T> {
  const named = join(folder, name);
  const before = join(folder, `${REPLACED}${name}`);
  const there = existsSync(named);
  if (there) await rename(named, before);
  try {
    await rename(incoming, named);
    await syncFolder(folder);
    const opened = await check();
    await rm(before, { recursive: true, force: true });
    return opened;
  } catch (error) {
    if (existsSync(named)) await drop(folder, name);
    if (there) await rename(before, named);
    throw error;
  }
}

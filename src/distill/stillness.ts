// A root that is copied while a run works on it. Any moment of a run is one that the next run goes on from, so a copy is
// whole when no file is replaced while they are linked one after the other. Whoever copies asks for that by a file in the
// root, and the run waits for it before it puts rows in place.

import { rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TEMPORARY_SUFFIX } from "#lib/durable";
import { entriesOf } from "./root.ts";
import { LOCK_FILE } from "./runs/record.ts";

const ASKED_FILE = `.still${TEMPORARY_SUFFIX}`;
/** Longer than a backup holds the writes of a house: a file that is older was left behind. */
const ASKED_MS_MAX = 15_000;
const POLL_MS = 20;

/** Asks runs on the roots of a data folder to replace no file, until what it gives is called. */
export async function askStillness(data: string): Promise<() => Promise<void>> {
  const asked: string[] = [];
  const end = async (): Promise<void> => {
    for (const path of asked) await rm(path, { force: true });
  };
  try {
    for (const entry of await entriesOf(data)) {
      if (!entry.isDirectory()) continue;
      const root = join(data, entry.name);
      if ((await ageMs(join(root, LOCK_FILE))) === undefined) continue;
      const path = join(root, ASKED_FILE);
      asked.push(path);
      await writeFile(path, "", { mode: 0o600 });
    }
    return end;
  } catch (error) {
    await end();
    throw error;
  }
}

/** Returns at once unless somebody copies the root just now. */
export async function whileCopied(root: string): Promise<void> {
  for (;;) {
    const age = await ageMs(join(root, ASKED_FILE));
    if (age === undefined || age > ASKED_MS_MAX) return;
    await Bun.sleep(POLL_MS);
  }
}

async function ageMs(path: string): Promise<number | undefined> {
  try {
    return Date.now() - (await stat(path)).mtimeMs;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

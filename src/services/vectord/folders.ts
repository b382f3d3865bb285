// The folders of all indexes, and how one takes the place of another: whole, or not at all. A crash at any moment
// leaves either the old one or the new one under the name, and the next start removes what is unfinished. Names of
// indexes never start with a dot, so that these cannot be mistaken for one:
//
//   .incoming-<uuid>         being made; not whole before it has its name
//   .replaced-<name>         the former one, until the new one has opened
//   .dropped-<uuid>-<name>   dropped, until the list of indexes (index-list.ts) is without it
//   .damaged-<name>-<ms>     set aside by a repair; removed by people only

import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { syncFolder } from "#lib/durable";

const INCOMING = ".incoming-";
const REPLACED = ".replaced-";
const DROPPED = ".dropped-";
const UUID_CHARACTERS = 36;

/** Undoes replacements that a crash interrupted, and removes folders that were never whole. */
export async function removeUnfinished(folder: string): Promise<void> {
  for (const entry of await readdir(folder)) {
    const path = join(folder, entry);
    if (entry.startsWith(REPLACED)) {
      const named = join(folder, entry.slice(REPLACED.length));
      if (existsSync(named)) await rm(path, { recursive: true, force: true });
      else await rename(path, named);
    } else if (entry.startsWith(INCOMING)) await rm(path, { recursive: true, force: true });
  }
  await syncFolder(folder);
}

/** Names of indexes that have a folder. */
export async function namesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .map(({ name }) => name);
}

/** Folders of dropped indexes whose removal did not come to its end, by the name of the index. */
export async function droppedIn(folder: string): Promise<ReadonlyMap<string, string>> {
  const entries = (await readdir(folder)).filter((entry) => entry.startsWith(DROPPED));
  return new Map(
    entries.map((entry) => [entry.slice(DROPPED.length + UUID_CHARACTERS + 1), join(folder, entry)]),
  );
}

export function incomingIn(folder: string): string {
  return join(folder, `${INCOMING}${crypto.randomUUID()}`);
}

/** Takes an index's folder away and returns where it is now, for `rm` once the list is without the index. */
export async function drop(folder: string, name: string): Promise<string> {
  const dropped = join(folder, `${DROPPED}${crypto.randomUUID()}-${name}`);
  if (existsSync(join(folder, name))) await rename(join(folder, name), dropped);
  else await mkdir(dropped);
  await syncFolder(folder);
  return dropped;
}

/**
 * Puts a whole folder in the place of an index's, which may be missing. `check` opens what is there then; when it
 * throws, the old one comes back and the fault goes on. The old one is removed, or kept under the name `keptAs`.
 */
export async function replace<T>(
  folder: string,
  name: string,
  incoming: string,
  check: () => Promise<T>,
  keptAs?: string,
): Promise<T> {
  const named = join(folder, name);
  const former = join(folder, `${REPLACED}${name}`);
  const existed = existsSync(named);
  if (existed) await rename(named, former);
  try {
    await rename(incoming, named);
    await syncFolder(folder);
    const opened = await check();
    if (existed && keptAs !== undefined) await rename(former, join(folder, keptAs));
    else await rm(former, { recursive: true, force: true });
    return opened;
  } catch (error) {
    if (existsSync(named)) await rm(await drop(folder, name), { recursive: true, force: true });
    if (existed) await rename(former, named);
    throw error;
  }
}

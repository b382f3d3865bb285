// The files of a table in a folder. Lance writes each under a name of its own and never changes it, without a flush and
// without a checksum that its readers compare. So after every change the new files are flushed and hashed here, the index
// keeps the list with its state (state.ts), and opening compares what is on the disk with the list before Lance reads any of it.

import { createReadStream } from "node:fs";
import { open, readdir, readFile, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { damaged } from "#adapters/checksummed-file";
import { syncFolder } from "#lib/durable";
import type { TableFile } from "./contract.ts";

/** A hint that Lance rewrites in place and does without. */
const HINT = "_versions/latest_version_hint.json";
/** What Lance calls the folder of the table `t`. */
export const TABLE_FOLDER = "t.lance";
const BLOCK_BYTES = 4 * 1024 * 1024;

/** Paths below the table's folder, in order. */
async function pathsIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => path !== HINT)
    .sort();
}

/** The manifest of a version: they are named so that the newest comes first. */
function manifestPath(version: number): string {
  return `_versions/${String(2n ** 64n - 1n - BigInt(version)).padStart(20, "0")}.manifest`;
}

/** Empty when it is missing: what needs it says so. */
function manifestOf(folder: string, version: number): Promise<Buffer> {
  return readFile(join(folder, manifestPath(version))).catch(() => Buffer.alloc(0));
}

/** Whether a version needs a file: its manifest names its data files, as plain text among other things. */
async function neededBy(folder: string, version: number): Promise<(path: string) => boolean> {
  const own = manifestPath(version);
  const manifest = await manifestOf(folder, version);
  return (path) => path === own || (path.startsWith("data/") && manifest.includes(basename(path)));
}

/**
 * Flushes and hashes the files that are not known yet. Returns all that are there; with `beside`, when upkeep is under way,
 * without those that it has begun.
 */
export async function settleFiles(
  folder: string,
  known: ReadonlyMap<string, TableFile>,
  { version, beside }: { readonly version: number; readonly beside: boolean },
): Promise<Map<string, TableFile>> {
  const files = new Map<string, TableFile>();
  const folders = new Set<string>();
  const needed = beside ? await neededBy(folder, version) : () => true;
  for (const path of await pathsIn(folder)) {
    const before = known.get(path);
    const begun = path.startsWith("_indices/") || (path.startsWith("data/") && !needed(path));
    if (before === undefined && beside && begun) continue;
    const settled = before ?? (await settle(folder, path));
    if (settled === undefined) continue;
    files.set(path, settled);
    if (before !== undefined) continue;
    for (let up = dirname(join(folder, path)); up.length >= folder.length; up = dirname(up)) folders.add(up);
  }
  if (folders.size > 0) folders.add(dirname(folder));
  for (const each of folders) await syncFolder(each);
  return files;
}

/** Undefined when upkeep removed it meanwhile. */
async function settle(folder: string, path: string): Promise<TableFile | undefined> {
  try {
    const file = await open(join(folder, path), "r");
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    return { path, ...(await hashed(join(folder, path))) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** xxHash64 chained over blocks of 4 MiB. */
export async function hashed(path: string): Promise<{ bytes: number; hash: string }> {
  let [bytes, hash] = [0, 0n];
  for await (const block of createReadStream(path, { highWaterMark: BLOCK_BYTES })) {
    const part = block as Uint8Array;
    hash = Bun.hash.xxHash64(part, hash);
    bytes += part.length;
  }
  return { bytes, hash: hash.toString(16) };
}

/**
 * Removes what is not on the list: begun by a process that ended before it was. An index that interrupted upkeep had
 * committed, and the version names, stays; true says that there is one, whose files nothing vouches for.
 */
export async function removeUnlisted(
  folder: string,
  listed: ReadonlyMap<string, TableFile>,
  version: number,
): Promise<boolean> {
  const manifest = await manifestOf(folder, version);
  let doubtful = false;
  for (const path of await pathsIn(folder)) {
    if (listed.has(path)) continue;
    if (path.startsWith("_indices/") && namesIndex(manifest, path)) doubtful = true;
    else await rm(join(folder, path), { force: true });
  }
  await rm(join(folder, HINT), { force: true });
  return doubtful;
}

/** An index's folder is its UUID, which a manifest has as sixteen bytes. */
function namesIndex(manifest: Buffer, path: string): boolean {
  const uuid = Buffer.from((path.split("/")[1] ?? "").replaceAll("-", ""), "hex");
  return uuid.length === 16 && manifest.includes(uuid);
}

/** The list without files that interrupted upkeep removed, as it may: no version that is kept needs them. */
export async function withoutRemoved(
  folder: string,
  listed: ReadonlyMap<string, TableFile>,
  version: number,
): Promise<Map<string, TableFile>> {
  const needed = await neededBy(folder, version);
  const there = new Set(await pathsIn(folder));
  return new Map([...listed].filter(([path]) => there.has(path) || needed(path)));
}

/** A sentence for each file of the list that is not as it was. */
export async function damageIn(
  folder: string,
  listed: Iterable<TableFile>,
): Promise<{ path: string; damage: string }[]> {
  const found: { path: string; damage: string }[] = [];
  for (const { path, bytes, hash } of listed) {
    const damage = await damageOf(join(folder, path), bytes, hash);
    if (damage !== null) found.push({ path, damage });
  }
  return found;
}

async function damageOf(path: string, bytes: number, hash: string): Promise<string | null> {
  try {
    if ((await stat(path)).size !== bytes) return damaged(path, "it has another length").message;
    if ((await hashed(path)).hash !== hash) return damaged(path, "it does not match its checksum").message;
    return null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return damaged(path, "it is missing").message;
    throw error;
  }
}

// That something of a data folder held what was acknowledged: an empty file of its name in the folder `witnesses/`. The files
// of one part lie together and may be lost together, with the counters and copies beside them; what begins empty where its
// witness stands has lost everything.

import { closeSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isThereSync, syncFolder } from "#lib/durable";

const FOLDER = "witnesses";

/** Beside the file or folder; databases are told by their ending, and this is none. */
export function witnessPath(path: string): string {
  return join(dirname(path), FOLDER, basename(path, ".sqlite"));
}

export function isWitnessed(path: string): boolean {
  return isThereSync(witnessPath(path));
}

/** Durable when it returns: milliseconds, once in the life of a folder. */
export function witness(path: string): void {
  const file = witnessPath(path);
  if (isThereSync(file)) return;
  if (mkdirSync(dirname(file), { recursive: true, mode: 0o700 }) !== undefined) syncFolderSync(dirname(path));
  closeSync(openSync(file, "a", 0o600));
  syncFolderSync(dirname(file));
}

/** For what is removed on purpose. */
export async function forget(path: string): Promise<void> {
  const file = witnessPath(path);
  if (!isThereSync(file)) return;
  await rm(file, { force: true });
  await syncFolder(dirname(file));
}

export function syncFolderSync(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

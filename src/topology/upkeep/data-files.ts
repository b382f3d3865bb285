// Which files of a data folder are its content. They are found by listing the folder, never by knowing them: a service
// that keeps something new is in the next backup without an edit here. Left out is only what belongs to running processes
// (locks, sockets, pidfiles), what can be made again (caches), and work that was not finished (spools, temporary files).

import type { BigIntStats, Dirent } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { TEMPORARY_SUFFIX } from "#lib/durable";
import { locksFolder } from "../pidfile.ts";

export interface DataFile {
  /** Below the data folder, segments separated by `/`. */
  readonly path: string;
  readonly size: number;
  /** Another one whenever the file was written again under its name. */
  readonly version: string;
}

/** Folders at the top that hold nothing that lasts. */
const PASSING_FOLDERS: ReadonlySet<string> = new Set(["run", "locks", "spool", "cache", "objects.partial"]);
/** Where backups put the files together; see capture.ts. */
export const STAGING_FOLDER = "backup.partial";
/** What a house writes about itself while it runs, and a restore while it is not through. */
const PASSING_FILES: ReadonlySet<string> = new Set(["running.json", "restore.json"]);
const DATABASE = /\.sqlite$/;
/** Locks are empty databases; SQLite may leave a journal beside one. */
const LOCK = /\.lock(-journal)?$/;
const BESIDE = /\.sqlite\.[\w.]+$/;
/** What is in them is in the copy that SQLite makes. */
const SQLITE_WORKING_FILE = /\.sqlite-(wal|shm|journal)$/;

/** Held while a backup has its files in the staging folder. */
export function backupLock(data: string): string {
  return join(locksFolder(data), "backup.lock");
}

export function isDatabase(path: string): boolean {
  return DATABASE.test(path) && !isObject(path);
}

/** A file that belongs to a database and is written in place, as the counter of its commits is. */
export function isBesideDatabase(path: string): boolean {
  return BESIDE.test(path) && !isObject(path);
}

/** An object is content whatever its key is: `yarn.lock`, `customers.sqlite`. */
function isObject(path: string): boolean {
  return /^objects(?:\.checksums)?\//.test(path);
}

/** Whether a name at the top of the folder holds content. */
function isContent(name: string): boolean {
  return !PASSING_FOLDERS.has(name) && name !== STAGING_FOLDER && !PASSING_FILES.has(name);
}

function isPassing(name: string): boolean {
  return name.endsWith(TEMPORARY_SUFFIX) || LOCK.test(name) || SQLITE_WORKING_FILE.test(name);
}

/** A folder that takes its name once all of it is there, as an export's. */
function isUnfinished(name: string): boolean {
  return name.startsWith(".") && name.endsWith(TEMPORARY_SUFFIX);
}

/** The files below `folder` of the data folder, `""` for all of it, sorted by path. */
export async function dataFiles(data: string, folder = ""): Promise<DataFile[]> {
  const found: DataFile[] = [];
  const visit = async (below: string): Promise<void> => {
    for (const entry of await entriesOf(join(data, below))) {
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      if (below === "" && !isContent(entry.name)) continue;
      if (entry.isDirectory()) {
        if (isObject(path) || !isUnfinished(entry.name)) await visit(path);
      } else if (entry.isFile() && (isObject(path) || !isPassing(entry.name))) {
        const stats = await lstat(join(data, path), { bigint: true }).catch(goneIsNone);
        if (stats !== undefined) found.push({ path, size: Number(stats.size), version: versionOf(stats) });
      }
    }
  };
  await visit(folder);
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** A folder that is removed meanwhile had nothing that lasts. */
async function entriesOf(path: string): Promise<Dirent[]> {
  return (await readdir(path, { withFileTypes: true }).catch(goneIsNone)) ?? [];
}

export function goneIsNone(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
  throw error;
}

/** Every content is a new file, but for logs, which only grow. */
export function versionOf({ ino, mtimeNs, size }: BigIntStats): string {
  return [ino, mtimeNs, size].map((part) => part.toString(36)).join("-");
}

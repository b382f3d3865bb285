// Atomic, durable writes of whole files: written to a temporary file, flushed to the disk, renamed into place, and the
// folder flushed so that the new name survives a crash too (POSIX rename(2)).

import { lstatSync } from "node:fs";
import { type FileHandle, link, lstat, mkdir, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type Disk, nodeDisk, writeWhole } from "./disk.ts";

/** Marks files that a crash may leave behind: nothing reads them, and the next start removes them. */
export const TEMPORARY_SUFFIX = ".partial";

let temporaries = 0;

export function temporaryPath(folder: string, name: string): string {
  temporaries += 1;
  return join(folder, `.${name.slice(-80)}.${process.pid}-${temporaries}${TEMPORARY_SUFFIX}`);
}

/** Flushes a folder, so that names created or removed in it survive a crash. */
export function syncFolder(path: string): Promise<void> {
  return nodeDisk.syncFolder(path);
}

/** Creates a folder and every missing one above it, and flushes the folder that holds each of them. */
export async function makeFolder(path: string): Promise<void> {
  const made = await mkdir(path, { recursive: true });
  if (made === undefined) return;
  for (let folder = path; ; folder = dirname(folder)) {
    await syncFolder(dirname(folder));
    if (folder === made) return;
  }
}

/** Replaces a small file: afterwards it holds `content`, or after a failure what it held before. */
export async function writeDurably(
  path: string,
  content: string | Uint8Array,
  disk: Disk = nodeDisk,
): Promise<void> {
  const folder = dirname(path);
  const temporary = temporaryPath(folder, basename(path));
  const file = await disk.create(temporary);
  try {
    try {
      await writeWhole(file, typeof content === "string" ? new TextEncoder().encode(content) : content, 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await disk.rename(temporary, path);
  } catch (error) {
    await disk.remove(temporary).catch(() => undefined);
    throw error;
  }
  await disk.syncFolder(folder);
}

/** Puts a finished, flushed temporary file under its name, which survives a crash once the folder is flushed. */
export async function place(temporary: string, path: string, ifAbsent: boolean): Promise<"done" | "exists"> {
  if (!ifAbsent) {
    await rename(temporary, path);
    return "done";
  }
  // link(2) fails when the name is taken, which rename does not: of many racers exactly one wins.
  try {
    await link(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return "exists";
    throw error;
  }
  await rm(temporary, { force: true });
  return "done";
}

/** Writes all of `bytes`: a write near a full disk may take only a part. */
export async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.byteLength) {
    const { bytesWritten } = await file.write(bytes, done, bytes.byteLength - done);
    done += bytesWritten;
  }
}

/** Whether there is something of that name. Throws where that cannot be told. */
export async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

/** The same where nothing else may happen meanwhile. */
export function isThereSync(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

/** The file's text, or undefined when it is not there. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

// File operations below a root that is shared by concurrent writers: opening, inspecting and publishing under names whose
// folders may be removed meanwhile, with disk errors turned into faults.

import type { BigIntStats } from "node:fs";
import { type FileHandle, open, rmdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolder, place, syncFolder } from "#lib/durable";
import { Fault } from "#rpc/fault";
import { notFound } from "../objects.ts";

/** Retries for a folder that the removal of its last object deletes; each attempt needs another such removal to fail. */
const FOLDER_TRIES_MAX = 20;

/** Puts a flushed temporary file under its name, whose folder is made where there is none. The folder is not flushed. */
export async function placeBelow(
  temporary: string,
  path: string,
  ifAbsent: boolean,
): Promise<"done" | "exists"> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await place(temporary, path, ifAbsent);
    } catch (error) {
      if (!isGone(error) || tries === FOLDER_TRIES_MAX) throw error;
    }
    await makeFolder(dirname(path)).catch((error: unknown) => {
      // A folder that is removed before it is inspected would be reported as a file that blocks the path.
      if (!(isGone(error) || isInTheWay(error))) throw error;
    });
  }
}

function isGone(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}

/** Disk errors that a caller can act on, as faults. */
export async function onDisk<T>(key: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isInTheWay(error)) {
      throw new Fault(
        "conflict",
        `${key} is in the way of, or below, another object; a folder cannot hold both.`,
      );
    }
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENAMETOOLONG") throw new Fault("invalid", "A segment of the key is too long for the disk.");
    throw toDiskFault(error);
  }
}

const IN_THE_WAY = new Set(["ENOTDIR", "EISDIR", "ENOTEMPTY", "EEXIST"]);

function isInTheWay(error: unknown): boolean {
  return IN_THE_WAY.has((error as NodeJS.ErrnoException).code ?? "");
}

export function toDiskFault(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new Fault("unavailable", "The disk is full. Free some space and send this again.", {
      cause: error,
    });
  }
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    return new Fault("unavailable", "The data folder cannot be written to. Correct its permissions.", {
      cause: error,
    });
  }
  if (code === "EIO") return new Fault("unavailable", "The disk failed to write.", { cause: error });
  return error;
}

export async function statObject(path: string, key: string): Promise<BigIntStats> {
  try {
    const found = await stat(path, { bigint: true });
    if (found.isFile()) return found;
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
  throw notFound(key);
}

export function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return (
    code === "ENOENT" ||
    code === "ENOTDIR" ||
    code === "EISDIR" ||
    code === "ENAMETOOLONG" ||
    code === "EPERM"
  );
}

export async function openObject(path: string, key: string): Promise<FileHandle> {
  // A folder can be opened too.
  await statObject(path, key);
  try {
    return await open(path, "r");
  } catch (error) {
    throw isAbsent(error) ? notFound(key) : toDiskFault(error);
  }
}

export async function removeEmptyFolders(root: string, folder: string): Promise<void> {
  // The folder is gone when another removal was the last one in it; then that one flushed what holds it.
  await syncFolder(folder).catch((error: unknown) => {
    if (!isGone(error)) throw error;
  });
  for (let at = folder; at !== root; at = dirname(at)) {
    try {
      await rmdir(at);
    } catch {
      return;
    }
  }
}

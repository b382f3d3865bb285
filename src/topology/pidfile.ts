// Which process runs over a data folder, and where it answers: one small file beside each lock. A pidfile counts only
// while its lock is held, so what a killed process left behind, or a process number that another program has by now,
// misleads no command.

import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { ServiceName } from "#contracts/house";
import { readIfThere, writeDurably } from "#lib/durable";
import { isLocked } from "#lib/file-lock";

/** What has an owner: the house as a whole, and each of its services. */
export type PartName = ServiceName | "gateway";
export type LockName = PartName | "house";

const pidfile = z.object({
  pid: z.int(),
  started_at: z.string(),
  url: z.string().optional(),
  /** Of a service: it belongs to a house that runs or ran, and ends with it. */
  supervised: z.boolean().optional(),
  /** Inode of the lock file, of a house: in a copy of the folder it is another one. */
  lock_inode: z.string().optional(),
});
export type Pidfile = z.infer<typeof pidfile>;

/** Locks of services stand in a folder of their own. */
export function locksFolder(data: string): string {
  return join(data, "locks");
}

export function lockPath(data: string, name: LockName): string {
  return name === "house" ? join(data, "house.lock") : join(locksFolder(data), `${name}.lock`);
}

function pidfilePath(data: string, name: LockName): string {
  return name === "house" ? join(data, "running.json") : join(locksFolder(data), `${name}.json`);
}

/**
 * False on a disk that is full: the process runs all the same, and commands that look for it there do not find it. So
 * `--url` is needed.
 */
export async function writePidfile(
  data: string,
  name: LockName,
  more: Omit<Pidfile, "pid" | "started_at"> = {},
): Promise<boolean> {
  const mine: Pidfile = { pid: process.pid, started_at: new Date().toISOString(), ...more };
  try {
    await writeDurably(pidfilePath(data, name), `${JSON.stringify(mine)}\n`);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOSPC" || code === "EDQUOT") return false;
    throw error;
  }
}

export function removePidfile(data: string, name: LockName): Promise<void> {
  return rm(pidfilePath(data, name), { force: true });
}

/** Adds the URL of the gateway to the pidfile of the house, once it answers. */
export function recordUrl(data: string, url: string): Promise<boolean> {
  return writeHousePidfile(data, { url });
}

export async function writeHousePidfile(
  data: string,
  more: { readonly url?: string } = {},
): Promise<boolean> {
  return writePidfile(data, "house", { ...more, lock_inode: await lockInode(data) });
}

async function lockInode(data: string): Promise<string> {
  return (await stat(lockPath(data, "house"), { bigint: true })).ino.toString(36);
}

/**
 * True when the folder is a copy that was made of another one while a house ran over it, or after it was killed: a house
 * that stops removes its pidfile, and one that was killed here had this lock file. Asked by the holder of the lock.
 */
export async function isCopyOfLive(data: string): Promise<boolean> {
  const text = await readIfThere(pidfilePath(data, "house"));
  const found = text === undefined ? undefined : pidfile.safeParse(safeJson(text)).data;
  return found?.lock_inode !== undefined && found.lock_inode !== (await lockInode(data));
}

/** The pidfile of what runs over the folder; undefined when nothing does, also after it was killed. */
export async function readPidfile(data: string, name: LockName = "house"): Promise<Pidfile | undefined> {
  const text = await readIfThere(pidfilePath(data, name));
  if (text === undefined || !isLocked(lockPath(data, name))) return undefined;
  return pidfile.safeParse(safeJson(text)).data;
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

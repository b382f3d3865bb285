// The data lock: one house at a time owns a data folder, namely the process that holds the lock on a file in it. The
// system releases the lock when the process ends, however it ends, so neither a crash nor a reboot nor a reused process
// id can keep the next house out. A pidfile beside the lock tells `status` and `down` where the house answers; it counts
// only while the lock is held.

import { Database, SQLiteError } from "bun:sqlite";
import { access, constants, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { makeFolder, readIfThere, writeDurably } from "#lib/durable";
import { Fault } from "#rpc/fault";

const pidfile = z.object({ pid: z.int(), started_at: z.string(), url: z.string().optional() });
export type Pidfile = z.infer<typeof pidfile>;

function pidfilePath(data: string): string {
  return join(data, "running.json");
}

/** `readPidfile` of another process holds a shared lock for less than that. */
const PROBE_MS_MAX = 250;
const POLL_MS = 10;

/**
 * Locks the data folder for this process, creating it when it is missing, and waits at most `waitMs` for a house that is
 * stopping. Resolves with the function that releases the lock. Throws Fault `conflict` when another house holds it.
 */
export async function acquireDataLock(data: string, waitMs = PROBE_MS_MAX): Promise<() => Promise<void>> {
  let lock: Database | undefined;
  try {
    await makeFolder(data);
    await access(data, constants.W_OK | constants.R_OK | constants.X_OK);
    const until = performance.now() + waitMs;
    for (lock = tryLock(data); lock === undefined && performance.now() < until; lock = tryLock(data)) {
      await Bun.sleep(POLL_MS);
    }
  } catch (error) {
    throw folderFault(data, error);
  }
  if (lock === undefined) throw await heldFault(data);
  const held = lock;
  LOCKS.add(held);
  const release = async (): Promise<void> => {
    await rm(pidfilePath(data), { force: true });
    held.close();
    LOCKS.delete(held);
  };
  try {
    await writePidfile(data, {});
  } catch (error) {
    await release();
    throw error;
  }
  return release;
}

/** A database that nothing refers to is closed by the garbage collector, which would release its lock. */
const LOCKS = new Set<Database>();

async function heldFault(data: string): Promise<Fault> {
  const other = await readPidfile(data);
  const where = other?.url === undefined ? "" : ` at ${other.url}`;
  const holder = other === undefined ? "" : ` (process ${other.pid}${where})`;
  return new Fault(
    "conflict",
    `A house runs over ${data} already${holder}. Use it, stop it with: lakehouse down --data ${data} -- replace it with: lakehouse up --take-over --data ${data} -- or choose another folder with --data.`,
  );
}

/**
 * The lock is SQLite's, over an empty file: POSIX advisory locks, which also hold between containers that share the
 * folder, and between two houses of one process.
 */
function tryLock(data: string): Database | undefined {
  const database = new Database(lockPath(data));
  try {
    database.run("BEGIN EXCLUSIVE");
    return database;
  } catch (error) {
    database.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
}

function isHeld(data: string): boolean {
  let database: Database | undefined;
  try {
    database = new Database(lockPath(data), { readonly: true });
    database.query("SELECT count(*) FROM sqlite_schema").get();
    return false;
  } catch (error) {
    return isBusy(error);
  } finally {
    database?.close();
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof SQLiteError && error.code === "SQLITE_BUSY";
}

function lockPath(data: string): string {
  return join(data, "house.lock");
}

/** Adds the URL of the gateway to the pidfile, once it answers. */
export async function recordUrl(data: string, url: string): Promise<void> {
  await writePidfile(data, { url });
}

async function writePidfile(data: string, more: { url?: string }): Promise<void> {
  const mine: Pidfile = { pid: process.pid, started_at: new Date().toISOString(), ...more };
  try {
    await writeDurably(pidfilePath(data), `${JSON.stringify(mine)}\n`);
  } catch (error) {
    throw folderFault(data, error);
  }
}

/** The pidfile of the house that runs over the folder; undefined when none does, also after one was killed. */
export async function readPidfile(data: string): Promise<Pidfile | undefined> {
  const text = await readIfThere(pidfilePath(data));
  if (text === undefined || !isHeld(data)) return undefined;
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

function folderFault(data: string, error: unknown): Fault {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC")
    return new Fault("unavailable", `The disk that holds ${data} is full. Free some space.`);
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    return new Fault(
      "forbidden",
      `This user may not write to ${data}. Change its permissions or choose another folder with --data.`,
    );
  }
  if (code === "ENOTDIR" || code === "EEXIST") {
    return new Fault("invalid", `${data} is not a folder. Choose another with --data.`);
  }
  return new Fault("unavailable", `${data} cannot be used: ${(error as Error).message}.`, { cause: error });
}

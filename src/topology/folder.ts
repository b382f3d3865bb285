// The data folder belongs to one house at a time: to the process that holds the lock of a file in it. The system
// lets go of that lock when the process ends, however it ends, so neither a crash nor a reboot nor another program
// that got the same process number can keep a house out. Who runs there is written down beside it, so that `status`
// and `down` find the house; what is written counts only while somebody holds the lock.

import { Database, SQLiteError } from "bun:sqlite";
import { access, constants, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { makeFolder, readIfThere, writeDurably } from "#lib/durable";
import { Fault } from "#rpc/fault";

const claim = z.object({ pid: z.int(), started_at: z.string(), url: z.string().optional() });
export type Claim = z.infer<typeof claim>;

function claimPath(data: string): string {
  return join(data, "running.json");
}

/** Whoever only looks whether the folder is taken holds its lock for less than that. */
const GLANCE_MS_MAX = 250;
const LOOK_MS = 10;

/**
 * Takes the folder for this process, making it when it is missing, and waits at most `waitMs` for a house that is
 * ending. Resolves with the function that gives it back.
 */
export async function claimData(data: string, waitMs = GLANCE_MS_MAX): Promise<() => Promise<void>> {
  let lock: Database | undefined;
  try {
    await makeFolder(data);
    await access(data, constants.W_OK | constants.R_OK | constants.X_OK);
    const until = performance.now() + waitMs;
    for (lock = takeLock(data); lock === undefined && performance.now() < until; lock = takeLock(data)) {
      await Bun.sleep(LOOK_MS);
    }
  } catch (error) {
    throw folderFault(data, error);
  }
  if (lock === undefined) throw await takenFault(data);
  const held = lock;
  LOCKS.add(held);
  const release = async (): Promise<void> => {
    await rm(claimPath(data), { force: true });
    held.close();
    LOCKS.delete(held);
  };
  try {
    await writeClaim(data, {});
  } catch (error) {
    await release();
    throw error;
  }
  return release;
}

/** A lock that nothing refers to is closed by the garbage collector, and the folder given away. */
const LOCKS = new Set<Database>();

async function takenFault(data: string): Promise<Fault> {
  const other = await readClaim(data);
  const where = other?.url === undefined ? "" : ` at ${other.url}`;
  const who = other === undefined ? "" : ` (process ${other.pid}${where})`;
  return new Fault(
    "conflict",
    `A house runs over ${data} already${who}. Use it, stop it with: lakehouse down --data ${data} -- replace it with: lakehouse up --take-over --data ${data} -- or choose another folder with --data.`,
  );
}

/**
 * The lock is SQLite's, over an empty file: POSIX advisory locks, which also hold between containers that share the
 * folder, and between two houses of one process.
 */
function takeLock(data: string): Database | undefined {
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

/** Adds where the house answers, once it does. */
export async function announce(data: string, url: string): Promise<void> {
  await writeClaim(data, { url });
}

async function writeClaim(data: string, more: { url?: string }): Promise<void> {
  const mine: Claim = { pid: process.pid, started_at: new Date().toISOString(), ...more };
  try {
    await writeDurably(claimPath(data), `${JSON.stringify(mine)}\n`);
  } catch (error) {
    throw folderFault(data, error);
  }
}

/** Who runs over the folder; undefined when nobody does, also when whoever did was killed. */
export async function readClaim(data: string): Promise<Claim | undefined> {
  const text = await readIfThere(claimPath(data));
  if (text === undefined || !isHeld(data)) return undefined;
  return claim.safeParse(safeJson(text)).data;
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
    return new Fault("unavailable", `The disk that holds ${data} is full. Free some room.`);
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    return new Fault(
      "forbidden",
      `${data} may not be written to by this user. Mend its rights or choose another with --data.`,
    );
  }
  if (code === "ENOTDIR" || code === "EEXIST") {
    return new Fault("invalid", `${data} is not a folder. Choose another with --data.`);
  }
  return new Fault("unavailable", `${data} cannot be used: ${(error as Error).message}.`, { cause: error });
}

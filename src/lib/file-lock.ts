// An exclusive lock on a file, held by a process for as long as it lives: the system takes it back when the process
// ends, however it ends. It is SQLite's lock over an empty file, that is POSIX advisory locks on the inode, so two paths
// to one file (symbolic links, bind mounts) meet the same lock, and it also holds between containers that share the
// folder and between two holders of one process.
//
// A process that holds a lock must never open the lock file by other means: closing any descriptor of a file gives up
// the process's POSIX locks on it (fcntl(2)).

import { Database, SQLiteError } from "bun:sqlite";

export interface FileLock {
  release(): void;
}

/** A lock that nothing refers to is closed by the garbage collector, and so given up. */
const HELD = new Set<Database>();

/** How often a lock that somebody else holds is tried again. */
const RETRY_MS = 10;

/** Takes the lock, making its file when it is missing; undefined when somebody else has it. */
export function tryLock(path: string): FileLock | undefined {
  const database = new Database(path);
  try {
    // Nothing is ever written: a journal would need room on a disk that may be full.
    database.run("PRAGMA journal_mode = MEMORY");
    database.run("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
  HELD.add(database);
  return {
    release: () => {
      if (HELD.delete(database)) database.close();
    },
  };
}

/** As `tryLock`, and waits at most `waitMs` for whoever has it. */
export async function lockWithin(path: string, waitMs: number): Promise<FileLock | undefined> {
  const until = performance.now() + waitMs;
  for (;;) {
    const lock = tryLock(path);
    if (lock !== undefined || performance.now() >= until) return lock;
    await Bun.sleep(RETRY_MS);
  }
}

/** Whether somebody holds the lock just now. Looking takes it for a moment that `lockWithin` waits out. */
export function isLocked(path: string): boolean {
  let database: Database | undefined;
  try {
    database = new Database(path, { readonly: true });
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

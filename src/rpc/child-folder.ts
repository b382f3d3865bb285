// The folder of a child process: its socket and its temporary files. It goes away with the child; where both the child
// and its parent were killed, nothing is left to remove it, so a process that begins to spawn children removes what was
// abandoned. A folder is in use as long as its parent holds the lock in it, which the system gives up with the process.

import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isLocked, tryLock } from "#lib/file-lock";

export interface ChildFolder {
  readonly path: string;
  /** Removes it with all that is in it. */
  remove(): void;
}

const PREFIX = "lakehouse-";
/** As `mkdtemp` names them; run folders of houses have longer names. */
const CHILD_FOLDER = /^lakehouse-[A-Za-z0-9]{6}$/;
const LOCK = "parent.lock";

let cleaned = false;

export function makeChildFolder(temp = tmpdir()): ChildFolder {
  if (!cleaned) removeAbandoned(temp);
  cleaned = true;
  const path = mkdtempSync(join(temp, PREFIX));
  const lock = tryLock(join(path, LOCK));
  return {
    path,
    remove: () => {
      lock?.release();
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** A folder is made, and then its lock, and then the lock is taken: what is younger may be on its way to that. */
const YOUNG_MS = 60_000;

/** What has no lock in it is none of ours. */
export function removeAbandoned(temp: string, youngMs = YOUNG_MS): void {
  for (const name of readdirSync(temp)) {
    if (!CHILD_FOLDER.test(name)) continue;
    const path = join(temp, name);
    try {
      if (!existsSync(join(path, LOCK)) || Date.now() - statSync(path).birthtimeMs < youngMs) continue;
      if (isLocked(join(path, LOCK))) continue;
      rmSync(path, { recursive: true, force: true });
    } catch {
      // Another user's: it is left to its owner.
    }
  }
}

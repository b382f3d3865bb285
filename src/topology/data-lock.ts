// The data locks: each part of a data folder has one owner at a time. Whoever runs a service holds the lock of that
// service, whether it is a process of its own (`serve`), one of a supervisor's (`up --apart`) or all of them in one (`up`);
// a house holds the lock of the house besides. The system releases a lock when its process ends, however it ends, so neither
// a crash nor a reboot nor a reused process id can keep the next one out.
//
// Nothing of a folder is opened, cleaned or repaired without its lock. A process that is not part of the house that runs is
// refused whichever came first: it takes the lock of its service and then looks for a house, a house takes its own lock
// and then looks for services, so of the two that start at once at most one goes on.

import { access, chmod, constants, mkdir, stat } from "node:fs/promises";
import { SERVICE_NAMES } from "#contracts/services";
import { makeFolder } from "#lib/durable";
import { type FileLock, isLocked, lockWithin } from "#lib/file-lock";
import { Fault } from "#rpc/fault";
import { END_MS_MAX } from "./lifecycle.ts";
import {
  isCopyOfLive,
  type LockName,
  lockPath,
  locksFolder,
  type PartName,
  readPidfile,
  removePidfile,
  writeHousePidfile,
  writePidfile,
} from "./pidfile.ts";

/** `isLocked` in another process holds a shared lock for less than that. */
const PROBE_MS_MAX = 250;

/** Releases what was locked; once, however often it is called. */
export type Release = () => Promise<void>;

export interface DataLock {
  readonly release: Release;
  /** Releases the locks of the services, so that daemons of this house can take them. */
  readonly releaseParts: Release;
  /** See `isCopyOfLive`. Such a folder keeps the pidfile that says so until `adopt`. */
  readonly isCopyOfLive: boolean;
  /** Makes the folder this house's own, once a copy is known to be whole. */
  adopt(): Promise<void>;
}

/**
 * Locks the data folder for a house, with every service's part of it, creating it when it is missing; waits at most
 * `waitMs` for a house that is stopping. Throws Fault `conflict` when another house, or a service on its own, runs over it.
 */
export async function acquireDataLock(data: string, waitMs = PROBE_MS_MAX): Promise<DataLock> {
  await prepareFolder(data);
  let house: FileLock | undefined;
  let adopted = false;
  const parts: [PartName, FileLock][] = [];
  const releaseParts = releaseOf(data, parts);
  const release = async (): Promise<void> => {
    // The house last: a process that finds it free finds its services free.
    await releaseParts();
    if (adopted) await removePidfile(data, "house");
    adopted = false;
    house?.release();
  };
  const adopt = async (): Promise<void> => {
    adopted = true;
    await writeHousePidfile(data);
  };
  try {
    house = await take(data, "house", waitMs);
    const copied = await isCopyOfLive(data);
    for (const name of SERVICE_NAMES) {
      parts.push([name, await take(data, name, await partWaitMs(data, name, waitMs))]);
      await writePidfile(data, name, { supervised: true });
    }
    if (!copied) await adopt();
    return { release, releaseParts, isCopyOfLive: copied, adopt };
  } catch (error) {
    await release();
    throw folderFault(data, error);
  }
}

/**
 * Locks one service's part of the folder. `supervised` says that this process belongs to the house that holds the
 * folder; one that does not is refused where a house runs.
 */
export async function acquirePartLock(
  data: string,
  name: PartName,
  {
    supervised,
    waitMs = PROBE_MS_MAX,
  }: { readonly supervised: boolean; readonly waitMs?: number | undefined },
): Promise<Release> {
  await prepareFolder(data);
  const held: [PartName, FileLock][] = [];
  const release = releaseOf(data, held);
  try {
    held.push([name, await take(data, name, waitMs)]);
    if (!supervised && isLocked(lockPath(data, "house"))) throw await heldFault(data, "house");
    await writePidfile(data, name, { supervised });
  } catch (error) {
    await release();
    throw folderFault(data, error);
  }
  return release;
}

/** Whether anything runs over the folder. */
export function isDataLocked(data: string): boolean {
  return [...SERVICE_NAMES, "gateway" as const, "house" as const].some((name) =>
    isLocked(lockPath(data, name)),
  );
}

async function take(data: string, name: LockName, waitMs: number): Promise<FileLock> {
  const lock = await lockWithin(lockPath(data, name), waitMs);
  if (lock !== undefined) return lock;
  throw await heldFault(data, name);
}

/** The daemons of a house whose supervisor was killed end by themselves, and are waited for. */
async function partWaitMs(data: string, name: PartName, waitMs: number): Promise<number> {
  const holder = await readPidfile(data, name);
  return holder?.supervised === true ? Math.max(waitMs, END_MS_MAX) : waitMs;
}

function releaseOf(data: string, held: [PartName, FileLock][]): Release {
  return async () => {
    for (const [name, lock] of held.splice(0).toReversed()) {
      await removePidfile(data, name);
      lock.release();
    }
  };
}

async function heldFault(data: string, name: LockName): Promise<Fault> {
  const house = await readPidfile(data, "house");
  if (name === "house" || house !== undefined) {
    const where = house?.url === undefined ? "" : ` at ${house.url}`;
    const holder = house === undefined ? "" : ` (process ${house.pid}${where})`;
    return new Fault(
      "conflict",
      `A house runs over ${data} already${holder}. Use it, stop it with: lakehouse down --data ${data} -- replace it with: lakehouse up --take-over --data ${data} -- or choose another folder with --data.`,
    );
  }
  const part = await readPidfile(data, name);
  const holder = part === undefined ? "" : ` (process ${part.pid})`;
  return new Fault(
    "conflict",
    `${name} runs over ${data} already${holder}. Stop that one first, or choose another folder with --data.`,
  );
}

/** Everything below is for the owner of the folder alone: so is whatever this process makes from now on. */
const FOLDER_MODE = 0o700;
const PRIVATE_UMASK = 0o077;

async function prepareFolder(data: string): Promise<void> {
  process.umask(PRIVATE_UMASK);
  try {
    await makeFolder(data);
    await access(data, constants.W_OK | constants.R_OK | constants.X_OK);
    await closeToOthers(data);
    await mkdir(locksFolder(data), { recursive: true, mode: FOLDER_MODE });
  } catch (error) {
    throw folderFault(data, error);
  }
}

/** A folder that this user may write to and does not own, as volumes of containers are, keeps its mode. */
async function closeToOthers(data: string): Promise<void> {
  const { mode, uid } = await stat(data);
  if ((mode & 0o077) !== 0 && uid === process.getuid?.()) await chmod(data, FOLDER_MODE);
}

function folderFault(data: string, error: unknown): unknown {
  if (error instanceof Fault) return error;
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

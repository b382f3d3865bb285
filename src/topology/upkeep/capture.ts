// The content of a data folder at one moment, as files that stay what they are while they are copied: a folder of hard
// links. Every content is a file of its own that is replaced by renaming, so a link keeps it whatever becomes of its
// name; a log only grows, so its length at that moment is where it ends; a database is copied by SQLite itself. What is
// smaller than a kibibyte is copied too: a service may keep a counter so and write it in place.
//
// While a house runs its writes are held (gateway/backup-hold.ts). What it does in the background meanwhile, as writing a
// snapshot of an index, changes a folder under the links: it is linked again until it was quiet for once.

import { constants } from "node:fs";
import { copyFile, link, lstat, mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { copyDatabase } from "#adapters/state";
import { askStillness } from "#distill/stillness";
import { Fault } from "#rpc/fault";
import { HOLD_MS_MAX, type HouseHold } from "../gateway/backup-hold.ts";
import {
  type DataFile,
  dataFiles,
  goneIsNone,
  isBesideDatabase,
  isDatabase,
  STAGING_FOLDER,
  versionOf,
} from "./data-files.ts";

export interface Capture {
  readonly files: readonly DataFile[];
  /** When it was that way. */
  readonly at: Date;
  /** Where a file of it lies now. Only its first `size` bytes count. */
  path(file: DataFile): string;
  close(): Promise<void>;
}

const OBJECTS = "objects";

/** Another try would not end before the hold does. */
const HELD_MS_MAX = HOLD_MS_MAX / 2;

/** A hold ran out, or a service could not be quieted: the next try has most of the links already. */
const TRIES_MAX = 5;
/** A folder is quiet between two snapshots of an index, which are seconds apart. */
const QUIET_TRIES_MAX = 50;
const QUIET_PAUSE_MS = 50;

/**
 * `hold` is undefined when nothing runs over the folder. `listObjects` lists what lies elsewhere, as text: before and after
 * the moment that the files are of, and the two must agree.
 */
export async function captureData(
  data: string,
  hold: HouseHold | undefined,
  listObjects: () => Promise<string>,
): Promise<Capture> {
  const staging = join(data, STAGING_FOLDER);
  await rm(staging, { recursive: true, force: true });
  try {
    // Most of it before anything is held.
    await linkFiles(data, staging, await filesAt(data, OBJECTS));
    for (let tries = 1; ; tries += 1) {
      const at = new Date();
      const files = await captureStill(data, staging, hold, listObjects);
      if (files !== undefined) {
        return {
          files,
          at,
          path: ({ path }) => join(staging, path),
          close: () => rm(staging, { recursive: true, force: true }),
        };
      }
      if (tries === TRIES_MAX) {
        throw new Fault(
          "unavailable",
          "The house was too busy to be copied at one moment. Try the backup again when less is written.",
        );
      }
    }
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    throw error;
  }
}

/** Runs of distillation are asked to wait too: they are no calls that a hold would wait for. */
async function captureStill(...parameters: Parameters<typeof captureHeld>): ReturnType<typeof captureHeld> {
  const endStillness = await askStillness(parameters[0]);
  try {
    return await captureHeld(...parameters);
  } finally {
    await endStillness();
  }
}

/** Undefined when it was not of one moment. */
async function captureHeld(
  data: string,
  staging: string,
  hold: HouseHold | undefined,
  listObjects: () => Promise<string>,
): Promise<readonly DataFile[] | undefined> {
  const busy = (await hold?.hold()) ?? [];
  let files: readonly DataFile[] | undefined;
  try {
    // What the catalog merges and expires in the background is no call that could be held, and is over soon while no
    // more is written.
    const until = performance.now() + HELD_MS_MAX;
    while (busy.length === 0 && files === undefined && performance.now() < until) {
      files = await linkQuiet(data, staging, listObjects);
    }
  } finally {
    // A hold that had ended by itself let writes in between.
    if ((await hold?.resume()) === false) files = undefined;
  }
  return files;
}

/** Undefined when objects changed meanwhile: the database would be of another moment. */
async function linkQuiet(
  data: string,
  staging: string,
  listObjects: () => Promise<string>,
): Promise<readonly DataFile[] | undefined> {
  const before = await filesAt(data, OBJECTS);
  const elsewhere = await listObjects();
  const files = await linkAll(data, staging);
  const same = sameFiles(before, await filesAt(data, OBJECTS)) && elsewhere === (await listObjects());
  return same ? files : undefined;
}

async function linkAll(data: string, staging: string): Promise<readonly DataFile[]> {
  const all = await dataFiles(data);
  const files: DataFile[] = [];
  // A counter says how many commits its database must have, so it is copied before the database: that may have more.
  const counters = all.filter(({ path }) => isBesideDatabase(path));
  const databases = all.filter(({ path }) => isDatabase(path));
  for (const { path } of [...counters, ...databases]) {
    const size = await copyAside(data, staging, path);
    // By the copy, which is always new: what a database wrote last is in its log, and its own file is as it was.
    const copied = await lstat(join(staging, path), { bigint: true });
    files.push({ path, size, version: versionOf(copied) });
  }
  const folders = new Set(all.filter(({ path }) => isLinked(path)).map(({ path }) => unitOf(path)));
  for (const folder of folders) files.push(...(await linkFolder(data, staging, folder)));
  return files;
}

/** Files that belong together: an index, all corpora, all objects; a file at the top stands alone. */
function unitOf(path: string): string {
  return path.split("/", path.startsWith("vectors/") ? 2 : 1).join("/");
}

/** Copies a file as it is now, and gives its size. What is in its place may be a link to the file itself. */
async function copyAside(data: string, staging: string, path: string): Promise<number> {
  const copy = join(staging, path);
  await rm(copy, { force: true });
  await mkdir(dirname(copy), { recursive: true });
  if (isDatabase(path)) copyDatabase(join(data, path), copy);
  else await copyFile(join(data, path), copy);
  return (await lstat(copy)).size;
}

/** Links what is below a folder, or a file, as it was at one moment; what was linked before and is gone is gone. */
async function linkFolder(data: string, staging: string, folder: string): Promise<readonly DataFile[]> {
  for (let tries = 1; tries <= QUIET_TRIES_MAX; tries += 1) {
    const before = await filesAt(data, folder);
    const copied = new Map<string, number>();
    for (const file of before.filter(isCopied)) {
      const size = await copyAside(data, staging, file.path).catch(goneIsNone);
      if (size !== undefined) copied.set(file.path, size);
    }
    await linkFiles(
      data,
      staging,
      before.filter((file) => !isCopied(file)),
    );
    const after = await filesAt(data, folder);
    if (sameFiles(before, after)) {
      // A log that was copied has grown since, and a counter that was copied after it may know of that.
      for (const { path, size } of after) {
        if (copied.has(path) && copied.get(path) !== size)
          copied.set(path, await copyAside(data, staging, path));
      }
      const kept = new Set(after.map(({ path }) => path));
      for (const { path } of await filesAt(staging, folder)) {
        if (!kept.has(path)) await rm(join(staging, path), { force: true });
      }
      return after.map((file) => ({ ...file, size: copied.get(file.path) ?? file.size }));
    }
    await Bun.sleep(QUIET_PAUSE_MS);
  }
  throw new Fault(
    "unavailable",
    "Files changed all the time while they were to be copied. Try the backup again.",
  );
}

/** Two sectors: what is written in place is no larger, since a disk writes no more at once or not at all. */
const COPIED_BYTES_MAX = 1024;

/** Objects are replaced as a whole, however small. */
function isCopied({ path, size }: DataFile): boolean {
  return size <= COPIED_BYTES_MAX && !path.startsWith("objects");
}

/** What is linked of a folder, or of a file at the top; databases are copied. */
async function filesAt(data: string, folder: string): Promise<DataFile[]> {
  const top = await lstat(join(data, folder), { bigint: true }).catch(goneIsNone);
  if (top?.isFile() === true) return [{ path: folder, size: Number(top.size), version: versionOf(top) }];
  return (await dataFiles(data, folder)).filter(({ path }) => isLinked(path));
}

function isLinked(path: string): boolean {
  return !isDatabase(path) && !isBesideDatabase(path);
}

async function linkFiles(data: string, staging: string, files: readonly DataFile[]): Promise<void> {
  for (const file of files) await linkFile(join(data, file.path), join(staging, file.path), file);
}

/** Sizes may differ: a log has grown, and its end is where it stands now. */
function sameFiles(before: readonly DataFile[], after: readonly DataFile[]): boolean {
  const identity = ({ path, version }: DataFile): string => `${path} ${version.split("-", 1)[0]}`;
  return (
    before.length === after.length &&
    before.every((file, at) => identity(file) === identity(after[at] ?? file))
  );
}

async function linkFile(from: string, to: string, { version }: DataFile): Promise<void> {
  const there = await lstat(to, { bigint: true }).catch(goneIsNone);
  if (there !== undefined && there.ino.toString(36) === version.split("-", 1)[0]) return;
  await rm(to, { force: true });
  await mkdir(dirname(to), { recursive: true });
  try {
    await link(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return;
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "EXDEV" && code !== "EMLINK") throw error;
    // A disk without hard links: a copy, shared where the disk can share.
    await copyFile(from, to, constants.COPYFILE_FICLONE).catch(goneIsNone);
  }
}

// `lakehouse restore`: makes a data folder of a backup. Every content is compared with its hash before it has its name,
// and what was restored is looked at as a whole before anybody is told that it is there. The folder carries a mark until
// then, and no house starts over one that has it; a restore that was cut off goes on where it was.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Settings } from "#config";
import { makeFolder, readIfThere, syncFolder, temporaryPath, writeAll, writeDurably } from "#lib/durable";
import type { Log } from "#lib/log";
import { Fault } from "#rpc/fault";
import { acquireDataLock } from "../data-lock.ts";
import { objectStore } from "../parts/storaged.ts";
import { type Backup, type BackedFile, type BackupStore, hashFile, openStore } from "./backup-store.ts";
import { OBJECTS_FOLDER } from "./bucket-files.ts";
import { bringToFormat } from "./format.ts";
import { type Finding, inspectData } from "./inspect.ts";
import { RESTORE_MARK } from "./prepare-data.ts";

export interface RestoreProgress {
  readonly files: number;
  readonly filesDone: number;
}

export interface RestoreReport {
  readonly id: string;
  readonly at: string;
  readonly files: number;
  readonly bytes: number;
  /** What the backup itself has that is damaged; empty for a house that is whole. */
  readonly findings: readonly Finding[];
}

/** Files that are fetched side by side. */
const FETCHES_AT_ONCE = 4;

/**
 * Restores the backup of that id, or the newest one. Throws `conflict` when the folder holds anything else, `not_found`
 * when there is no such backup, and `internal` when a content of it is damaged or missing.
 */
export async function restore(
  settings: Settings,
  place: string,
  id: string | undefined,
  log: Log,
  onProgress: (progress: RestoreProgress) => void = () => undefined,
): Promise<RestoreReport> {
  const { data } = settings;
  const store = await openStore(place, settings);
  const backup = await chosen(store, place, id);
  await refuseFilled(data, backup.id);
  const lock = await acquireDataLock(data);
  try {
    await writeDurably(join(data, RESTORE_MARK), `${JSON.stringify({ backup: backup.id })}\n`);
    await fetchFiles(settings, store, backup, (filesDone) =>
      onProgress({ files: backup.files.length, filesDone }),
    );
    await bringToFormat(data, log);
    const inspected = await inspectData(settings, log, { deep: true });
    // A backup is of a moment, at which the last of what follows from the journal may not have followed yet.
    const findings = inspected.filter(({ isPending }) => isPending !== true);
    await rm(join(data, RESTORE_MARK));
    await syncFolder(data);
    const bytes = backup.files.reduce((sum, { size }) => sum + size, 0);
    return { id: backup.id, at: backup.at, files: backup.files.length, bytes, findings };
  } finally {
    await lock.release();
  }
}

/** The backups of a place, newest first. */
export async function backupsAt(settings: Settings, place: string): Promise<readonly string[]> {
  return [...(await (await openStore(place, settings)).list())].reverse();
}

async function chosen(store: BackupStore, place: string, id: string | undefined): Promise<Backup> {
  const ids = await store.list();
  const wanted = id ?? ids.at(-1);
  if (wanted !== undefined && ids.includes(wanted)) return store.read(wanted);
  const known = ids.length === 0 ? "There is none." : `There are: ${ids.slice(-10).join(", ")}.`;
  throw new Fault("not_found", `${place} has no backup${id === undefined ? "" : ` ${id}`}. ${known}`);
}

/** Locks and their folder may be there; a restore of the same backup may have begun. */
async function refuseFilled(data: string, id: string): Promise<void> {
  if (!existsSync(data)) return;
  const mark = await readIfThere(join(data, RESTORE_MARK));
  if (mark !== undefined && mark.includes(JSON.stringify(id))) return;
  const names = (await readdir(data)).filter((name) => name !== "locks" && name !== "house.lock");
  if (names.length === 0) return;
  throw new Fault("conflict", `${data} is not empty. Choose a new folder with --data.`);
}

async function fetchFiles(
  settings: Settings,
  store: BackupStore,
  backup: Backup,
  onProgress: (filesDone: number) => void,
): Promise<void> {
  const inBucket = settings.s3_bucket !== "";
  const bucket = inBucket ? await objectStore(settings) : undefined;
  const waiting = [...backup.files];
  let done = 0;
  const fetchNext = async (): Promise<void> => {
    for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
      if (bucket !== undefined && file.path.startsWith(OBJECTS_FOLDER)) {
        await verifiedPut(store, file, (content) =>
          bucket.put(file.path.slice(OBJECTS_FOLDER.length), content),
        );
      } else await fetchFile(settings.data, store, file);
      done += 1;
      onProgress(done);
    }
  };
  await Promise.all(Array.from({ length: FETCHES_AT_ONCE }, fetchNext));
  for (const folder of new Set(backup.files.map(({ path }) => dirname(join(settings.data, path))))) {
    if (existsSync(folder)) await syncFolder(folder);
  }
}

async function fetchFile(data: string, store: BackupStore, file: BackedFile): Promise<void> {
  const path = join(data, file.path);
  if (await isThere(path, file)) return;
  await makeFolder(dirname(path));
  const temporary = temporaryPath(dirname(path), "restored");
  const target = await open(temporary, "wx", 0o600);
  try {
    const hash = createHash("sha256");
    for await (const chunk of await contentOf(store, file)) {
      hash.update(chunk);
      await writeAll(target, chunk);
    }
    if (hash.digest("hex") !== file.sha256) throw damaged(file);
    await target.sync();
    await rename(temporary, path);
  } finally {
    await target.close();
    await rm(temporary, { force: true });
  }
}

/** An object is there as soon as it is put, so it is compared before. */
async function verifiedPut(
  store: BackupStore,
  file: BackedFile,
  put: (content: Awaited<ReturnType<BackupStore["get"]>>) => Promise<unknown>,
): Promise<void> {
  const hash = createHash("sha256");
  for await (const chunk of await contentOf(store, file)) hash.update(chunk);
  if (hash.digest("hex") !== file.sha256) throw damaged(file);
  await put(await contentOf(store, file));
}

async function isThere(path: string, { size, sha256 }: BackedFile): Promise<boolean> {
  if (!existsSync(path) || Bun.file(path).size !== size) return false;
  return (await hashFile(path, size)).sha256 === sha256;
}

async function contentOf(store: BackupStore, file: BackedFile): ReturnType<BackupStore["get"]> {
  return store.get(file.sha256).catch((error: unknown) => {
    if (!(error instanceof Fault) || error.code !== "not_found") throw error;
    throw new Fault("internal", `The backup lacks the content of ${file.path}. Take another one with --at.`);
  });
}

function damaged({ path }: BackedFile): Fault {
  return new Fault("internal", `The backup's content of ${path} is damaged. Take another one with --at.`);
}

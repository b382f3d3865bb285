// `lakehouse backup`: the content of a house at one moment, stored elsewhere while the house goes on. Only what the last
// backup of the store did not have is read and sent. Files whose name holds the SHA-256 of what they should be are
// compared with it: a backup that vouched for rot would be worse than none.

import { relative, resolve } from "node:path";
import type { Settings } from "#config";
import { present } from "#lib/assert";
import { tryLock } from "#lib/file-lock";
import { Fault } from "#rpc/fault";
import { acquireDataLock, isDataLocked } from "../data-lock.ts";
import { remoteHold } from "../gateway/backup-hold.ts";
import { VERSION } from "../version.ts";
import {
  type Backup,
  type BackedFile,
  type BackupStore,
  hashFile,
  openStore,
  type Sending,
} from "./backup-store.ts";
import { type Capture, captureData } from "./capture.ts";
import { backupLock, type DataFile } from "./data-files.ts";
import { bucketFiles } from "./bucket-files.ts";

export interface BackupProgress {
  readonly files: number;
  readonly filesDone: number;
  readonly bytesSent: number;
}

export interface BackupReport {
  readonly id: string;
  readonly at: string;
  readonly files: number;
  readonly bytes: number;
  /** Contents that the store did not have before. */
  readonly filesSent: number;
  readonly bytesSent: number;
  /** Files whose content is not what their name says, kept as they are: paths below the data folder. */
  readonly damaged: readonly string[];
}

/** Throws `unavailable` when the house cannot be caught at one moment, and whatever the store's disk or bucket says. */
export async function backUp(
  settings: Settings,
  place: string,
  onProgress: (progress: BackupProgress) => void = () => undefined,
): Promise<BackupReport> {
  refuseInside(settings.data, place);
  const store = await openStore(place, settings);
  const last = await lastOf(store);
  const bucket = await bucketFiles(settings);
  let objects: readonly DataFile[] = [];
  const listObjects = async (): Promise<string> => {
    objects = (await bucket?.list()) ?? [];
    return objects.map(({ path, version }) => `${path} ${version}`).join("\n");
  };
  return withCapture(settings, listObjects, async (capture) => {
    const sending = {
      store,
      there: await store.contents(),
      filesSent: 0,
      bytesSent: 0,
      damaged: [] as string[],
    };
    const known = new Map(last?.files.map((file) => [file.path, file]));
    const files: BackedFile[] = [];
    const total = capture.files.length + objects.length;
    for (const file of capture.files) {
      files.push(await sendFile(sending, file, known.get(file.path), capture.path(file)));
      onProgress({ files: total, filesDone: files.length, bytesSent: sending.bytesSent });
    }
    for (const file of objects) {
      files.push(await present(bucket, "the bucket").send(sending, file, known.get(file.path)));
      onProgress({ files: total, filesDone: files.length, bytesSent: sending.bytesSent });
    }
    const { id, at } = await store.write({ at: capture.at.toISOString(), version: VERSION, files });
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    const { filesSent, bytesSent, damaged } = sending;
    return { id, at, files: files.length, bytes, filesSent, bytesSent, damaged };
  });
}

/** A store below the folder would hold itself. */
function refuseInside(data: string, place: string): void {
  if (place.startsWith("s3://")) return;
  const way = relative(data, resolve(place));
  if (way !== "" && (way.startsWith("..") || resolve(way) === way)) return;
  throw new Fault(
    "invalid",
    `${place} lies in the data folder itself. Name a folder elsewhere, best on another disk.`,
  );
}

async function lastOf(store: BackupStore): Promise<Backup | undefined> {
  const id = (await store.list()).at(-1);
  // One that is damaged costs reading all files again, and nothing else.
  return id === undefined ? undefined : store.read(id).catch(() => undefined);
}

async function withCapture<T>(
  settings: Settings,
  listObjects: () => Promise<string>,
  work: (capture: Capture) => Promise<T>,
): Promise<T> {
  const { data } = settings;
  const runs = isDataLocked(data);
  // Where nothing runs, nothing may start before the links are there.
  const lock = runs ? undefined : await acquireDataLock(data);
  const staging = tryLock(backupLock(data));
  let capture: Capture | undefined;
  try {
    if (staging === undefined) throw new Fault("conflict", `Another backup of ${data} is under way.`);
    capture = await captureData(data, runs ? remoteHold(settings) : undefined, listObjects);
    await lock?.release();
    return await work(capture);
  } finally {
    await lock?.release();
    await capture?.close();
    staging?.release();
  }
}

/** Names of objects that services keep end in it, before the ending of their kind. */
const NAMED_HASH = /^objects\/.*-([0-9a-f]{64})\.\w+$/;

async function sendFile(
  sending: Sending,
  { path, size, version }: DataFile,
  before: BackedFile | undefined,
  from: string,
): Promise<BackedFile> {
  const { store, there, damaged } = sending;
  if (before?.version === version && before.size === size && there.has(before.sha256)) return before;
  const content = await hashFile(from, size);
  if (content.size !== size) throw new Fault("internal", `${path} ended before its end while it was copied.`);
  const named = NAMED_HASH.exec(path)?.[1];
  if (named !== undefined && named !== content.sha256) damaged.push(path);
  if (!there.has(content.sha256)) {
    await store.put(content.sha256, Bun.file(from).slice(0, size).stream());
    there.add(content.sha256);
    sending.filesSent += 1;
    sending.bytesSent += size;
  }
  return { path, size, sha256: content.sha256, version };
}

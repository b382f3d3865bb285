// A disk as far as durable writing needs one: the calls whose order and failures decide what survives. Code that
// promises something about a crash takes a `Disk`, so that a simulation can bring one that tears writes, fails
// and loses what was not flushed. `nodeDisk` is the machine's.

import {
  close as closeCallback,
  constants,
  fdatasync,
  fsync,
  ftruncate,
  open as openCallback,
  write as writeCallback,
} from "node:fs";
import { readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { promisify } from "node:util";

export interface DiskFile {
  /** Writes a part of the bytes at a position; gives how many, which near a full disk may be none. */
  write(bytes: Uint8Array, position: number): Promise<number>;
  /** Content and length are durable when it resolves. */
  sync(): Promise<void>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

export interface Disk {
  names(folder: string): Promise<string[]>;
  read(path: string): Promise<Uint8Array>;
  size(path: string): Promise<number>;
  /** A file that is there, for writing in place. */
  open(path: string): Promise<DiskFile>;
  /** A new file, readable by its owner alone; fails when the name is taken. */
  create(path: string): Promise<DiskFile>;
  rename(from: string, to: string): Promise<void>;
  /** No error when it is not there. */
  remove(path: string): Promise<void>;
  /** Makes names made, moved and removed in the folder durable. */
  syncFolder(path: string): Promise<void>;
}

// Plain descriptors: a FileHandle that is collected without a close throws where no caller can catch it.
const openDescriptor = promisify(openCallback);
const writeDescriptor = promisify(writeCallback);
const syncData = promisify(fdatasync);
const syncDescriptor = promisify(fsync);
const truncateDescriptor = promisify(ftruncate);
const closeDescriptor = promisify(closeCallback);

function fileOf(descriptor: number): DiskFile {
  return {
    write: async (bytes, position) => {
      const { bytesWritten } = await writeDescriptor(descriptor, bytes, 0, bytes.length, position);
      return bytesWritten;
    },
    sync: () => syncData(descriptor),
    truncate: (length) => truncateDescriptor(descriptor, length),
    close: () => closeDescriptor(descriptor),
  };
}

export const nodeDisk: Disk = {
  names: (folder) => readdir(folder),
  read: async (path) => new Uint8Array(await readFile(path)),
  size: async (path) => (await stat(path)).size,
  open: async (path) => fileOf(await openDescriptor(path, "r+")),
  create: async (path) => fileOf(await openDescriptor(path, "wx", 0o600)),
  rename: (from, to) => rename(from, to),
  remove: (path) => rm(path, { force: true }),
  syncFolder: async (path) => {
    const descriptor = await openDescriptor(path, constants.O_RDONLY);
    try {
      await syncDescriptor(descriptor);
    } finally {
      await closeDescriptor(descriptor);
    }
  },
};

/** Writes all of `bytes` at a position: a write near a full disk may take only a part. */
export async function writeWhole(file: DiskFile, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const written = await file.write(bytes.subarray(at), position + at);
    // A disk that takes nothing would make this loop endless.
    if (written === 0) throw Object.assign(new Error("nothing was written"), { code: "ENOSPC" });
    at += written;
  }
}

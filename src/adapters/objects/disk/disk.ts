// Objects as files of one folder: the object `a/b.parquet` is the file `<root>/a/b.parquet`, so that other
// engines read tables where they lie. One process writes at a time; what it puts goes to a temporary folder
// beside the root first and is then renamed into place, so that no reader ever sees half an object.
//
// What a folder cannot do and S3 can: `a` and `a/b` at once, and segments over 255 bytes. Both are refused.

import { createHash } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { type FileHandle, open, readdir, rm, rmdir, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { makeFolder, publish, syncFolder, temporaryPath, writeAll } from "#lib/durable";
import { Fault } from "#rpc/fault";
import { handOffFile } from "./hand-off-file.ts";
import { type Sum, sumsOf } from "./block-checksums.ts";
import {
  type Bytes,
  checkKey,
  conditionFailed,
  type Listing,
  type ListOptions,
  notFound,
  type ObjectHead,
  type Objects,
  type PutConditions,
  resolveRange,
} from "../objects.ts";

/** One read of a file on its way out. */
const READ_BYTES = 256 * 1024;

export async function diskObjects(root: string): Promise<Objects> {
  const temporaries = `${root}.partial`;
  try {
    await makeFolder(root);
    // What a crash left behind was never acknowledged.
    await rm(temporaries, { recursive: true, force: true });
    await makeFolder(temporaries);
  } catch (error) {
    throw toDiskFault(error);
  }
  const sums = sumsOf(root);
  const writing = new Map<string, Promise<unknown>>();
  const pathOf = (key: string): string => join(root, checkKey(key));

  /** Conditions are looked at and acted on by one writer of a key at a time. */
  const inTurn = async <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const before = writing.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    writing.set(key, mine);
    try {
      return await mine;
    } finally {
      if (writing.get(key) === mine) writing.delete(key);
    }
  };

  const head = async (key: string): Promise<ObjectHead> => toHead(key, await statObject(pathOf(key), key));

  /** It is put whether or not there is room for its sum. */
  const noted = async (key: string, sum: Pick<Sum, "sha256">): Promise<ObjectHead> => {
    const found = await statObject(pathOf(key), key);
    await sums.note(key, found, { size: Number(found.size), ...sum }).catch(() => undefined);
    return toHead(key, found);
  };

  const put = async (key: string, body: Bytes, conditions: PutConditions = {}): Promise<ObjectHead> => {
    const path = pathOf(key);
    const temporary = temporaryPath(temporaries, "object");
    try {
      const sum = await spool(body, temporary);
      return await inTurn(key, async () => {
        if (conditions.ifMatch !== undefined) {
          const current = await head(key).catch(() => undefined);
          if (current?.etag !== conditions.ifMatch) throw conditionFailed(key);
        }
        const done = await onDisk(key, () => publishBelow(temporary, path, conditions.ifAbsent === true));
        if (done === "exists") throw conditionFailed(key);
        return noted(key, sum);
      });
    } finally {
      await rm(temporary, { force: true });
    }
  };

  return {
    backend: "disk",
    baseUri: `${pathToFileURL(root).href}/`,
    put,
    head,
    get: async (key, range) => {
      // Opened before it is looked at: what replaces the object meanwhile is another file.
      const file = await openObject(pathOf(key), key);
      try {
        const stats = await file.stat({ bigint: true });
        const found = toHead(key, stats);
        const sum = range === undefined ? await sums.of(key, stats) : undefined;
        if (sum !== undefined && sum.size !== found.size) throw damaged(key);
        const { first, last } = resolveRange(range, found.size);
        return {
          head: found,
          first,
          last,
          body: readFrom(file, { key, first, last, sum }),
          handOff: () => handOffFile(file, { first, last, size: found.size }),
        };
      } catch (error) {
        await file.close();
        throw error;
      }
    },
    remove: (key) =>
      inTurn(key, async () => {
        try {
          await unlink(pathOf(key));
        } catch (error) {
          if (isAbsent(error)) return;
          throw error;
        }
        await sums.forget(key);
        await removeEmptyFolders(root, dirname(pathOf(key)));
      }),
    list: (options) => list(root, options),
    path: pathOf,
    adopt: async (key, path, sha256) => {
      await onDisk(key, () => flush(path));
      return inTurn(key, async () => {
        try {
          await onDisk(key, () => publishBelow(path, pathOf(key), false));
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === "EXDEV") return undefined;
          throw error;
        }
        return noted(key, { sha256 });
      });
    },
  };
}

/** A folder that a removal of its last object takes away again; each try needs another such removal to fail. */
const FOLDER_TRIES_MAX = 20;

async function publishBelow(temporary: string, path: string, ifAbsent: boolean): Promise<"done" | "exists"> {
  for (let tries = 1; ; tries += 1) {
    await makeFolder(dirname(path)).catch((error: unknown) => {
      // A folder that was there and is removed before it is looked at is taken for a file in the way.
      if (!(isGone(error) || isInTheWay(error)) || tries === FOLDER_TRIES_MAX) throw error;
    });
    try {
      return await publish(temporary, path, ifAbsent);
    } catch (error) {
      if (!isGone(error) || tries === FOLDER_TRIES_MAX) throw error;
    }
  }
}

function isGone(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}

/** What others wrote is on the disk before it gets a name that lasts. */
async function flush(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function spool(body: Bytes, path: string): Promise<Sum> {
  const hash = createHash("sha256");
  let size = 0;
  const file = await open(path, "wx", 0o644);
  try {
    for await (const chunk of body) {
      hash.update(chunk);
      size += chunk.byteLength;
      await writeAll(file, chunk);
    }
    await file.sync();
    return { size, sha256: hash.digest("hex") };
  } catch (error) {
    throw toDiskFault(error);
  } finally {
    await file.close();
  }
}

/** Disk errors that a caller can do something about, as faults. */
async function onDisk<T>(key: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isInTheWay(error)) {
      throw new Fault(
        "conflict",
        `${key} is in the way of, or below, another object; a folder cannot hold both.`,
      );
    }
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENAMETOOLONG") throw new Fault("invalid", "A segment of the key is too long for the disk.");
    throw toDiskFault(error);
  }
}

const IN_THE_WAY = new Set(["ENOTDIR", "EISDIR", "ENOTEMPTY", "EEXIST"]);

function isInTheWay(error: unknown): boolean {
  return IN_THE_WAY.has((error as NodeJS.ErrnoException).code ?? "");
}

function toDiskFault(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new Fault("unavailable", "The disk is full. Free some room and send this again.", {
      cause: error,
    });
  }
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    return new Fault("unavailable", "The data folder cannot be written to. Mend its rights.", {
      cause: error,
    });
  }
  if (code === "EIO") return new Fault("unavailable", "The disk failed to write.", { cause: error });
  return error;
}

async function statObject(path: string, key: string): Promise<BigIntStats> {
  try {
    const found = await stat(path, { bigint: true });
    if (found.isFile()) return found;
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
  throw notFound(key);
}

function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return (
    code === "ENOENT" ||
    code === "ENOTDIR" ||
    code === "EISDIR" ||
    code === "ENAMETOOLONG" ||
    code === "EPERM"
  );
}

/** Every PUT makes a new file, so size, time and inode together change whenever the content does. */
function toHead(key: string, found: BigIntStats): ObjectHead {
  const etag = [found.size, found.mtimeNs, found.ino].map((part) => part.toString(36)).join("-");
  return { key, size: Number(found.size), etag, modifiedAt: Number(found.mtimeMs) };
}

async function openObject(path: string, key: string): Promise<FileHandle> {
  // A folder can be opened too.
  await statObject(path, key);
  try {
    return await open(path, "r");
  } catch (error) {
    throw isAbsent(error) ? notFound(key) : toDiskFault(error);
  }
}

function damaged(key: string): Fault {
  return new Fault(
    "internal",
    `The object ${key} is damaged: its bytes are not those that were stored. Put it again, or restore it.`,
  );
}

interface Reading {
  readonly key: string;
  readonly first: number;
  readonly last: number;
  /** Of the whole, when the whole is read and its sum is known. */
  readonly sum: Sum | undefined;
}

/** The last piece is held back until the sum was compared, so that nobody takes a damaged object for a whole one. */
function readFrom(file: FileHandle, { key, first, last, sum }: Reading): Bytes {
  const hash = sum === undefined ? undefined : createHash("sha256");
  let at = first;
  const read = async (): Promise<Uint8Array> => {
    const chunk = new Uint8Array(Math.min(READ_BYTES, last + 1 - at));
    const { bytesRead } = await file.read(chunk, 0, chunk.byteLength, at);
    if (bytesRead === 0) throw new Fault("internal", "The object is shorter than it was.");
    at += bytesRead;
    const piece = chunk.subarray(0, bytesRead);
    hash?.update(piece);
    if (at > last && hash !== undefined && hash.digest("hex") !== sum?.sha256) throw damaged(key);
    return piece;
  };
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        try {
          if (at <= last) {
            controller.enqueue(await read());
            return;
          }
        } catch (error) {
          await file.close();
          throw error;
        }
        await file.close();
        controller.close();
      },
      cancel: () => file.close(),
    },
    { highWaterMark: 0 },
  );
}

async function removeEmptyFolders(root: string, folder: string): Promise<void> {
  // The folder is gone when another removal was the last one in it; then that one flushed what holds it.
  await syncFolder(folder).catch((error: unknown) => {
    if (!isGone(error)) throw error;
  });
  for (let at = folder; at !== root; at = dirname(at)) {
    try {
      await rmdir(at);
    } catch {
      return;
    }
  }
}

async function list(root: string, { prefix, delimiter, limit, cursor }: ListOptions): Promise<Listing> {
  const after = cursor === undefined ? "" : Buffer.from(cursor, "base64url").toString("utf8");
  const objects: ObjectHead[] = [];
  const prefixes: string[] = [];
  let last = "";
  for await (const key of keysFrom(root, "", prefix, after)) {
    if (!key.startsWith(prefix) || Buffer.compare(Buffer.from(key), Buffer.from(after)) <= 0) continue;
    const cut = delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length);
    const common = cut === -1 || delimiter === undefined ? undefined : key.slice(0, cut + delimiter.length);
    // A page that ended on a common prefix goes on after everything below it.
    if (common !== undefined && (common === prefixes.at(-1) || (after !== "" && after.startsWith(common))))
      continue;
    if (objects.length + prefixes.length === limit) {
      return { objects, prefixes, cursor: Buffer.from(last).toString("base64url") };
    }
    last = common ?? key;
    if (common !== undefined) prefixes.push(common);
    else {
      const found = await statObject(join(root, key), key).catch(() => undefined);
      if (found !== undefined) objects.push(toHead(key, found));
    }
  }
  return { objects, prefixes };
}

/** Keys below a folder in the order of their bytes, leaving out folders that cannot hold what is asked for. */
async function* keysFrom(
  root: string,
  folder: string,
  prefix: string,
  after: string,
): AsyncGenerator<string> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(() => []);
  const names = entries
    .filter((entry) => entry.isFile() || entry.isDirectory())
    .map((entry) => folder + entry.name + (entry.isDirectory() ? "/" : ""))
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  for (const name of names) {
    if (!name.endsWith("/")) {
      yield name;
      continue;
    }
    const beside = !name.startsWith(prefix) && !prefix.startsWith(name);
    const behind =
      !after.startsWith(name) && Buffer.compare(Buffer.from(`${name}\u{10ffff}`), Buffer.from(after)) < 0;
    if (!beside && !behind) yield* keysFrom(root, name, prefix, after);
  }
}

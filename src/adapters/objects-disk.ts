// Objects as files of one folder: the object `a/b.parquet` is the file `<root>/a/b.parquet`, so that other
// engines read tables where they lie. One process writes at a time; what it puts goes to a temporary folder
// beside the root first and is then renamed into place, so that no reader ever sees half an object.
//
// What a folder cannot do and S3 can: `a` and `a/b` at once, and segments over 255 bytes. Both are refused.

import type { BigIntStats } from "node:fs";
import { open, readdir, rm, rmdir, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { makeFolder, publish, syncFolder, temporaryPath, writeAll } from "#lib/durable";
import { Fault } from "#rpc/fault";
import {
  type Bytes,
  conditionFailed,
  type Listing,
  type ListOptions,
  notFound,
  type ObjectHead,
  type Objects,
  type PutConditions,
  resolveRange,
} from "./objects.ts";

/** One read of a file on its way out. */
const READ_BYTES = 256 * 1024;

export async function diskObjects(root: string): Promise<Objects> {
  const temporaries = `${root}.partial`;
  await makeFolder(root);
  // What a crash left behind was never acknowledged.
  await rm(temporaries, { recursive: true, force: true });
  await makeFolder(temporaries);
  const writing = new Map<string, Promise<unknown>>();
  const pathOf = (key: string): string => join(root, key);

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

  const put = async (key: string, body: Bytes, conditions: PutConditions = {}): Promise<ObjectHead> => {
    const path = pathOf(key);
    const temporary = temporaryPath(temporaries, "object");
    try {
      await spool(body, temporary);
      await onDisk(key, () => makeFolder(dirname(path)));
      return await inTurn(key, async () => {
        if (conditions.ifMatch !== undefined) {
          const current = await head(key).catch(() => undefined);
          if (current?.etag !== conditions.ifMatch) throw conditionFailed(key);
        }
        const done = await onDisk(key, () => publish(temporary, path, conditions.ifAbsent === true));
        if (done === "exists") throw conditionFailed(key);
        return head(key);
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
      const found = await head(key);
      const { first, last } =
        found.size === 0 && range === undefined ? EMPTY : resolveRange(range, found.size);
      return { head: found, first, last, body: readFrom(pathOf(key), first, last) };
    },
    remove: (key) =>
      inTurn(key, async () => {
        try {
          await unlink(pathOf(key));
        } catch (error) {
          if (isAbsent(error)) return;
          throw error;
        }
        await removeEmptyFolders(root, dirname(pathOf(key)));
      }),
    list: (options) => list(root, options),
    path: pathOf,
  };
}

const EMPTY = { first: 0, last: -1 };

async function spool(body: Bytes, path: string): Promise<void> {
  const file = await open(path, "wx", 0o644);
  try {
    for await (const chunk of body) await writeAll(file, chunk);
    await file.sync();
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
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOTDIR" || code === "EISDIR" || code === "ENOTEMPTY" || code === "EEXIST") {
      throw new Fault(
        "conflict",
        `${key} is in the way of, or below, another object; a folder cannot hold both.`,
      );
    }
    if (code === "ENAMETOOLONG") throw new Fault("invalid", "A segment of the key is too long for the disk.");
    throw toDiskFault(error);
  }
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

function readFrom(path: string, first: number, last: number): Bytes {
  const opening = open(path, "r");
  let at = first;
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const file = await opening;
        const chunk = new Uint8Array(Math.min(READ_BYTES, last + 1 - at));
        const bytesRead =
          chunk.byteLength === 0 ? 0 : (await file.read(chunk, 0, chunk.byteLength, at)).bytesRead;
        if (bytesRead === 0) {
          await file.close();
          if (at <= last) controller.error(new Fault("internal", "The object is shorter than it was."));
          else controller.close();
          return;
        }
        at += bytesRead;
        controller.enqueue(chunk.subarray(0, bytesRead));
      },
      cancel: async () => {
        await (await opening).close();
      },
    },
    { highWaterMark: 0 },
  );
}

async function removeEmptyFolders(root: string, folder: string): Promise<void> {
  await syncFolder(folder);
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

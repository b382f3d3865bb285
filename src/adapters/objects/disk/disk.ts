// Objects as files of one folder: the object `a/b.parquet` is the file `<root>/a/b.parquet`, so that other engines read
// tables where they are. One process writes at a time; a new object is written to a temporary folder beside the root first
// and then renamed into place, so that a reader never sees half an object. Checksums of its blocks are durable before
// it is acknowledged, and every read is compared with them before it is returned: bit rot, a truncated file and a lost one
// are faults.
//
// What a folder cannot do and S3 can: `a` and `a/b` at once, and segments over 255 bytes. Both are refused.

import { createHash } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { type FileHandle, open, rm, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { makeFolder, syncFolder, temporaryPath, writeAll } from "#lib/durable";
import { Fault } from "#rpc/fault";
import {
  type Bytes,
  bytesOf,
  checkKey,
  conditionFailed,
  type Got,
  notFound,
  type ObjectHead,
  type Objects,
  type PutConditions,
  type Range,
  resolveRange,
} from "../objects.ts";
import { type BlockChecksums, BlockHasher, candidates, ChecksumStore } from "./block-checksums.ts";
import {
  isAbsent,
  onDisk,
  openObject,
  placeBelow,
  removeEmptyFolders,
  statObject,
  toDiskFault,
} from "./files.ts";
import { handOffFile } from "./hand-off-file.ts";
import { listFolder } from "./listing.ts";
import { matching, readRange, ShortFile, streamRange } from "./verified-read.ts";

/** Up to this size a read is held in memory, compared, and sent; a larger one is compared first and sent by the system. */
const HELD_BYTES_MAX = 1024 * 1024;

/** Retries for an object that is replaced while it is opened; each attempt needs two more replacements to fail. */
const OPEN_TRIES_MAX = 20;

export async function diskObjects(root: string): Promise<Objects> {
  const temporaries = `${root}.partial`;
  try {
    await makeFolder(root);
    // Temporary files of a crashed process were never acknowledged.
    await rm(temporaries, { recursive: true, force: true });
    await makeFolder(temporaries);
    await makeFolder(`${root}.checksums`);
    // Checksums of whole objects, as versions before block checksums kept them.
    await rm(`${root}.sums`, { recursive: true, force: true });
  } catch (error) {
    throw toDiskFault(error);
  }
  const checksums = new ChecksumStore(`${root}.checksums`, temporaries);
  const writing = new Map<string, Promise<unknown>>();
  const pathOf = (key: string): string => join(root, checkKey(key));

  /** One writer of a key at a time checks conditions and acts on them. */
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

  const statOf = async (key: string): Promise<BigIntStats | undefined> => {
    try {
      return await statObject(pathOf(key), key);
    } catch (error) {
      if (error instanceof Fault && error.code === "not_found") return undefined;
      throw error;
    }
  };

  /** The fault for an object that is not there: never stored or removed, or lost. */
  const absence = (key: string): Promise<Fault> =>
    inTurn(key, async () => {
      const lost = (await checksums.wasStored(key)) && (await statOf(key)) === undefined;
      return lost ? missing(key) : notFound(key);
    });

  const head = async (key: string): Promise<ObjectHead> => {
    const found = await statOf(key);
    if (found === undefined) throw await absence(key);
    return toHead(key, found);
  };

  /** Publishes a written file as the object, serialised with the other writers of the key. Flushes go side by side where they may. */
  const publishObject = async (
    key: string,
    temporary: string,
    { file, identity, sums }: Written,
    ifAbsent: boolean,
  ): Promise<ObjectHead> => {
    const path = pathOf(key);
    const current = await statOf(key);
    if (ifAbsent && current !== undefined) throw conditionFailed(key);
    const announced = await checksums.announce(key, current, { identity, sums });
    try {
      await Promise.all([file.sync(), announced.flush()]);
      await announced.place();
      // A crash that left the new object and the old checksums would make it look damaged.
      if (current !== undefined) await announced.flushPlace();
      if ((await placeBelow(temporary, path, ifAbsent)) === "exists") throw conditionFailed(key);
      await Promise.all([
        syncFolder(dirname(path)),
        ...(current === undefined ? [announced.flushPlace()] : []),
      ]);
      await announced.published();
    } finally {
      await announced.close();
    }
    return toHead(key, identity);
  };

  const put = async (key: string, body: Bytes, conditions: PutConditions = {}): Promise<ObjectHead> => {
    pathOf(key);
    const temporary = temporaryPath(temporaries, "object");
    let written: Written | undefined;
    try {
      written = await spool(body, temporary);
      const finished = written;
      return await inTurn(key, async () => {
        if (conditions.ifMatch !== undefined) {
          const current = await statOf(key);
          if (current === undefined || etagOf(current) !== conditions.ifMatch) throw conditionFailed(key);
        }
        return onDisk(key, () => publishObject(key, temporary, finished, conditions.ifAbsent === true));
      });
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    } finally {
      await written?.file.close();
    }
  };

  /** Undefined when the object was replaced twice since it was opened, so that this version has no record any more. */
  const verified = async (
    key: string,
    file: FileHandle,
    range: Range | undefined,
  ): Promise<Got | undefined> => {
    const stats = await file.stat({ bigint: true });
    const found = toHead(key, stats);
    const record = await checksums.read(key);
    const { first, last } = resolveRange(range, found.size);
    const got = { head: found, first, last, unverifiable: record === "damaged" };
    if (record !== undefined && record !== "damaged") {
      const versions = candidates(record, stats, found.size);
      const matches =
        versions.length === 0 ? [] : await matching(file, { first, last }, found.size, versions);
      if (matches.length === 0) {
        const now = await statOf(key);
        if (now === undefined || etagOf(now) !== found.etag) return undefined;
        throw damaged(key);
      }
    }
    if (last - first < HELD_BYTES_MAX) {
      const bytes = await readRange(file, { first, last });
      await file.close();
      return { ...got, body: bytesOf(bytes) };
    }
    return {
      ...got,
      body: streamRange(file, { first, last }),
      handOff: () => handOffFile(file, { first, last, size: found.size }),
    };
  };

  const get = async (key: string, range?: Range): Promise<Got> => {
    for (let tries = 1; tries <= OPEN_TRIES_MAX; tries += 1) {
      // Opened before it is checked: an object that replaces it meanwhile is another file.
      const file = await openObject(pathOf(key), key).catch(async (error: unknown) => {
        throw error instanceof Fault && error.code === "not_found" ? await absence(key) : error;
      });
      let got: Got | undefined;
      try {
        got = await verified(key, file, range);
      } catch (error) {
        await file.close();
        throw error instanceof ShortFile ? damaged(key) : error;
      }
      if (got !== undefined) return got;
      await file.close();
    }
    throw new Fault("unavailable", `${key} is replaced all the time. Read it again.`, { retryAfterMs: 100 });
  };

  return {
    backend: "disk",
    baseUri: `${pathToFileURL(root).href}/`,
    put,
    head,
    get,
    remove: (key) =>
      inTurn(key, async () => {
        const path = pathOf(key);
        await onDisk(key, () => checksums.remove(key));
        try {
          await unlink(path);
        } catch (error) {
          if (isAbsent(error)) return;
          throw error;
        }
        await removeEmptyFolders(root, dirname(path));
      }),
    list: (options) =>
      listFolder(root, checksums.root, options, async (key) => {
        const found = await statOf(key);
        if (found !== undefined) return toHead(key, found);
        const fault = await absence(key);
        if (fault.code === "not_found") return undefined;
        if (options.lost === true) return { key, size: 0, etag: "", modifiedAt: 0 };
        throw fault;
      }),
    path: pathOf,
    adopt: async (key, path, sha256) => {
      const { sha256: read, ...hashed } = await onDisk(key, () => hashesOf(path));
      if (read !== sha256)
        throw new Fault("internal", "A finished file is not what its writer wrote: its checksum is wrong.");
      const file = await onDisk(key, () => open(path, "r+"));
      try {
        return await inTurn(key, async () => {
          try {
            return await onDisk(key, () => publishObject(key, path, { file, ...hashed }, false));
          } catch (error) {
            if ((error as NodeJS.ErrnoException).code === "EXDEV") return undefined;
            throw error;
          }
        });
      } finally {
        await file.close();
      }
    },
    verify: async (key) => {
      const { size } = await head(key);
      const file = await openObject(pathOf(key), key);
      try {
        const stats = await file.stat({ bigint: true });
        const record = await checksums.read(key);
        if (record === undefined) return "unknown";
        if (record === "damaged") return "unverifiable";
        const range = { first: 0, last: size - 1 };
        const matches = await matching(file, range, size, candidates(record, stats, Number(stats.size)));
        if (matches.length > 0) return "intact";
        const now = await statOf(key);
        if (now === undefined || etagOf(now) !== etagOf(stats)) return "unknown";
        throw damaged(key);
      } finally {
        await file.close();
      }
    },
    renewChecksums: (key) =>
      inTurn(key, () =>
        onDisk(key, async () => {
          if ((await checksums.read(key)) !== "damaged") return false;
          const announced = await checksums.announce(key, undefined, await hashesOf(pathOf(key)));
          try {
            await announced.flush();
            await announced.place();
            await announced.flushPlace();
            await announced.published();
          } finally {
            await announced.close();
          }
          return true;
        }),
      ),
  };
}

interface Hashed {
  readonly identity: BigIntStats;
  readonly sums: BlockChecksums;
}

/** A whole file, neither flushed nor published yet, and open until it is. */
interface Written extends Hashed {
  readonly file: FileHandle;
}

async function spool(body: Bytes, path: string): Promise<Written> {
  const hasher = new BlockHasher();
  const file = await open(path, "wx", 0o600);
  try {
    for await (const chunk of body) {
      hasher.add(chunk);
      await writeAll(file, chunk);
    }
    return { file, identity: await file.stat({ bigint: true }), sums: hasher.finish() };
  } catch (error) {
    await file.close();
    throw toDiskFault(error);
  }
}

async function hashesOf(path: string): Promise<Hashed & { readonly sha256: string }> {
  const file = await open(path, "r");
  try {
    const hasher = new BlockHasher();
    const whole = createHash("sha256");
    const identity = await file.stat({ bigint: true });
    for await (const chunk of streamRange(file, { first: 0, last: Number(identity.size) - 1 })) {
      hasher.add(chunk);
      whole.update(chunk);
    }
    return { identity, sums: hasher.finish(), sha256: whole.digest("hex") };
  } finally {
    await file.close();
  }
}

function toHead(key: string, found: BigIntStats): ObjectHead {
  return { key, size: Number(found.size), etag: etagOf(found), modifiedAt: Number(found.mtimeMs) };
}

/** Every PUT makes a new file, so size, time and inode together change whenever the content does; hashed, because they are internal. */
function etagOf({ size, mtimeNs, ino }: BigIntStats): string {
  return Bun.hash.xxHash3(`${size} ${mtimeNs} ${ino}`).toString(16).padStart(16, "0");
}

function damaged(key: string): Fault {
  return new Fault(
    "internal",
    `The object ${key} is damaged: its bytes are not those that were stored. Put it again, or restore it.`,
  );
}

function missing(key: string): Fault {
  return new Fault(
    "internal",
    `The object ${key} is lost: it was stored, was not removed, and is not there. Put it again, restore it, or remove it.`,
  );
}

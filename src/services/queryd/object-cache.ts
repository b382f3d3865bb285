// Objects that do not lie as files on this host, fetched once and kept in a folder under the name of their
// content. A file appears under its name only when it is whole and its checksum is right; the least recently
// used ones go when the folder grows past its limit. The folder is this service's alone and may be deleted.

import { LRUCache } from "lru-cache";
import { createReadStream, existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { storage } from "#contracts/storage";
import type { CallInit } from "#rpc/call";
import type { Bytes, Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";

export interface RemoteObject {
  readonly key: string;
  readonly etag: string;
  readonly bytes: number;
  readonly sha256?: string | undefined;
}

export interface ObjectCache {
  /** The path of a local copy, fetched when it is not there. */
  path(object: RemoteObject, call: CallInit): Promise<string>;
}

const PARTIAL = ".partial";
/** Hashed between two turns of the event loop: a few milliseconds. */
const HASH_STEP_BYTES = 1024 * 1024;

export function objectCache(
  storaged: Service<typeof storage>,
  folder: string,
  bytesMax: number,
): ObjectCache {
  mkdirSync(folder, { recursive: true });
  const kept = new LRUCache<string, number>({
    maxSize: bytesMax,
    sizeCalculation: (bytes) => Math.max(1, bytes),
    dispose: (_, name, reason) => {
      if (reason !== "set") rmSync(join(folder, name), { force: true });
    },
  });
  /** Copies of an earlier run: the disk may have changed them since they were fetched. */
  const earlier = new Set<string>();
  for (const { name, bytes } of filesOf(folder)) {
    kept.set(name, bytes);
    earlier.add(name);
  }
  const underWay = new Map<string, Promise<void>>();

  const fetched = async (object: RemoteObject, name: string, call: CallInit): Promise<void> => {
    if (object.bytes > bytesMax) {
      throw new Fault("rejected", `Object ${object.key} is larger than the query cache; give it more room.`);
    }
    const { body } = await storaged.get({ key: object.key }, call);
    mkdirSync(folder, { recursive: true });
    const partial = join(folder, `${name}.${crypto.randomUUID()}${PARTIAL}`);
    try {
      const { bytes, sha256 } = await write(body, partial);
      if (object.sha256 !== undefined && sha256 !== object.sha256) {
        throw new Fault("internal", `Object ${object.key} is damaged: its checksum is wrong. Restore it.`);
      }
      await rename(partial, join(folder, name));
      kept.set(name, bytes);
    } catch (thrown) {
      await rm(partial, { force: true });
      throw thrown;
    }
  };

  /** A copy that is not, or cannot be, proven to be what was fetched is fetched again. */
  const renewed = async (object: RemoteObject, name: string, call: CallInit): Promise<void> => {
    const isWhole = object.sha256 !== undefined && (await sha256Of(join(folder, name))) === object.sha256;
    if (isWhole) return;
    kept.delete(name);
    await fetched(object, name, call);
  };

  return {
    path: async (object, call) => {
      const name = nameOf(object);
      // Somebody may have emptied the folder to make room.
      if (kept.get(name) !== undefined && !existsSync(join(folder, name))) kept.delete(name);
      const isKept = kept.get(name) !== undefined;
      if (!isKept || earlier.has(name)) {
        // Executor that need the same object at the same time fetch it once.
        let work = underWay.get(name);
        if (work === undefined) {
          const obtain = isKept ? renewed : fetched;
          work = obtain(object, name, call).finally(() => {
            underWay.delete(name);
            earlier.delete(name);
          });
          underWay.set(name, work);
        }
        await work;
      }
      return join(folder, name);
    },
  };
}

/** Content where it is known, else key and etag, which stand for it. */
function nameOf({ key, etag, sha256 }: RemoteObject): string {
  return `${sha256 ?? `etag-${new Bun.CryptoHasher("sha256").update(`${key}\n${etag}`).digest("hex")}`}.parquet`;
}

/** What an earlier run left, oldest first; what it did not finish is removed. */
function filesOf(folder: string): { name: string; bytes: number }[] {
  const files: { name: string; bytes: number; usedAt: number }[] = [];
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (name.endsWith(PARTIAL)) rmSync(path, { force: true });
    else if (name.endsWith(".parquet")) {
      const { size, atimeMs } = statSync(path);
      files.push({ name, bytes: size, usedAt: atimeMs });
    }
  }
  return files.sort((a, b) => a.usedAt - b.usedAt);
}

async function sha256Of(path: string): Promise<string> {
  const hash = new Bun.CryptoHasher("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: HASH_STEP_BYTES })) {
    hash.update(chunk as Uint8Array);
  }
  return hash.digest("hex");
}

async function write(
  body: Bytes | Uint8Array | null,
  path: string,
): Promise<{ bytes: number; sha256: string }> {
  const hash = new Bun.CryptoHasher("sha256");
  let bytes = 0;
  const file = await open(path, "wx");
  try {
    const chunks: AsyncIterable<Uint8Array> | Uint8Array[] =
      body === null ? [] : body instanceof Uint8Array ? [body] : body;
    for await (const chunk of chunks) {
      hash.update(chunk);
      bytes += chunk.byteLength;
      await file.writeFile(chunk);
    }
  } finally {
    await file.close();
  }
  return { bytes, sha256: hash.digest("hex") };
}

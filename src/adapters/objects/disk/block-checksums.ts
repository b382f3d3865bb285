// Checksums of an object's blocks of 64 KiB, kept in a file of the same path in a folder beside the objects. They are
// durable before the object is acknowledged, and before it replaces another, so every acknowledged object has them, and a
// copy of both folders keeps them. A record holds the two newest versions of its object, because a crash may fall between
// writing the record and publishing the object: the version whose inode and time match the file is the one to compare with; where none matches (a restored
// copy), any whose blocks match. Once the newest was published it alone may be there: an older one in its place is damage.
//
// Layout: JSON of the versions, line feed, blocks of each version (8 bytes each), xxHash3 of all that (8 bytes); a line
// feed after it marks the newest version as published, so that one that is missing later is known to be lost.

import { open, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { syncFolder, temporaryPath, writeAll } from "#lib/durable";
import { placeBelow, removeEmptyFolders } from "./files.ts";

/** A range read costs at most two blocks more than it returns. */
export const BLOCK_BYTES = 64 * 1024;
const HASH_BYTES = 8;
const PUBLISHED_BYTES = new TextEncoder().encode("\n");

/** Stays the same while nothing writes the file. */
export interface FileIdentity {
  readonly ino: bigint;
  readonly mtimeNs: bigint;
}

export interface BlockChecksums {
  readonly size: number;
  /** xxHash3 of each block, the last of which may be shorter. */
  readonly blocks: BigUint64Array;
}

interface Version extends BlockChecksums {
  /** Inode and time of the file that was published. */
  readonly file: string;
}

export interface ChecksumRecord {
  readonly versions: readonly Version[];
  readonly published: boolean;
}

/** Checksums of an object that is not published yet. */
export interface Announcement {
  flush(): Promise<void>;
  /** Puts them, flushed, in the place of those that were there. */
  place(): Promise<void>;
  /** After this a crash leaves them in their place. */
  flushPlace(): Promise<void>;
  /** Marks the object as published. Not flushed: without the mark only a later loss of the object goes unnoticed. */
  published(): Promise<void>;
  close(): Promise<void>;
}

/** Splits bytes into blocks and hashes each full one; chunks may have any size. */
export class BlockHasher {
  readonly #blocks: bigint[] = [];
  /** As long as what is in it, until more comes: most objects are small. */
  #block = new Uint8Array();
  #used = 0;
  #size = 0;

  add(chunk: Uint8Array): void {
    this.#size += chunk.byteLength;
    for (let at = 0; at < chunk.byteLength;) {
      const whole = this.#used === 0 && chunk.byteLength - at >= BLOCK_BYTES;
      const take = Math.min(BLOCK_BYTES - this.#used, chunk.byteLength - at);
      const piece = chunk.subarray(at, at + take);
      at += take;
      if (whole) {
        this.#blocks.push(hashOf(piece));
        continue;
      }
      this.#gather(piece);
      if (this.#used === BLOCK_BYTES) this.#close();
    }
  }

  #gather(piece: Uint8Array): void {
    if (this.#used === 0 && this.#block.length < BLOCK_BYTES) this.#block = Uint8Array.from(piece);
    else {
      if (this.#block.length < BLOCK_BYTES) {
        const begun = this.#block;
        this.#block = new Uint8Array(BLOCK_BYTES);
        this.#block.set(begun);
      }
      this.#block.set(piece, this.#used);
    }
    this.#used += piece.byteLength;
  }

  finish(): BlockChecksums {
    if (this.#used > 0) this.#close();
    return { size: this.#size, blocks: BigUint64Array.from(this.#blocks) };
  }

  #close(): void {
    this.#blocks.push(hashOf(this.#block.subarray(0, this.#used)));
    this.#used = 0;
  }
}

/** Do whole blocks of a file, from block number `first` on, have the checksums they were stored with? */
export function blocksMatch(bytes: Uint8Array, first: number, { blocks }: BlockChecksums): boolean {
  for (let at = 0, block = first; at < bytes.byteLength; at += BLOCK_BYTES, block += 1) {
    if (hashOf(bytes.subarray(at, at + BLOCK_BYTES)) !== blocks[block]) return false;
  }
  return true;
}

/** The versions that a file may be; only the matching one where its identity is known. */
export function candidates(record: ChecksumRecord, identity: FileIdentity, size: number): BlockChecksums[] {
  const file = identityText(identity);
  const known = record.versions.filter((version) => version.file === file);
  const possible = record.published ? record.versions.slice(-1) : record.versions;
  return (known.length > 0 ? known : possible).filter((version) => version.size === size);
}

/** Whether a file is an older version than the one that was published last: opened before it, or put back in its place. */
export function isSuperseded({ versions, published }: ChecksumRecord, identity: FileIdentity): boolean {
  const file = identityText(identity);
  return published && versions.at(-1)?.file !== file && versions.some((version) => version.file === file);
}

/** The records of the objects below `root`. Writers of one key are serialised by the caller; readers need not be. */
export class ChecksumStore {
  readonly root: string;
  readonly #temporaries: string;

  constructor(root: string, temporaries: string) {
    this.root = root;
    this.#temporaries = temporaries;
  }

  /** Undefined when there is no record. The object of a missing or damaged one cannot be compared. */
  async read(key: string): Promise<ChecksumRecord | "damaged" | undefined> {
    const bytes = await this.#bytes(key);
    return bytes === undefined ? undefined : (decoded(bytes) ?? "damaged");
  }

  /** Whether there was an object. A record is never written in place, so one that is damaged says so too. */
  async wasStored(key: string): Promise<boolean> {
    const bytes = await this.#bytes(key);
    return bytes !== undefined && decoded(bytes)?.published !== false;
  }

  async #bytes(key: string): Promise<Buffer | undefined> {
    try {
      return await readFile(join(this.root, key));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** Writes the checksums of the file that is about to be published, beside those of the one that is there. What it gives must be closed. */
  async announce(
    key: string,
    current: FileIdentity | undefined,
    next: { identity: FileIdentity; sums: BlockChecksums },
  ): Promise<Announcement> {
    const record = current === undefined ? undefined : await this.read(key);
    const before = record === undefined || record === "damaged" ? [] : record.versions;
    const file = current === undefined ? "" : identityText(current);
    const kept = before.find((version) => version.file === file) ?? before.at(-1);
    const versions = [
      ...(kept === undefined ? [] : [kept]),
      { file: identityText(next.identity), ...next.sums },
    ];
    const temporary = temporaryPath(this.#temporaries, "checksums");
    const path = join(this.root, key);
    const handle = await open(temporary, "wx", 0o600);
    let isPlaced = false;
    const close = async (): Promise<void> => {
      await handle.close();
      if (!isPlaced) await rm(temporary, { force: true });
    };
    try {
      await writeAll(handle, encoded(versions));
    } catch (error) {
      await close();
      throw error;
    }
    return {
      flush: () => handle.sync(),
      place: async () => {
        await placeBelow(temporary, path, false);
        isPlaced = true;
      },
      flushPlace: () => syncFolder(dirname(path)),
      published: () => writeAll(handle, PUBLISHED_BYTES),
      close,
    };
  }

  /** Durable when it resolves, so that a crash right after never makes a removed object look lost. */
  async remove(key: string): Promise<void> {
    const path = join(this.root, key);
    try {
      await rm(path);
    } catch (error) {
      if (isMissing(error)) return;
      throw error;
    }
    await removeEmptyFolders(this.root, dirname(path));
  }
}

function hashOf(bytes: Uint8Array): bigint {
  return Bun.hash.xxHash3(bytes);
}

function identityText({ ino, mtimeNs }: FileIdentity): string {
  return `${ino.toString(36)}-${mtimeNs.toString(36)}`;
}

function encoded(versions: readonly Version[]): Uint8Array {
  const head = `${JSON.stringify(versions.map(({ file, size }) => ({ file, size })))}\n`;
  const body = Buffer.concat([
    Buffer.from(head),
    ...versions.map(({ blocks }) => new Uint8Array(blocks.buffer, blocks.byteOffset, blocks.byteLength)),
  ]);
  const hash = Buffer.alloc(HASH_BYTES);
  hash.writeBigUInt64LE(hashOf(body));
  return Buffer.concat([body, hash]);
}

function decoded(bytes: Buffer): ChecksumRecord | undefined {
  const headEnd = bytes.indexOf("\n");
  if (headEnd === -1) return undefined;
  let head: { file: string; size: number }[];
  try {
    head = JSON.parse(bytes.toString("utf8", 0, headEnd)) as typeof head;
  } catch {
    return undefined;
  }
  const counts = head.map(({ size }) => Math.ceil(size / BLOCK_BYTES));
  const end = headEnd + 1 + HASH_BYTES * counts.reduce((sum, count) => sum + count, 0);
  if (!Number.isSafeInteger(end) || bytes.length < end + HASH_BYTES) return undefined;
  if (hashOf(bytes.subarray(0, end)) !== bytes.readBigUInt64LE(end)) return undefined;
  let at = headEnd + 1;
  const versions = head.map(({ file, size }, number) => {
    const count = counts[number] ?? 0;
    const blocks = BigUint64Array.from({ length: count }, (_, block) =>
      bytes.readBigUInt64LE(at + HASH_BYTES * block),
    );
    at += HASH_BYTES * count;
    return { file, size, blocks };
  });
  return { versions, published: bytes.length > end + HASH_BYTES };
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR";
}

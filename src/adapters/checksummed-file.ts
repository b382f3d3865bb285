// A checksummed file: `payload | tail | footer`. A torn, truncated or altered file is detected before anything parses
// it: native code that maps an index file trusts every byte of it, and a bad one ends the process. The tail is a
// small JSON description of the payload; the footer has both lengths and the checksum, and stands last, so that a
// file cut anywhere has none.

import { closeSync, fstatSync, fsyncSync, openSync, readSync, renameSync, rmSync, writeSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { syncFolder } from "#lib/durable";
import { Fault } from "#rpc/fault";

const MAGIC = 0x4c_48_53_45_41_4c_30_31n; // "LHSEAL01"
const FOOTER_BYTES = 40;
/** One hash step; at about 10 GB/s it holds the event loop for less than a millisecond. */
const BLOCK_BYTES = 4 * 1024 * 1024;
/** The nodes of 30 million rows, as text; of anything else a tail is a few lines. A larger length is damage. */
const TAIL_BYTES_MAX = 512 * 1024 * 1024;

/** Reused by the next file: a fresh block for each of a thousand files would be gigabytes of garbage. */
let spare: Uint8Array<ArrayBuffer> | null = null;

async function withBlock<T>(use: (block: Uint8Array<ArrayBuffer>) => Promise<T>): Promise<T> {
  const block = spare ?? new Uint8Array(BLOCK_BYTES);
  spare = null;
  try {
    return await use(block);
  } finally {
    spare = block;
  }
}

export interface FileChecksum {
  readonly payloadBytes: number;
  readonly tailBytes: number;
  /** xxHash64 chained over blocks of payload and then the tail, in hexadecimal. */
  readonly hash: string;
}

/**
 * Chains xxHash64 over a file's blocks of 4 MiB, each seeded with the hash before it: the same bytes give the
 * same hash however they were read, and no step takes long. The tail starts a block of its own.
 */
function chain(bytes: Uint8Array, seed: bigint): bigint {
  let hash = seed;
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    hash = Bun.hash.xxHash64(bytes.subarray(at, at + BLOCK_BYTES), hash);
  }
  return hash;
}

function footer(payloadBytes: number, tailBytes: number, hash: bigint): Uint8Array {
  const bytes = new Uint8Array(FOOTER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, MAGIC);
  view.setBigUint64(8, BigInt(payloadBytes));
  view.setBigUint64(16, BigInt(tailBytes));
  view.setBigUint64(24, hash);
  view.setBigUint64(32, Bun.hash.xxHash64(bytes.subarray(0, 32)));
  return bytes;
}

/** What a file that does not verify throws. Messages have file names, never folders: those are the server's. */
export function damaged(path: string, what: string): Fault {
  return new Fault("internal", `${basename(path)} is damaged: ${what}.`);
}

/** A file that is missing is damage; one that cannot be opened for another reason may open later. */
function cannotOpen(error: unknown, path: string): unknown {
  return (error as { code?: unknown }).code === "ENOENT"
    ? damaged(path, "it is missing")
    : diskFault(error, path);
}

function parseFooter(path: string, bytes: Uint8Array, sizeBytes: number): FileChecksum {
  const view = new DataView(bytes.buffer, bytes.byteOffset, FOOTER_BYTES);
  if (view.getBigUint64(0) !== MAGIC) throw damaged(path, "its footer is missing");
  if (view.getBigUint64(32) !== Bun.hash.xxHash64(bytes.subarray(0, 32))) {
    throw damaged(path, "its footer does not match its checksum");
  }
  const payloadBytes = Number(view.getBigUint64(8));
  const tailBytes = Number(view.getBigUint64(16));
  if (tailBytes > TAIL_BYTES_MAX || payloadBytes + tailBytes + FOOTER_BYTES !== sizeBytes) {
    throw damaged(path, "its length is not the one it was written with");
  }
  return { payloadBytes, tailBytes, hash: view.getBigUint64(24).toString(16) };
}

/**
 * Writes a checksummed file through a temporary name, fsync, rename and fsync of the folder, so that `path` holds
 * either all of it or what it held before. A part is copied before the event loop is left, block by block.
 */
export async function writeChecksummed(
  path: string,
  parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  tail: unknown = null,
): Promise<FileChecksum> {
  return withBlock((block) => writeThrough(block, path, parts, tail));
}

async function writeThrough(
  block: Uint8Array,
  path: string,
  parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  tail: unknown,
): Promise<FileChecksum> {
  const temporary = `${path}.tmp`;
  try {
    const handle = await open(temporary, "w");
    try {
      let filled = 0;
      let hash = 0n;
      let payloadBytes = 0;
      const flush = async (): Promise<void> => {
        const bytes = block.subarray(0, filled);
        hash = chain(bytes, hash);
        await writeWhole(handle, bytes);
        payloadBytes += filled;
        filled = 0;
      };
      for await (const part of parts) {
        for (let at = 0; at < part.length;) {
          const taken = part.subarray(at, at + BLOCK_BYTES - filled);
          block.set(taken, filled);
          filled += taken.length;
          at += taken.length;
          if (filled === BLOCK_BYTES) await flush();
        }
      }
      await flush();
      const { checksum, bytes } = closing(payloadBytes, tail, hash);
      await writeWhole(handle, bytes);
      await handle.sync();
      await handle.close();
      await rename(temporary, path);
      await syncFolder(dirname(path));
      return checksum;
    } finally {
      await handle.close().catch(() => undefined);
    }
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw diskFault(error, path);
  }
}

/** Appends tail and footer to what native code has written at `temporary`, and renames it to `path`. Synchronous, for a build process. */
export function appendChecksum(temporary: string, path: string, tail: unknown): FileChecksum {
  try {
    const descriptor = openSync(temporary, "r+");
    try {
      const payloadBytes = fstatSync(descriptor).size;
      const block = new Uint8Array(BLOCK_BYTES);
      let hash = 0n;
      for (let at = 0; at < payloadBytes; at += BLOCK_BYTES) {
        const bytes = block.subarray(0, Math.min(BLOCK_BYTES, payloadBytes - at));
        readWhole(descriptor, bytes, at, temporary);
        hash = chain(bytes, hash);
      }
      const { checksum, bytes } = closing(payloadBytes, tail, hash);
      for (let at = 0; at < bytes.length;) {
        at += writeSync(descriptor, bytes, at, bytes.length - at, payloadBytes + at);
      }
      fsyncSync(descriptor);
      renameSync(temporary, path);
      return checksum;
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    rmSync(temporary, { force: true });
    throw diskFault(error, path);
  }
}

/** The tail and the footer that end a file whose payload has this hash. */
function closing(
  payloadBytes: number,
  tail: unknown,
  payloadHash: bigint,
): { checksum: FileChecksum; bytes: Uint8Array } {
  const text = new TextEncoder().encode(JSON.stringify(tail));
  const hash = chain(text, payloadHash);
  const bytes = Buffer.concat([text, footer(payloadBytes, text.length, hash)]);
  return { checksum: { payloadBytes, tailBytes: text.length, hash: hash.toString(16) }, bytes };
}

async function writeWhole(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, at, bytes.length - at);
    // A full disk may shorten a write without an error; one that writes nothing would loop here without end.
    if (bytesWritten === 0) throw Object.assign(new Error("nothing was written"), { code: "ENOSPC" });
    at += bytesWritten;
  }
}

const DISK_ERRORS = /^(ENOSPC|EIO|EDQUOT|EFBIG|EROFS|EMFILE|ENFILE|EACCES|EPERM|ENOMEM|ENOENT)$/;

/** A failure of the disk as a caller sees it: `unavailable`, since it works again when the disk does. */
export function diskFault(error: unknown, path: string): unknown {
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
  if (error instanceof Fault || !DISK_ERRORS.test(code)) return error;
  const message = `${basename(path)} could not be read or written (${code}). Check the disk's space and health, then try again.`;
  return new Fault("unavailable", message, { cause: error, retryAfterMs: 1_000 });
}

export interface ChecksummedFile extends FileChecksum {
  readonly tail: unknown;
}

/**
 * Verifies a file and reads its payload into what `into` returns for the payload's length; without it the payload is
 * only hashed. Damage of any kind is a Fault `internal` that names the file. Synchronous, for small files and worker
 * processes; a process that serves uses `verifyChecksummed`.
 */
export function readChecksummed(path: string, into?: (payloadBytes: number) => Uint8Array): ChecksummedFile {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch (error) {
    throw cannotOpen(error, path);
  }
  try {
    const checksum = checksumOf(descriptor, path);
    const target = into?.(checksum.payloadBytes);
    if (target !== undefined && target.length !== checksum.payloadBytes)
      throw damaged(path, "its length is unexpected");
    const scratch = new Uint8Array(target === undefined ? BLOCK_BYTES : 0);
    let hash = 0n;
    for (let at = 0; at < checksum.payloadBytes; at += BLOCK_BYTES) {
      const length = Math.min(BLOCK_BYTES, checksum.payloadBytes - at);
      const block = target?.subarray(at, at + length) ?? scratch.subarray(0, length);
      readWhole(descriptor, block, at, path);
      hash = chain(block, hash);
    }
    return { ...checksum, tail: readTail(descriptor, path, checksum, hash) };
  } catch (error) {
    throw diskFault(error, path);
  } finally {
    closeSync(descriptor);
  }
}

/** As `readChecksummed`, leaving the event loop free between blocks. */
export async function verifyChecksummed(
  path: string,
  into?: (payloadBytes: number) => Uint8Array,
): Promise<ChecksummedFile> {
  const handle = await open(path, "r").catch((error: unknown) => {
    throw cannotOpen(error, path);
  });
  try {
    const checksum = checksumOf(handle.fd, path);
    const target = into?.(checksum.payloadBytes);
    if (target !== undefined && target.length !== checksum.payloadBytes)
      throw damaged(path, "its length is unexpected");
    const hash = await withBlock(async (scratch) => {
      let hash = 0n;
      for (let at = 0; at < checksum.payloadBytes; at += BLOCK_BYTES) {
        const length = Math.min(BLOCK_BYTES, checksum.payloadBytes - at);
        const block = target?.subarray(at, at + length) ?? scratch.subarray(0, length);
        const { bytesRead } = await handle.read(block, 0, length, at);
        if (bytesRead !== length) throw damaged(path, "it ends too early");
        hash = chain(block, hash);
      }
      return hash;
    });
    return { ...checksum, tail: readTail(handle.fd, path, checksum, hash) };
  } catch (error) {
    throw diskFault(error, path);
  } finally {
    await handle.close();
  }
}

function checksumOf(descriptor: number, path: string): FileChecksum {
  const sizeBytes = fstatSync(descriptor).size;
  if (sizeBytes < FOOTER_BYTES) throw damaged(path, `it is only ${sizeBytes} bytes long`);
  const bytes = new Uint8Array(FOOTER_BYTES);
  readWhole(descriptor, bytes, sizeBytes - FOOTER_BYTES, path);
  return parseFooter(path, bytes, sizeBytes);
}

function readTail(
  descriptor: number,
  path: string,
  { payloadBytes, tailBytes, hash }: FileChecksum,
  payloadHash: bigint,
): unknown {
  const bytes = new Uint8Array(tailBytes);
  readWhole(descriptor, bytes, payloadBytes, path);
  if (chain(bytes, payloadHash).toString(16) !== hash)
    throw damaged(path, "its contents do not match its checksum");
  return JSON.parse(new TextDecoder().decode(bytes));
}

function readWhole(descriptor: number, bytes: Uint8Array, position: number, path: string): void {
  for (let at = 0; at < bytes.length;) {
    const read = readSync(descriptor, bytes, at, bytes.length - at, position + at);
    if (read === 0) throw damaged(path, "it ends too early");
    at += read;
  }
}

// Where an ingest's files lie while it goes on: one folder each, removed with it. A folder that is found at
// start belongs to a process that was killed, and nothing in it was ever promised to anybody.

import { type FileHandle, mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "#rpc/fault";
import { diskFault } from "./decode/files.ts";
import { Utf8Check } from "./decode/utf8-check.ts";

/** One file: an hour's transfer at 20 MB/s. Larger ones are sent in parts, each its own append. */
export const FILE_BYTES_MAX = 64 * 1024 ** 3;
/** Written to disk in pieces of about this size; a slow disk slows the sender down. */
const WRITE_BYTES = 1024 * 1024;
const PREFIX = "ingest-";

export interface Spooled {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Every byte was seen to be UTF-8, and none of them is a NUL. */
  readonly plain: boolean;
}

export class Spool {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(folder: string): Promise<Spool> {
    await mkdir(folder, { recursive: true });
    for (const name of await readdir(folder)) {
      if (name.startsWith(PREFIX)) await rm(join(folder, name), { recursive: true, force: true });
    }
    return new Spool(folder);
  }

  /** Runs `work` with a folder of its own, which is gone when it ends. */
  async within<R>(work: (folder: string) => Promise<R>): Promise<R> {
    const folder = join(this.#folder, `${PREFIX}${crypto.randomUUID()}`);
    await mkdir(folder);
    try {
      return await work(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

/** Writes a body to disk and hashes it on the way; memory does not grow with it. */
export async function receive(
  body: AsyncIterable<Uint8Array>,
  path: string,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
  bytesMax = FILE_BYTES_MAX,
): Promise<Spooled> {
  const hash = new Bun.CryptoHasher("sha256");
  const text = new Utf8Check();
  const file = await open(path, "wx");
  let bytes = 0;
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  /** One write is under way while the next pieces are hashed. */
  let writing: Promise<void> = Promise.resolve();
  const flush = async (): Promise<void> => {
    await writing;
    writing = write(file, waiting, waitingBytes);
    // Whoever waits for it next is told; until then it is nobody's unhandled rejection.
    writing.catch(() => undefined);
    waiting = [];
    waitingBytes = 0;
  };
  try {
    for await (const chunk of body) {
      if (signal.aborted) throw signal.reason;
      bytes += chunk.byteLength;
      if (bytes > bytesMax) {
        throw new Fault(
          "too_large",
          `The file is larger than the ${bytesMax} bytes that one ingest takes: send it in parts.`,
        );
      }
      hash.update(chunk);
      text.push(chunk);
      waiting.push(chunk);
      waitingBytes += chunk.byteLength;
      if (waitingBytes >= WRITE_BYTES) await flush();
      onBytes(bytes);
    }
    await flush();
    await writing;
  } catch (error) {
    throw diskFault(error) ?? error;
  } finally {
    await writing.catch(() => undefined);
    await file.close();
  }
  if (signal.aborted) throw signal.reason;
  return { path, bytes, sha256: hash.digest("hex"), plain: text.holds() };
}

/** Systems take 1,024 pieces in one write. */
const PIECES_MAX = 512;

async function write(file: FileHandle, pieces: readonly Uint8Array[], bytes: number): Promise<void> {
  if (bytes === 0) return;
  const whole = pieces.length > PIECES_MAX ? [Buffer.concat(pieces)] : pieces;
  const { bytesWritten } = await file.writev(whole);
  // A file takes less than it is given only when the disk is full.
  if (bytesWritten < bytes)
    throw new Fault("unavailable", "The disk is full: free some space and send the file again.");
}

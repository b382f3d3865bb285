// Reads a file and compares every byte with the checksums of its blocks before returning it. A small read is held in memory
// and compared; a large one is read twice: once to compare, and once to be sent by the system, which finds it in the page
// cache.

import type { FileHandle } from "node:fs/promises";
import type { BlockChecksums } from "./block-checksums.ts";
import { BLOCK_BYTES, blocksMatch } from "./block-checksums.ts";

/** One read of a file; whole blocks. */
const READ_BYTES = 4 * BLOCK_BYTES;

export interface ByteRange {
  /** Inclusive; before `first` when the range is empty. */
  readonly first: number;
  readonly last: number;
}

/** Thrown when a file is shorter than its recorded size: it was truncated while it was read. */
export class ShortFile extends Error {}

/** The bytes of a range. */
export async function readRange(
  file: FileHandle,
  { first, last }: ByteRange,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(Math.max(0, last + 1 - first));
  for (let done = 0; done < bytes.byteLength;) {
    const { bytesRead } = await file.read(bytes, done, bytes.byteLength - done, first + done);
    if (bytesRead === 0) throw new ShortFile("the file ended early");
    done += bytesRead;
  }
  return bytes;
}

/** The whole blocks that hold a range of a file of `size` bytes. */
export function blockRange({ first, last }: ByteRange, size: number): ByteRange {
  return {
    first: first - (first % BLOCK_BYTES),
    last: Math.min(size, (Math.floor(last / BLOCK_BYTES) + 1) * BLOCK_BYTES) - 1,
  };
}

/** Which of the versions the blocks that hold a range match; empty when the range is damaged under each. */
export async function matching(
  file: FileHandle,
  range: ByteRange,
  size: number,
  versions: readonly BlockChecksums[],
): Promise<readonly BlockChecksums[]> {
  const { first, last } = blockRange(range, size);
  let left = versions;
  for (let at = first; at <= last && left.length > 0; at += READ_BYTES) {
    const bytes = await readRange(file, { first: at, last: Math.min(last, at + READ_BYTES - 1) });
    left = left.filter((version) => blocksMatch(bytes, at / BLOCK_BYTES, version));
  }
  return left;
}

/** A range as a stream; closes the file at its end. Its bytes were compared before. */
export function streamRange(file: FileHandle, { first, last }: ByteRange): ReadableStream<Uint8Array> {
  let at = first;
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        try {
          if (at <= last) {
            const bytes = await readRange(file, { first: at, last: Math.min(last, at + READ_BYTES - 1) });
            at += bytes.byteLength;
            controller.enqueue(bytes);
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

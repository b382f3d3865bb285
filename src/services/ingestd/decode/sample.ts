// Pieces of a text file from which to judge it: its beginning, and for a large one blocks from all over it,
// because what a file is like on page one is not what it is like on page thousand.

import { open } from "node:fs/promises";

export interface Sample {
  readonly head: string;
  /** The head is the whole file. */
  readonly whole: boolean;
  /** Text that starts and ends with a line, the file's beginning first. */
  readonly blocks: readonly string[];
}

const HEAD_BYTES = 256 * 1024;
const BLOCKS = 64;
const BLOCK_BYTES = 12 * 1024;

export async function sampleOf(path: string, bytes: number): Promise<Sample> {
  const file = await open(path);
  try {
    const read = async (at: number, length: number): Promise<Buffer> => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at);
      return buffer.subarray(0, bytesRead);
    };
    const head = await read(0, HEAD_BYTES);
    if (bytes <= HEAD_BYTES) return { head: head.toString(), whole: true, blocks: [head.toString()] };
    const blocks = [head.subarray(0, lastLineEnd(head)).toString()];
    const step = (bytes - HEAD_BYTES) / BLOCKS;
    for (let index = 0; index < BLOCKS; index += 1) {
      const block = await read(Math.floor(HEAD_BYTES + index * step), BLOCK_BYTES);
      const start = block.indexOf(10) + 1;
      const end = lastLineEnd(block);
      if (start > 0 && end > start) blocks.push(block.subarray(start, end).toString());
    }
    return { head: blocks[0] ?? "", whole: false, blocks };
  } finally {
    await file.close();
  }
}

/** Where the last line that is whole ends; everything when there is none. */
function lastLineEnd(bytes: Buffer): number {
  const end = Math.max(bytes.lastIndexOf(10), bytes.lastIndexOf(13)) + 1;
  return end === 0 ? bytes.length : end;
}

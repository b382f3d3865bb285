// Lines of a file as bytes, with their numbers from 0, read in pieces: memory is flat in the size of the file. A line
// longer than LINE_BYTES_MAX is not put together; its place in the file is told instead, so that it can be copied.

import { open } from "node:fs/promises";

/** What a line may have to be parsed: a long conversation fits many times. */
export const LINE_BYTES_MAX = 8 * 1024 * 1024;
const CHUNK_BYTES = 1024 * 1024;
/** Lines given at once: a piece of nothing but newlines has a million. */
const PIECE_LINES_MAX = 4096;
const NEWLINE = 10;

export interface Line {
  /** Its number, from 0; blank lines count. */
  readonly offset: number;
  /** Where it begins in the file, and how long it is, without its newline. */
  readonly start: number;
  readonly length: number;
  /** Valid until the next piece is taken; undefined where the line is too long. */
  readonly bytes: Uint8Array | undefined;
  /** False of a last line that no newline ends. */
  readonly ended: boolean;
}

/** A file that had become shorter while it was read. */
export class FileShrank extends Error {}

/** The lines of the first `size` bytes. */
export async function* linesOf(path: string, size: number): AsyncGenerator<Line> {
  for await (const lines of linesInPieces(path, size)) yield* lines;
}

/**
 * The same, as many at once as end in one reading: to wait for each line costs about as much as to parse it. `seen` gets
 * every byte in order, as for a hash of the whole, before the lines that end in it.
 */
export async function* linesInPieces(
  path: string,
  size: number,
  seen?: (bytes: Uint8Array) => void,
): AsyncGenerator<readonly Line[]> {
  const file = await open(path, "r");
  try {
    let buffer = new Uint8Array(Math.min(CHUNK_BYTES, size));
    /** Bytes of the buffer that belong to a line without its end yet. */
    let held = 0;
    let at = 0;
    let start = 0;
    let offset = 0;
    let skipping = false;
    while (at < size) {
      const wanted = Math.min(CHUNK_BYTES, size - at);
      if (buffer.length - held < wanted) {
        const larger = new Uint8Array(Math.max(buffer.length * 2, held + wanted));
        larger.set(buffer.subarray(0, held));
        buffer = larger;
      }
      const { bytesRead } = await file.read(buffer, held, wanted, at);
      if (bytesRead === 0) throw new FileShrank(path);
      seen?.(buffer.subarray(held, held + bytesRead));
      const end = held + bytesRead;
      const filled = buffer.subarray(0, end);
      let from = 0;
      let search = held;
      let lines: Line[] = [];
      for (;;) {
        const newline = filled.indexOf(NEWLINE, search);
        if (newline === -1) break;
        const stop = at + newline - held;
        const bytes =
          skipping || newline - from > LINE_BYTES_MAX ? undefined : buffer.subarray(from, newline);
        lines.push({ offset, start, length: stop - start, bytes, ended: true });
        if (lines.length === PIECE_LINES_MAX) {
          yield lines;
          lines = [];
        }
        offset += 1;
        start = stop + 1;
        skipping = false;
        from = newline + 1;
        search = from;
      }
      at += bytesRead;
      if (lines.length > 0) yield lines;
      if (skipping || end - from > LINE_BYTES_MAX) {
        skipping = true;
        held = 0;
      } else {
        buffer.copyWithin(0, from, end);
        held = end - from;
      }
    }
    if (start < size) {
      const bytes = skipping ? undefined : buffer.subarray(0, held);
      yield [{ offset, start, length: size - start, bytes, ended: false }];
    }
  } finally {
    await file.close();
  }
}

/** A stretch of a file in pieces of `pieceBytes`, the last one shorter. */
export async function* rangeOf(
  path: string,
  start: number,
  length: number,
  pieceBytes: number,
): AsyncGenerator<Uint8Array> {
  const file = await open(path, "r");
  try {
    for (let at = 0; at < length; at += pieceBytes) {
      const piece = new Uint8Array(Math.min(pieceBytes, length - at));
      for (let done = 0; done < piece.length;) {
        const { bytesRead } = await file.read(piece, done, piece.length - done, start + at + done);
        if (bytesRead === 0) throw new FileShrank(path);
        done += bytesRead;
      }
      yield piece;
    }
  } finally {
    await file.close();
  }
}

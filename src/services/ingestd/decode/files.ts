// The files of one ingest: read in chunks and as text, written from start to end by one writer. None of them outlives
// its ingest, so nothing is flushed to the disk.

import { open, rm } from "node:fs/promises";
import { Fault } from "#rpc/fault";
import { textDecoder } from "./text-decoder.ts";

const CHUNK_BYTES = 1024 * 1024;
const HEAD_BYTES = 64 * 1024;

export async function readHead(path: string, bytes = HEAD_BYTES): Promise<Buffer> {
  const file = await open(path);
  try {
    const head = Buffer.allocUnsafe(bytes);
    const { bytesRead } = await file.read(head, 0, bytes, 0);
    return head.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** The file's bytes, a chunk at a time. The chunk is reused: copy what is to be kept. */
export async function* chunksOf(path: string, from = 0): AsyncGenerator<Buffer> {
  const file = await open(path);
  try {
    // Most files are small, and a chunk is memory that has to be touched.
    const { size } = await file.stat();
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(size - from, 0) + 1));
    for (let at = from; ;) {
      const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/** The text of a file, in pieces that never cut a character. */
export async function* textOf(path: string, encoding = "utf-8", from = 0): AsyncGenerator<string> {
  const decoder = textDecoder(encoding);
  for await (const chunk of chunksOf(path, from)) {
    const text = decoder.decode(chunk, { stream: true });
    if (text !== "") yield text;
  }
  const rest = decoder.decode();
  if (rest !== "") yield rest;
}

/** A Fault for a full disk; undefined for any other error. */
export function diskFault(error: unknown): Fault | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  if (code !== "ENOSPC" && code !== "EDQUOT") return undefined;
  return new Fault("unavailable", "The disk is full: free some space and send the file again.", {
    cause: error,
  });
}

/** Written to disk in pieces of this size. */
const BUFFER_BYTES = 1024 * 1024;

/** Bun's writer does not truncate an existing file, hence the removal. */
export async function newFile(path: string): Promise<Bun.FileSink> {
  await rm(path, { force: true });
  return Bun.file(path).writer({ highWaterMark: BUFFER_BYTES });
}

/** A file that `fill` writes, and how many bytes it has. Throws `unavailable` where the disk is full. */
export async function written(
  path: string,
  fill: (write: (piece: string | Buffer) => Promise<void>) => Promise<void>,
): Promise<number> {
  const sink = await newFile(path);
  let bytes = 0;
  try {
    await fill(async (piece) => {
      bytes += typeof piece === "string" ? Buffer.byteLength(piece) : piece.byteLength;
      await sink.write(piece);
    });
    await sink.end();
  } catch (error) {
    throw diskFault(error) ?? error;
  }
  return bytes;
}

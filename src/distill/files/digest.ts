// SHA-256 of bytes and files.

import { hash } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { FileDigest } from "../schemas/reports.ts";

export function sha256Hex(bytes: string | Uint8Array): string {
  return hash("sha256", bytes, "hex");
}

export async function fileSha256(path: string): Promise<string> {
  return (await digestOf("", path)).sha256;
}

/** What of a file is in memory while it is hashed. */
const PIECE_BYTES = 256 * 1024;

/** Of a file below the root, under its path from there; of its beginning alone where `within` says how much of it. */
export async function digestOf(root: string, path: string, within = Infinity): Promise<FileDigest> {
  const hasher = new Bun.CryptoHasher("sha256");
  let bytes = 0;
  for await (const piece of piecesOf(join(root, path))) {
    const wanted = piece.subarray(0, within - bytes);
    hasher.update(wanted);
    bytes += wanted.length;
    if (bytes === within) break;
  }
  return { path, sha256: hasher.digest("hex"), bytes };
}

/** Each is valid until the next is taken. */
async function* piecesOf(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    // Most files are small, and some have a size of 0 and content.
    const buffer = new Uint8Array(Math.min(PIECE_BYTES, Math.max(size, 4096)));
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

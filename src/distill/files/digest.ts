// SHA-256 of bytes and files.

import { hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { FileDigest } from "../schemas/reports.ts";

export function sha256Hex(bytes: string | Uint8Array): string {
  return hash("sha256", bytes, "hex");
}

export async function fileSha256(path: string): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256");
  for await (const chunk of createReadStream(path)) hasher.update(chunk as Uint8Array);
  return hasher.digest("hex");
}

/** Of a file below the root, under its path from there. */
export async function digestOf(root: string, path: string): Promise<FileDigest> {
  const whole = join(root, path);
  return { path, sha256: await fileSha256(whole), bytes: (await stat(whole)).size };
}

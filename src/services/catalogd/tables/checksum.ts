// The checksums of the catalog's own files. A manifest, a manifest list or a page of the history has its SHA-256 in its name, as data files
// have, so whatever names the file also says what it holds, and other readers take it for a name like any other. The
// metadata in a table's row has its checksum as a last line; the metadata file holds the same text without.

import { createHash } from "node:crypto";

export function sha256Of(content: Uint8Array | string): string {
  return createHash("sha256").update(content).digest("hex");
}

export function checksummedName(name: string, bytes: Uint8Array): string {
  return `${name}-${sha256Of(bytes)}.avro`;
}

export function checksummedJson(name: string, bytes: Uint8Array): string {
  return `${name}-${sha256Of(bytes)}.json`;
}

const CHECKSUMMED = /-([0-9a-f]{64})\.(?:avro|json)$/;

/** False when a name has a checksum and it is not that of the bytes. Files of other writers have none. */
export function matchesName(name: string, bytes: Uint8Array): boolean {
  const sha256 = CHECKSUMMED.exec(name)?.[1];
  return sha256 === undefined || sha256 === sha256Of(bytes);
}

/** Over all of a row: metadata under another version's number would be as wrong as other metadata. */
export function rowChecksum(name: string, prefix: string, version: number, metadata: string): string {
  return sha256Of(`${name}\n${prefix}\n${version}\n${metadata}`);
}

export function withChecksum(text: string, checksum: string): string {
  return `${text}\n${checksum}`;
}

const CHECKSUM_CHARS = 64;

/** Text that ends as JSON does is from before rows had checksums. */
export function splitChecksum(stored: string): { text: string; checksum?: string } {
  if (stored.endsWith("}")) return { text: stored };
  return { text: stored.slice(0, -CHECKSUM_CHARS - 1), checksum: stored.slice(-CHECKSUM_CHARS) };
}

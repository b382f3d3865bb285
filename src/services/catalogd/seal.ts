// What vouches for the catalog's own files. A manifest or a list of manifests has its SHA-256 in its name, as data
// files have, so whoever names it says what it holds, and every other reader takes it for a name like any other. The
// metadata in a table's row has its checksum as a last line; the file of the metadata holds the same text without.

import { createHash } from "node:crypto";

export function sha256Of(content: Uint8Array | string): string {
  return createHash("sha256").update(content).digest("hex");
}

export function sealedName(name: string, bytes: Uint8Array): string {
  return `${name}-${sha256Of(bytes)}.avro`;
}

const SEALED = /-([0-9a-f]{64})\.avro$/;

/** False when a name has a checksum and it is not that of the bytes. Files of other writers have none. */
export function holdsSeal(name: string, bytes: Uint8Array): boolean {
  const sha256 = SEALED.exec(name)?.[1];
  return sha256 === undefined || sha256 === sha256Of(bytes);
}

/** Over all of a row: metadata under another version's number would be as wrong as other metadata. */
export function rowSeal(name: string, prefix: string, version: number, metadata: string): string {
  return sha256Of(`${name}\n${prefix}\n${version}\n${metadata}`);
}

export function sealed(text: string, seal: string): string {
  return `${text}\n${seal}`;
}

const SEAL_CHARS = 64;

/** What ends as JSON does is from before there were seals. */
export function unsealed(stored: string): { text: string; seal?: string } {
  if (stored.endsWith("}")) return { text: stored };
  return { text: stored.slice(0, -SEAL_CHARS - 1), seal: stored.slice(-SEAL_CHARS) };
}

// The list of all indexes with their shapes, in a file beside their folder. It proves that an index whose folder is
// gone was there, and keeps a copy of each shape; the folders in turn are what a lost list is made of again.

import { existsSync } from "node:fs";
import { readChecksummed, writeChecksummed } from "#adapters/checksummed-file";
import type { Log } from "#lib/log";
import { Fault, traceOf } from "#rpc/fault";

/** The text of each index's shape (rows/shape.ts) by the index's name; null where it is not known. */
export type IndexList = ReadonlyMap<string, string | null>;

interface ListTail {
  readonly format: 1;
  readonly indexes: readonly (readonly [name: string, shape: string | null])[];
}

export const listPath = (folder: string): string => `${folder}.json`;

/** Null when there is none, or none that verifies. */
export function readList(folder: string, log: Log): IndexList | null {
  const path = listPath(folder);
  if (!existsSync(path)) return null;
  try {
    return new Map((readChecksummed(path).tail as ListTail).indexes);
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "internal") throw error;
    log.error("the list of indexes is damaged and is made again from their folders", traceOf(error));
    return null;
  }
}

export async function writeList(folder: string, list: IndexList): Promise<void> {
  const sorted = [...list].sort(([a], [b]) => (a < b ? -1 : 1));
  await writeChecksummed(listPath(folder), [], { format: 1, indexes: sorted } satisfies ListTail);
}

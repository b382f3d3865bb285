// Which data files of a table are worth merging. Sizes decide: a file joins when it is small, or no larger than a few
// times what was chosen so far, so that each row is rewritten about as often as the table quadruples, and a thousand
// appends of one row leave a handful of files.

import type { Manifest, ManifestEntry } from "../iceberg/manifest/manifest.ts";
import { CONTENT, type DataFile } from "../iceberg/manifest/manifest.ts";
import { isLive } from "../iceberg/commit.ts";

/** Files below this count as equally small: reading any of them costs the opening and nothing else. */
const SMALL_BYTES = 256 * 1024;
/** How much larger than all chosen before it a file may be. */
const GROWTH = 4;
/** What one merge writes at most: the size that ingest gives large files. */
const MERGED_BYTES_MAX = 128 * 1024 * 1024;

/** So many mergeable files are merged after a commit; scheduled work merges two already. */
export const MERGED_MIN = 8;

export interface Mergeable {
  readonly file: DataFile;
  /** The manifest that lists it. */
  readonly manifestPath: string;
}

/**
 * The files to merge, in the order in which a scan reads them; none when there are fewer than `least`. A table with
 * delete files or partitions, which other engines write, is left to them.
 */
export function planMerge(manifests: ReadonlyMap<string, Manifest>, least: number): Mergeable[] {
  const live: Mergeable[] = [];
  for (const [manifestPath, manifest] of manifests) {
    const entries = manifest.entries.filter(isLive);
    if (entries.length > 0 && !isPlain(manifest, entries)) return [];
    live.push(...entries.map(({ data_file }) => ({ file: data_file, manifestPath })));
  }
  const chosen = new Set<Mergeable>();
  let bytes = 0;
  const smallestFirst = live.toSorted((a, b) => sizeOf(a) - sizeOf(b));
  for (const candidate of smallestFirst) {
    const size = sizeOf(candidate);
    if (bytes + size > MERGED_BYTES_MAX) break;
    if (size > Math.max(SMALL_BYTES, GROWTH * bytes)) break;
    chosen.add(candidate);
    bytes += size;
  }
  return chosen.size < least ? [] : live.filter((candidate) => chosen.has(candidate));
}

function sizeOf({ file }: Mergeable): number {
  return file.file_size_in_bytes;
}

function isPlain({ content, spec }: Manifest, entries: readonly ManifestEntry[]): boolean {
  return (
    content === "data" &&
    spec.fields.length === 0 &&
    entries.every(
      ({ data_file }) => data_file.content === CONTENT.data && data_file.file_format === "PARQUET",
    )
  );
}

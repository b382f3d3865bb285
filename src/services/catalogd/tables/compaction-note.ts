// What a compaction leaves in its snapshot's summary: the id of the snapshot whose rows it has. And what the next commit
// leaves: the same id, as that of the snapshot that it follows, so that the chain of snapshots can be walked without the
// compactions in it.

import type { Snapshot } from "../iceberg/metadata/metadata.ts";
import { type Long, parseLong } from "../iceberg/types/long.ts";

const COMPACTS = "lakehouse.compacts";

export function isCompaction({ summary }: Snapshot): boolean {
  return summary[COMPACTS] !== undefined;
}

/** The snapshot's own id, or that of the snapshot that it compacts. */
export function contentId(snapshot: Snapshot): Long {
  const compacts = snapshot.summary[COMPACTS];
  return compacts === undefined ? snapshot["snapshot-id"] : parseLong(compacts);
}

export function compactionNote(of: Snapshot): Record<string, string> {
  return { [COMPACTS]: String(contentId(of)) };
}

const FOLLOWS = "lakehouse.follows";

/** For the summary of a commit on top of `parent`. */
export function parentNote(parent: Snapshot | undefined): Record<string, string> {
  return parent === undefined || !isCompaction(parent) ? {} : { [FOLLOWS]: String(contentId(parent)) };
}

/** The snapshot before, by the id of its rows. */
export function contentParent(snapshot: Snapshot): Long | undefined {
  const follows = snapshot.summary[FOLLOWS];
  return follows === undefined ? snapshot["parent-snapshot-id"] : parseLong(follows);
}

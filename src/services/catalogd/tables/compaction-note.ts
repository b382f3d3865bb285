// What a compaction leaves in its snapshot's summary: the id of the snapshot whose rows it has.

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

// What a record of the log does to the rows, when it has just become durable and on replay alike.

import { timeSlicer } from "#lib/event-loop";
import type { Rows } from "../rows/rows.ts";
import { decodeRecord } from "./record.ts";

/** Follows the rows that a record adds and removes. */
export interface RowObserver {
  added(row: number): void;
  removed(row: number): void;
}

/** Applies a record. Returns how many rows it deleted. */
export async function applyRecord(rows: Rows, bytes: Uint8Array, observer?: RowObserver): Promise<number> {
  // A repair by an earlier version left an empty record for each write that was lost.
  if (bytes.length === 0) return 0;
  let deleted = 0;
  const sliced = timeSlicer();
  for (const change of decodeRecord(bytes, rows.shape.dimension)) {
    if (change.kind === "upsert") {
      const { row, replaced } = rows.put(change.item, change.metadataBytes);
      if (replaced !== undefined) observer?.removed(replaced);
      observer?.added(row);
    } else {
      const row = rows.remove(change.id);
      if (row !== undefined) {
        observer?.removed(row);
        deleted++;
      }
    }
    const pause = sliced();
    if (pause !== null) await pause;
  }
  return deleted;
}

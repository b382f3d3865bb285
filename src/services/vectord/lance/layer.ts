// Writes that a Lance table does not have yet, as rows in memory that searches scan, and the ids that they touch: of such an
// id the table is no longer asked. There are two at most: the one that takes writes, and the one that is on its way into
// the table. A write takes its ids out of the older one, so that each id lives in one of them.

import { timeSlicer } from "#lib/event-loop";
import { Rows } from "../rows/rows.ts";
import type { IndexShape } from "../rows/shape.ts";
import { decodeRecord } from "../wal/record.ts";

export interface Layer {
  readonly rows: Rows;
  /** Every id that was written or deleted, and whether the table has it; null while that is not known. */
  readonly touched: Map<string, boolean | null>;
}

export function newLayer(shape: IndexShape): Layer {
  return { rows: new Rows(shape), touched: new Map() };
}

/**
 * Applies a record of the log to the newest layer. Returns how many items it deleted, as far as these layers and `inTable`,
 * ids that the table has, can tell.
 */
export async function applyToLayer(
  layer: Layer,
  older: Layer | null,
  record: Uint8Array,
  inTable: ReadonlySet<string> = new Set(),
): Promise<number> {
  // A repair left an empty record for each write that was lost.
  if (record.length === 0) return 0;
  let deleted = 0;
  const sliced = timeSlicer();
  for (const change of decodeRecord(record, layer.rows.shape.dimension)) {
    const id = change.kind === "upsert" ? change.item.id : change.id;
    const known = layer.touched.has(id) || older?.touched.has(id) === true;
    if (!layer.touched.has(id)) layer.touched.set(id, inTable.has(id) ? true : null);
    const before = layer.rows.rowOf(id) ?? older?.rows.rowOf(id);
    older?.rows.remove(id);
    if (change.kind === "upsert") layer.rows.put(change.item, change.metadataBytes);
    else {
      layer.rows.remove(id);
      if (before !== undefined || (!known && inTable.has(id))) deleted += 1;
    }
    const pause = sliced();
    if (pause !== null) await pause;
  }
  return deleted;
}

// Repair of a damaged index, on purpose: what verifies of its snapshot and its log becomes a new folder, and what does
// not is named. Sequences go on where they were. The damaged folder is only read.

import { nodeDisk } from "#lib/disk";
import type { Clock } from "#lib/clock";
import { makeFolder } from "#lib/durable";
import { Fault } from "#rpc/fault";
import { readShape, writeShape } from "./index-folder.ts";
import { Rows } from "./rows/rows.ts";
import type { IndexShape } from "./rows/shape.ts";
import { salvageRows } from "./snapshots/salvage.ts";
import { capture, writeSnapshot } from "./snapshots/snapshot.ts";
import { applyRecord } from "./wal/apply.ts";
import { createLog } from "#adapters/wal/recovery";
import { type LostWrites, salvageLog } from "#adapters/wal/salvage";

export interface Repaired {
  /** A sentence for each thing that is wrong. */
  readonly damage: readonly string[];
  /** Writes whose records could not be read. */
  readonly lost: readonly LostWrites[];
  /** Rows of the snapshot whose vectors or metadata could not be read. */
  readonly rowsLost: number;
}

/**
 * Writes a whole index to the new folder `to` from what verifies in `from`. `knownShape` stands in for a shape whose
 * file is damaged. Throws Fault `internal` when the shape is in neither.
 */
export async function repairTo(
  to: string,
  from: string,
  knownShape: IndexShape | null,
  clock: Clock,
): Promise<Repaired> {
  const damage: string[] = [];
  const shape = shapeOf(from, knownShape, damage);
  const rows = new Rows(shape);
  const snapshot = await salvageRows(from, rows);
  rows.restored();
  const log = await salvageLog({
    dir: from,
    after: snapshot.sequence,
    replay: async ({ record }) => {
      await applyRecord(rows, record);
    },
  });
  await makeFolder(to);
  await writeShape(to, shape);
  if (log.sequence > 0) await writeSnapshot(to, rows, capture(rows, log.sequence, null), null, clock);
  await createLog(nodeDisk, to, log.sequence);
  return {
    damage: [...damage, ...snapshot.damage, ...log.damage],
    lost: log.lost,
    rowsLost: snapshot.rowsLost,
  };
}

function shapeOf(dir: string, known: IndexShape | null, damage: string[]): IndexShape {
  try {
    return readShape(dir);
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "internal" || known === null) throw error;
    damage.push(error.message);
    return known;
  }
}

// Repair of a damaged index, on purpose: what verifies of its snapshot and its log becomes a new folder, and what does
// not is named. Sequences go on where they were. The damaged folder is only read.

import { nodeDisk } from "#lib/disk";
import type { Clock } from "#lib/clock";
import { makeFolder } from "#lib/durable";
import { Fault } from "#rpc/fault";
import type { Repaired } from "./engine.ts";
import { type LanceOptions, readShape, writeShape } from "./index-folder.ts";
import { repairLance } from "./lance/repair.ts";
import { Rows } from "./rows/rows.ts";
import type { IndexShape } from "./rows/shape.ts";
import { salvageRows } from "./snapshots/salvage.ts";
import { capture, writeSnapshot } from "./snapshots/snapshot.ts";
import { applyRecord } from "./wal/apply.ts";
import { createLog } from "#adapters/wal/recovery";
import { salvageLog } from "#adapters/wal/salvage";

interface RepairOptions {
  /** Stands in for a shape whose file is damaged. */
  readonly known: IndexShape | null;
  readonly clock: Clock;
  readonly lance: LanceOptions;
}

/**
 * Writes a whole index to the new folder `to` from what verifies in `from`. Throws Fault `internal` when the shape is
 * known from nowhere.
 */
export async function repairTo(
  to: string,
  from: string,
  { known, clock, lance }: RepairOptions,
): Promise<Repaired> {
  const damage: string[] = [];
  const shape = shapeOf(from, known, damage);
  if (shape.engine === "lance") return repairLance({ to, from, shape, damage, clock, ...lance });
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

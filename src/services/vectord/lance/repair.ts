// Repair of a damaged index with engine lance: the rows that verify become a new table, and the writes that the log still
// has go on top of them. The damaged folder is only read.

import { damaged } from "#adapters/checksummed-file";
import type { Clock } from "#lib/clock";
import { nodeDisk } from "#lib/disk";
import { makeFolder } from "#lib/durable";
import { Fault } from "#rpc/fault";
import { writeShape } from "../index-folder.ts";
import type { Repaired } from "../engine.ts";
import type { IndexShape } from "../rows/shape.ts";
import { createLog, segmentsIn } from "#adapters/wal/recovery";
import { salvageLog } from "#adapters/wal/salvage";
import { type LanceBucket, newTable, placeOf } from "./open.ts";
import type { LancePool } from "./pool.ts";
import { type LanceState, newState, readState, STATE_FILE, writeState } from "./state.ts";

export async function repairLance(options: {
  readonly to: string;
  readonly from: string;
  readonly shape: IndexShape;
  readonly damage: string[];
  readonly clock: Clock;
  readonly pool: LancePool;
  readonly bucket?: LanceBucket | undefined;
}): Promise<Repaired> {
  const { to, from, shape, damage, clock, pool, bucket } = options;
  const known = stateOf(from, damage);
  // Which of a bucket's tables it was, only the state knew.
  if (known === null && bucket !== undefined) throw damaged(STATE_FILE, "it names the table in the bucket");
  const after = known?.sequence ?? (await firstOf(from)) - 1;
  const log = await salvageLog({ dir: from, after, replay: () => undefined });
  const table = newTable(bucket);
  const [source, target] = [
    placeOf(from, shape, known?.table ?? table, bucket),
    placeOf(to, shape, table, bucket),
  ];
  await makeFolder(to);
  await writeShape(to, shape);
  const { state, lost, found } = await pool.call(async (tables) => {
    const salvaged =
      known?.version === 0
        ? { lost: 0, damage: [] }
        : await tables.salvage({
            ...source,
            version: known?.version ?? 0,
            files: [...(known?.files ?? [])],
            to: target.uri,
          });
    if (known?.version === 0) await tables.open({ ...target, version: 0, files: [], interrupted: false });
    const upTo = Math.max(log.sequence, after);
    const applied = await tables.apply({ ...target, log: from, after, upTo, beside: false, lenient: true });
    await tables.close(target);
    return { state: applied, lost: salvaged.lost, found: salvaged.damage };
  });
  const now = clock.now();
  const { version, count, files } = state;
  const sequence = Math.max(log.sequence, after);
  const versions = [{ version, sequence, count, at: new Date(now).toISOString() }];
  await writeState(to, { ...newState(table, sequence, now), version, count, files, versions });
  await createLog(nodeDisk, to, sequence);
  return { damage: [...damage, ...found, ...log.damage], lost: log.lost, rowsLost: lost };
}

function stateOf(dir: string, damage: string[]): LanceState | null {
  try {
    return readState(dir);
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "internal") throw error;
    damage.push(error.message);
    return null;
  }
}

/** The first sequence that the log still has: what is older is in the table. */
async function firstOf(dir: string): Promise<number> {
  const [first] = await segmentsIn(nodeDisk, dir);
  return first?.firstSequence ?? 1;
}

// The handlers of named snapshots: kept in object storage (snapshots/archive.ts), listed, removed, and put back as a
// whole or not at all.

import { rm } from "node:fs/promises";
import type { storage } from "#contracts/storage";
import { SNAPSHOTS_MAX, type vector } from "#contracts/vector";
import type { Clock } from "#lib/clock";
import { nodeDisk } from "#lib/disk";
import { makeFolder } from "#lib/durable";
import type { CallInit } from "#rpc/call";
import type { Handlers, Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import type { EngineIndex } from "./engine.ts";
import { writeShape } from "./index-folder.ts";
import { LOCAL_TABLE } from "./lance/open.ts";
import type { Indexes } from "./indexes.ts";
import { parseShape, shapeText } from "./rows/shape.ts";
import {
  type Archive,
  namesOf,
  pinnedIn,
  receive,
  removeSnapshot,
  removeTable,
  send,
  sequenceOf,
  snapshotsIn,
  taken,
  takenAt,
} from "./snapshots/archive.ts";
import { createLog } from "#adapters/wal/recovery";
import { described } from "./wire.ts";

export function snapshotHandlers(
  indexes: Indexes,
  store: Service<typeof storage>,
  clock: Clock,
): Pick<Handlers<typeof vector>, "snapshot" | "snapshots" | "dropSnapshot" | "restore"> {
  const archiveOf = (index: string): Archive => ({ storage: store, index });
  return {
    snapshot: ({ index: name, name: snapshot = nameOf(clock.now()) }, call) =>
      indexes.alone(name, async () => {
        const index = await indexes.get(name);
        const archive = archiveOf(name);
        const names = await namesOf(archive, call);
        if (names.includes(snapshot)) throw taken(archive, snapshot);
        if (names.length >= SNAPSHOTS_MAX) {
          throw new Fault(
            "conflict",
            `${name} has ${SNAPSHOTS_MAX} snapshots; remove one that is not needed.`,
          );
        }
        const shape = shapeText(index.shape);
        return index.withSnapshot(async (placed) => {
          const table = index.bucketTable;
          if (table !== undefined && placed.engine === "lance") {
            const pinned = (await pinnedIn(archive, call)).get(table) ?? [];
            await index.pin?.([...pinned, placed.state.version]);
          }
          return send(archive, placed, { name: snapshot, at: takenAt(placed), shape }, call);
        });
      }),
    snapshots: async ({ index: name }, call) => {
      const snapshots = await snapshotsIn(archiveOf(name), call);
      // An index that was dropped may have snapshots; one that never was is not found.
      if (snapshots.length === 0 && !indexes.has(name)) await indexes.get(name);
      return { snapshots };
    },
    dropSnapshot: ({ index: name, name: snapshot }, call) =>
      indexes.alone(name, async () => {
        const archive = archiveOf(name);
        const before = await pinnedIn(archive, call);
        await removeSnapshot(archive, snapshot, call);
        if (before.size === 0) return null;
        const after = await pinnedIn(archive, call);
        const index = indexes.has(name) ? await indexes.get(name).catch(() => undefined) : undefined;
        if (index?.bucketTable !== undefined) await index.pin?.(after.get(index.bucketTable) ?? []);
        // Of an index that does not open nobody knows which table it has.
        const unknown = indexes.has(name) && index === undefined;
        for (const table of before.keys()) {
          if (table !== LOCAL_TABLE && table !== index?.bucketTable && !after.has(table) && !unknown)
            await removeTable(archive, table, call);
        }
        return null;
      }),
    restore: ({ index: name, name: snapshot }, call) =>
      indexes.alone(name, async () => {
        if (!indexes.has(name)) indexes.refuseMore();
        return described(name, await restoreFrom(indexes, archiveOf(name), snapshot, call));
      }),
  };
}

/** Lets the index be what a snapshot has of it. On any failure it stays as it was. */
export async function restoreFrom(
  indexes: Indexes,
  archive: Archive,
  snapshot: string,
  call: CallInit,
): Promise<EngineIndex> {
  const { index: name } = archive;
  const incoming = indexes.incomingFolder();
  try {
    const content = await receive(archive, snapshot, call, async (text) => {
      const shape = parseShape(text);
      if (!indexes.mayBecome(name, shape))
        throw new Fault("conflict", `${name} has another shape than the snapshot. Remove it first.`);
      await makeFolder(incoming);
      await writeShape(incoming, shape);
      return incoming;
    });
    await createLog(nodeDisk, incoming, sequenceOf(content));
    const former = indexes.bucketTableOf(name);
    const index = await indexes.replaceWith(name, incoming);
    await removeUnneeded(archive, former, index.bucketTable, call);
    return index;
  } finally {
    await rm(incoming, { recursive: true, force: true });
  }
}

/** Removes a table in a bucket that an index had, unless it still has it or a snapshot of the index needs it. */
export async function removeUnneeded(
  archive: Archive,
  former: string | undefined,
  now: string | undefined,
  call: CallInit,
): Promise<void> {
  if (former === undefined || former === now || (await pinnedIn(archive, call)).has(former)) return;
  await removeTable(archive, former, call);
}

/** A snapshot without a name is called by its time. */
function nameOf(now: number): string {
  return new Date(now).toISOString().replaceAll(":", "-");
}

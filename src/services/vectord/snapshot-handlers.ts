// The handlers of named snapshots: kept in object storage (snapshots/archive.ts), listed, removed, and put back as a
// whole or not at all.

import { rm } from "node:fs/promises";
import type { storage } from "#contracts/storage";
import { SNAPSHOTS_MAX, type vector } from "#contracts/vector";
import type { Clock } from "#lib/clock";
import { nodeDisk } from "#lib/disk";
import { makeFolder } from "#lib/durable";
import type { Handlers, Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { writeShape } from "./index-folder.ts";
import type { Indexes } from "./indexes.ts";
import { parseShape, shapeText } from "./rows/shape.ts";
import {
  type Archive,
  namesOf,
  receive,
  removeSnapshot,
  send,
  snapshotsIn,
  taken,
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
        return index.withSnapshot((dir, manifest) => {
          const at = new Date(manifest.taken_at).toISOString();
          return send(archive, dir, { name: snapshot, at, shape, manifest }, call);
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
        await removeSnapshot(archiveOf(name), snapshot, call);
        return null;
      }),
    restore: ({ index: name, name: snapshot }, call) =>
      indexes.alone(name, async () => {
        if (!indexes.has(name)) indexes.refuseMore();
        const incoming = indexes.incomingFolder();
        try {
          const { sequence } = await receive(archiveOf(name), snapshot, call, async (text) => {
            const shape = parseShape(text);
            if (!indexes.mayBecome(name, shape))
              throw new Fault("conflict", `${name} has another shape than the snapshot. Remove it first.`);
            await makeFolder(incoming);
            await writeShape(incoming, shape);
            return incoming;
          });
          await createLog(nodeDisk, incoming, sequence);
          return described(name, await indexes.replaceWith(name, incoming));
        } finally {
          await rm(incoming, { recursive: true, force: true });
        }
      }),
  };
}

/** A snapshot without a name is called by its time. */
function nameOf(now: number): string {
  return new Date(now).toISOString().replaceAll(":", "-");
}

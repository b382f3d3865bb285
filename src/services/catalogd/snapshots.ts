// Which snapshot is meant. A compaction writes the rows of a snapshot into other files and changes no row, so it is no
// snapshot of its own for readers: it goes by the id of the snapshot whose rows it has. Ids that answers cite
// and that writers compare stay what they were, and a snapshot is read from the newest files that hold its rows.

import { z } from "zod";
import type { catalog } from "#contracts/catalog";
import type { SnapshotId } from "#contracts/shapes";
import { present } from "#lib/assert";
import type { OutputOf } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { pageCursor } from "#rpc/page-cursor";
import { describeSnapshot, idOf } from "./describe.ts";
import { type Snapshot, snapshotAt, snapshotById, snapshotOf } from "./iceberg/metadata/metadata.ts";
import type { Long } from "./iceberg/types/long.ts";
import { parseLong } from "./iceberg/types/long.ts";
import { contentId, isCompaction } from "./tables/compaction-note.ts";
import type { Table, Tables } from "./tables/tables.ts";

/** Places are ids of snapshots, which may have 63 bits. */
export const SNAPSHOT_PAGES = pageCursor("catalog.snapshots", z.string());

/** By id, by tag, or what was current at a time: a tag may be a number too, and none is a time. */
export async function snapshotNamed(tables: Tables, table: Table, at: SnapshotId): Promise<Snapshot> {
  const { name, metadata } = table;
  const isNumber = /^\d+$/.test(String(at));
  const found =
    (isNumber ? await snapshotWithId(tables, table, parseLong(String(at))) : undefined) ??
    snapshotOf(metadata, String(at)) ??
    (isNumber ? undefined : await snapshotAtTime(tables, table, Date.parse(String(at))));
  if (found !== undefined) return found;
  throw new Fault(
    "not_found",
    `${name} has no snapshot, tag or time ${at}. GET /v1/catalog/datasets/${name}/snapshots lists them.`,
  );
}

/** The newest files with the rows of a snapshot. */
async function snapshotWithId(tables: Tables, table: Table, id: Long): Promise<Snapshot | undefined> {
  const holds = (snapshot: Snapshot): boolean => contentId(snapshot) === id;
  return (
    table.metadata.snapshots.findLast(holds) ??
    snapshotById(table.metadata, id) ??
    (await tables.findInHistory(table, (snapshot) => holds(snapshot) || snapshot["snapshot-id"] === id))
  );
}

async function snapshotAtTime(tables: Tables, table: Table, timeMs: number): Promise<Snapshot | undefined> {
  if (Number.isNaN(timeMs)) return undefined;
  return snapshotAt(table.metadata, timeMs) ?? (await tables.historyAt(table, timeMs));
}

/** The snapshot with this id, to be made current or to be tagged. Throws `not_found`. */
export async function snapshotToName(tables: Tables, table: Table, id: SnapshotId): Promise<Snapshot> {
  const found = await snapshotWithId(tables, table, idOf(id));
  if (found !== undefined) return found;
  throw new Fault("not_found", `${table.name} has no snapshot ${id}: it may have expired.`);
}

type Described = OutputOf<typeof catalog.snapshots>["snapshots"][number];

export async function describedById(tables: Tables, table: Table, id: Long): Promise<Described | null> {
  const snapshot = await snapshotWithId(tables, table, id);
  return snapshot === undefined ? null : describeSnapshot(snapshot, table.metadata);
}

/** Newest first, from the one after `after`, an id; compactions are left out. */
export async function snapshotPage(
  tables: Tables,
  table: Table,
  limit: number,
  after: string | undefined,
): Promise<OutputOf<typeof catalog.snapshots>> {
  const page: Snapshot[] = [];
  let skipping = after !== undefined;
  for await (const snapshot of tables.newestFirst(table)) {
    if (isCompaction(snapshot)) continue;
    if (skipping) skipping = String(snapshot["snapshot-id"]) !== after;
    else page.push(snapshot);
    if (page.length > limit) break;
  }
  const snapshots = page.slice(0, limit).map((snapshot) => describeSnapshot(snapshot, table.metadata));
  if (page.length <= limit) return { snapshots };
  return {
    snapshots,
    next_cursor: SNAPSHOT_PAGES.next(String(present(page[limit - 1], "the last of a page")["snapshot-id"])),
  };
}

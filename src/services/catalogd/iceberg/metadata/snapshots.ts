// Snapshots, the branches and tags that name them, and the log of which was current when ("Snapshot
// References", "Snapshot Retention Policy"). Main is always at the current snapshot; a snapshot that a ref
// names is never expired.

import { Fault } from "#rpc/fault";

import { type Long } from "../types/long.ts";
import {
  MAIN,
  refOf,
  type Snapshot,
  snapshotById,
  type SnapshotRef,
  type TableMetadata,
} from "./metadata.ts";

/** Adds a snapshot that no ref names yet. Throws `conflict` for an id that is taken or a sequence that is old. */
export function addSnapshot(metadata: TableMetadata, snapshot: Snapshot): TableMetadata {
  const id = snapshot["snapshot-id"];
  if (snapshotById(metadata, id) !== undefined) {
    throw new Fault("conflict", `The table has a snapshot ${id} already: choose another id.`);
  }
  const last = metadata["last-sequence-number"];
  if (snapshot["sequence-number"] <= last && snapshot["parent-snapshot-id"] !== undefined) {
    throw new Fault(
      "conflict",
      `The sequence number ${snapshot["sequence-number"]} is not above ${last}: commit again.`,
    );
  }
  return {
    ...metadata,
    "last-sequence-number": Math.max(last, snapshot["sequence-number"]),
    "last-updated-ms": Math.max(metadata["last-updated-ms"], snapshot["timestamp-ms"]),
    snapshots: [...metadata.snapshots, snapshot],
  };
}

/** Points a branch or tag at a snapshot; `main` makes it current. Throws `not_found` for an unknown snapshot. */
export function setRef(
  metadata: TableMetadata,
  name: string,
  ref: SnapshotRef,
  nowMs: number,
): TableMetadata {
  const snapshot = snapshotById(metadata, ref["snapshot-id"]);
  if (snapshot === undefined) {
    throw new Fault(
      "not_found",
      `The table has no snapshot ${ref["snapshot-id"]}: it may have been expired.`,
    );
  }
  const before = refOf(metadata, name);
  if (before !== undefined && before.type !== ref.type) {
    throw new Fault(
      "conflict",
      `"${name}" is a ${before.type} already: remove it first or choose another name.`,
    );
  }
  if (name === MAIN && ref.type !== "branch")
    throw new Fault("invalid", "main is a branch and cannot be a tag.");
  const updated = Math.max(nowMs, metadata["last-updated-ms"]);
  const next = { ...metadata, refs: { ...metadata.refs, [name]: ref }, "last-updated-ms": updated };
  if (name !== MAIN || metadata["current-snapshot-id"] === ref["snapshot-id"]) return next;
  return {
    ...next,
    "current-snapshot-id": ref["snapshot-id"],
    "snapshot-log": [
      ...metadata["snapshot-log"],
      { "snapshot-id": ref["snapshot-id"], "timestamp-ms": updated },
    ],
  };
}

/** Makes an older (or any other) snapshot current again. Nothing is deleted; the log tells what was current when. */
export function rollback(metadata: TableMetadata, snapshotId: Long, nowMs: number): TableMetadata {
  return setRef(metadata, MAIN, { ...metadata.refs[MAIN], "snapshot-id": snapshotId, type: "branch" }, nowMs);
}

/** Names a snapshot for good. Throws `conflict` when the tag is at another snapshot already. */
export function tag(metadata: TableMetadata, name: string, snapshotId: Long, nowMs: number): TableMetadata {
  const before = refOf(metadata, name);
  if (before !== undefined && before["snapshot-id"] !== snapshotId) {
    throw new Fault(
      "conflict",
      `"${name}" names snapshot ${before["snapshot-id"]} already: choose another name.`,
    );
  }
  return setRef(metadata, name, { "snapshot-id": snapshotId, type: "tag" }, nowMs);
}

/**
 * Forgets snapshots, with the refs and statistics that name them. Entries of the log before a forgotten one go
 * too, so that what remains has no gap. Throws `conflict` for the current snapshot.
 */
export function removeSnapshots(
  metadata: TableMetadata,
  ids: ReadonlySet<Long>,
  nowMs: number,
): TableMetadata {
  const current = metadata["current-snapshot-id"];
  if (current !== undefined && ids.has(current)) {
    throw new Fault("conflict", `Snapshot ${current} is current and cannot be expired: roll back first.`);
  }
  const keeps = (item: { readonly "snapshot-id": Long }): boolean => !ids.has(item["snapshot-id"]);
  const snapshots = metadata.snapshots.filter(keeps);
  if (snapshots.length === metadata.snapshots.length) return metadata;
  const log = metadata["snapshot-log"];
  const known = new Set(snapshots.map((snapshot) => snapshot["snapshot-id"]));
  const gap = log.findLastIndex((entry) => !known.has(entry["snapshot-id"]));
  return {
    ...metadata,
    snapshots,
    refs: Object.fromEntries(Object.entries(metadata.refs).filter(([, ref]) => keeps(ref))),
    "snapshot-log": log.slice(gap + 1),
    statistics: metadata.statistics.filter(keeps),
    "partition-statistics": metadata["partition-statistics"].filter(keeps),
    "last-updated-ms": Math.max(nowMs, metadata["last-updated-ms"]),
  };
}

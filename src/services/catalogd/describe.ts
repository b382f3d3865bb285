// A table as the native wire tells it: SQL types, counts from the current snapshot's summary, times as text.

import { createHash } from "node:crypto";
import type { Dataset } from "#contracts/catalog";
import type { SnapshotId } from "#contracts/shapes";
import { type Column, columnsOf } from "./duckdb/columns.ts";
import {
  currentSchema,
  MAIN,
  type Snapshot,
  snapshotById,
  snapshotOf,
  type TableMetadata,
} from "./iceberg/metadata/metadata.ts";
import { type Long, parseLong } from "./iceberg/types/long.ts";
import { contentId, contentParent } from "./tables/compaction-note.ts";
import type { Table } from "./tables/tables.ts";

export function describeTable({ name, metadata }: Table): Dataset {
  const snapshot = snapshotOf(metadata);
  const columns = columnsOf(currentSchema(metadata), metadata.properties);
  return {
    name,
    rows: total(snapshot, "total-records"),
    bytes: total(snapshot, "total-files-size"),
    files: total(snapshot, "total-data-files"),
    snapshot_id: snapshot === undefined ? null : wireId(contentId(snapshot)),
    fingerprint: fingerprintOf(columns),
    columns,
    updated_at: new Date(metadata["last-updated-ms"]).toISOString(),
  };
}

/** A number while JSON holds it exactly, else text. */
export function wireId(id: Long): SnapshotId {
  return typeof id === "bigint" ? String(id) : id;
}

export function idOf(wire: SnapshotId): Long {
  return typeof wire === "string" ? parseLong(wire) : wire;
}

export function describeSnapshot(snapshot: Snapshot, metadata: TableMetadata) {
  const id = contentId(snapshot);
  const content = (named: Long | undefined): Long | undefined => {
    const found = snapshotById(metadata, named);
    return found === undefined ? named : contentId(found);
  };
  const parent = content(contentParent(snapshot));
  return {
    snapshot_id: wireId(id),
    parent_id: parent === undefined ? null : wireId(parent),
    at: new Date(snapshot["timestamp-ms"]).toISOString(),
    operation: (snapshot.summary["operation"] ?? "append") as "append" | "overwrite" | "delete" | "replace",
    rows: total(snapshot, "total-records"),
    files: total(snapshot, "total-data-files"),
    summary: { ...snapshot.summary },
    tags: Object.entries(metadata.refs)
      .filter(([name, ref]) => name !== MAIN && content(ref["snapshot-id"]) === id)
      .map(([name]) => name),
    current: content(metadata["current-snapshot-id"]) === id,
  };
}

/** SHA-256 over names and types in order: two tables of the same shape have the same one. */
function fingerprintOf(columns: readonly Column[]): string {
  const hash = createHash("sha256");
  for (const { name, type } of columns) hash.update(`${JSON.stringify(name)}:${type}\n`);
  return hash.digest("hex");
}

function total(snapshot: Snapshot | undefined, name: string): number {
  return Number(snapshot?.summary[name] ?? 0);
}

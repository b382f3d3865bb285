// Snapshot summaries ("Optional Snapshot Summary Fields"): what a commit added and removed, and what the table
// holds after it. Totals of files and records are counted from the manifest list, so they are right even
// after a writer that kept none; totals of sizes and deletes grow from the parent's and are left out where
// the parent has none.

import { type ManifestFile } from "../manifest/manifest-list.ts";
import { CONTENT, type DataFile } from "../manifest/manifest.ts";
import { type Snapshot } from "./metadata.ts";

export type Operation = "append" | "replace" | "overwrite" | "delete";

interface SummaryInput {
  readonly operation: Operation;
  readonly added: readonly DataFile[];
  readonly removed: readonly DataFile[];
  /** All manifests of the new snapshot. */
  readonly manifests: readonly ManifestFile[];
  readonly parent: Snapshot | undefined;
  /** The caller's own keys; they do not override the computed ones. */
  readonly notes: Readonly<Record<string, string>>;
}

interface Tally {
  readonly dataFiles: number;
  readonly records: number;
  readonly bytes: number;
  readonly deleteFiles: number;
  readonly positionFiles: number;
  readonly equalityFiles: number;
  readonly positionDeletes: number;
  readonly equalityDeletes: number;
}

function tally(files: readonly DataFile[]): Tally {
  const of = (content: number): readonly DataFile[] => files.filter((file) => file.content === content);
  const rows = (some: readonly DataFile[]): number => some.reduce((sum, file) => sum + file.record_count, 0);
  const [data, positions, equalities] = [
    of(CONTENT.data),
    of(CONTENT.positionDeletes),
    of(CONTENT.equalityDeletes),
  ];
  return {
    dataFiles: data.length,
    records: rows(data),
    bytes: files.reduce((sum, file) => sum + file.file_size_in_bytes, 0),
    deleteFiles: positions.length + equalities.length,
    positionFiles: positions.length,
    equalityFiles: equalities.length,
    positionDeletes: rows(positions),
    equalityDeletes: rows(equalities),
  };
}

/** The summary of a new snapshot, all values as text. */
export function summarizeSnapshot(input: SummaryInput): Record<string, string> {
  const { operation, added, removed, manifests, parent, notes } = input;
  const [plus, minus] = [tally(added), tally(removed)];
  const changes: Record<string, number> = {
    "added-data-files": plus.dataFiles,
    "added-records": plus.records,
    "added-files-size": plus.bytes,
    "added-delete-files": plus.deleteFiles,
    "added-position-delete-files": plus.positionFiles,
    "added-equality-delete-files": plus.equalityFiles,
    "added-position-deletes": plus.positionDeletes,
    "added-equality-deletes": plus.equalityDeletes,
    "deleted-data-files": minus.dataFiles,
    "deleted-records": minus.records,
    "removed-files-size": minus.bytes,
    "removed-delete-files": minus.deleteFiles,
    "removed-position-delete-files": minus.positionFiles,
    "removed-equality-delete-files": minus.equalityFiles,
    "removed-position-deletes": minus.positionDeletes,
    "removed-equality-deletes": minus.equalityDeletes,
  };
  const summary: Record<string, string> = { ...notes, operation };
  for (const [key, count] of Object.entries(changes)) if (count > 0) summary[key] = String(count);
  summary["changed-partition-count"] = String(changedPartitions([...added, ...removed]));

  const live = (content: 0 | 1, count: (manifest: ManifestFile) => number): string =>
    String(manifests.filter((m) => m.content === content).reduce((sum, m) => sum + count(m), 0));
  summary["total-data-files"] = live(0, (m) => m.added_files_count + m.existing_files_count);
  summary["total-records"] = live(0, (m) => m.added_rows_count + m.existing_rows_count);
  summary["total-delete-files"] = live(1, (m) => m.added_files_count + m.existing_files_count);
  const grown: Record<string, number> = {
    "total-files-size": plus.bytes - minus.bytes,
    "total-position-deletes": plus.positionDeletes - minus.positionDeletes,
    "total-equality-deletes": plus.equalityDeletes - minus.equalityDeletes,
  };
  for (const [key, change] of Object.entries(grown)) {
    const before = parent === undefined ? 0 : Number(parent.summary[key] ?? NaN);
    delete summary[key];
    if (Number.isSafeInteger(before + change)) summary[key] = String(before + change);
  }
  return summary;
}

function changedPartitions(files: readonly DataFile[]): number {
  const keys = files.map((file) =>
    file.partition
      .map((value) => (value instanceof Uint8Array ? value.toHex() : `${typeof value}:${String(value)}`))
      .join("\0"),
  );
  return new Set(keys).size;
}

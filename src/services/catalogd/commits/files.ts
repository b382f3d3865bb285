// A commit of data files: what the manifests say of each file, and the new snapshot. Small manifests are merged on
// the way, so that neither a list of them nor a scan grows with the number of commits.

import type { DataFile as OfferedFile } from "#contracts/catalog";
import type { Clock } from "#lib/clock";
import { Fault } from "#rpc/fault";
import { metricsOf } from "../duckdb/metrics.ts";
import { append, type Commit, type CommitInput, replaceAll } from "../iceberg/commit.ts";
import type { ManifestFile } from "../iceberg/manifest/manifest-list.ts";
import { CONTENT, type DataFile, type Manifest } from "../iceberg/manifest/manifest.ts";
import {
  currentSchema,
  mintSnapshotId,
  snapshotOf,
  type TableMetadata,
} from "../iceberg/metadata/metadata.ts";
import type { Schema } from "../iceberg/types/schema.ts";
import { checksummedName } from "../tables/checksum.ts";
import type { Place } from "../tables/place.ts";
import type { Change, Table, Tables } from "../tables/tables.ts";

/** Names of files and tables, ids of snapshots. */
export interface Ids {
  uuid(): string;
  /** Eight bytes that nobody else has. */
  bytes(): Uint8Array;
}

export interface FilesCommit {
  readonly current: Table | undefined;
  readonly metadata: TableMetadata;
  readonly place: Place;
  readonly mode: "append" | "replace";
  readonly files: readonly OfferedFile[];
  readonly notes: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly ids: Ids;
}

export async function commitFiles(
  tables: Tables,
  { current, metadata, place, mode, files, notes, clock, ids }: FilesCommit,
): Promise<Change & { readonly commit: Commit }> {
  const schema = currentSchema(metadata);
  const previousManifests =
    current === undefined ? [] : await tables.manifests(current, snapshotOf(current.metadata));
  const id = ids.uuid();
  const input: CommitInput & { files: DataFile[] } = {
    snapshotId: mintSnapshotId(ids.bytes()),
    manifestPath: (n, bytes) => place.uri(checksummedName(`metadata/${id}-m${n}`, bytes)),
    listPath: (bytes) => place.uri(checksummedName(`metadata/snap-${id}`, bytes)),
    nowMs: clock.now(),
    previousManifests,
    summary: notes,
    files: files.map((file) => dataFile(file, schema, place)),
  };
  const open = async (manifests: readonly ManifestFile[]): Promise<Map<string, Manifest>> => {
    const opened = new Map<string, Manifest>();
    if (current === undefined) return opened;
    for (const listed of manifests) opened.set(listed.manifest_path, await tables.manifest(current, listed));
    return opened;
  };
  const opened = await open(mode === "replace" ? previousManifests : toBeMerged(previousManifests));
  const commit =
    mode === "replace" && current !== undefined
      ? replaceAll(metadata, { ...input, opened })
      : append(metadata, { ...input, opened });
  return { metadata: commit.metadata, commit };
}

/** So many small manifests are made one: a list of thousands would be written with every commit, and read by all. */
const MERGED_MIN = 20;
/** One with more files is left alone: writing it again each time would cost more than a longer list. */
const MERGED_FILES_MAX = 1000;

function toBeMerged(manifests: readonly ManifestFile[]): ManifestFile[] {
  const small = manifests.filter(
    (listed) => listed.added_files_count + listed.existing_files_count < MERGED_FILES_MAX,
  );
  return small.length < MERGED_MIN ? [] : small;
}

/** An offered file as a manifest describes it. */
export function dataFile(file: OfferedFile, schema: Schema, place: Place): DataFile {
  if (!file.key.startsWith(place.prefix) || !file.key.endsWith(`${file.sha256}.parquet`)) {
    throw new Fault(
      "conflict",
      `${file.key} is not a data file of this dataset. Prepare again and store it there.`,
    );
  }
  return {
    content: CONTENT.data,
    file_path: place.uriOfKey(file.key),
    file_format: "PARQUET",
    partition: [],
    record_count: file.rows,
    file_size_in_bytes: file.bytes,
    ...metricsOf(schema, file.stats),
    key_metadata: null,
    split_offsets: null,
    equality_ids: null,
    sort_order_id: 0,
    referenced_data_file: null,
  };
}

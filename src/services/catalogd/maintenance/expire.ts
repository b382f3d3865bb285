// What a table keeps of its past. Snapshots older than the retention expire, but for the current one and those that a tag
// or branch names; then every file that no snapshot left needs any more is removed, and with it what crashed writers
// left. A file is removed only when it is old as well: a writer stores its files first and commits them later.

import type { storage } from "#contracts/storage";
import type { Service } from "#rpc/contract";
import { isLive } from "../iceberg/commit.ts";
import { snapshotById, type TableMetadata } from "../iceberg/metadata/metadata.ts";
import { removeSnapshots } from "../iceberg/metadata/snapshots.ts";
import type { Long } from "../iceberg/types/long.ts";
import { contentId } from "../tables/compaction-note.ts";
import { raiseFloor } from "../tables/history.ts";
import { hintKey, metadataKey } from "../tables/place.ts";
import type { Table, Tables } from "../tables/tables.ts";

/** The longest that a writer takes from its first file to its commit, many times over. */
const YOUNG_MS = 24 * 60 * 60 * 1000;
const PAGE = 1000;

/** The metadata without snapshots that were made before a time and that nothing needs; the same when there are none. */
export async function withoutExpired(
  tables: Tables,
  table: Table,
  beforeMs: number,
): Promise<{ metadata: TableMetadata; expired: Long[] }> {
  const { metadata } = table;
  const kept = new Set<Long>(Object.values(metadata.refs).map((ref) => ref["snapshot-id"]));
  // The rows that are current go by the id of the snapshot that the current one compacts.
  const current = snapshotById(metadata, metadata["current-snapshot-id"]);
  if (current !== undefined) kept.add(contentId(current));
  const gone = metadata.snapshots.filter(
    (snapshot) => snapshot["timestamp-ms"] < beforeMs && !kept.has(snapshot["snapshot-id"]),
  );
  let floor = 0;
  const paged: Long[] = [];
  for await (const { page } of tables.historyPages(table)) {
    for (const snapshot of page.snapshots) {
      if (snapshot["timestamp-ms"] >= beforeMs) continue;
      floor = Math.max(floor, snapshot["sequence-number"] + 1);
      paged.push(snapshot["snapshot-id"]);
    }
  }
  const ids = new Set(gone.map((snapshot) => snapshot["snapshot-id"]));
  const rest = ids.size === 0 ? metadata : removeSnapshots(metadata, ids, metadata["last-updated-ms"]);
  return { metadata: raiseFloor(rest, floor), expired: [...ids, ...paged] };
}

/** Removes the files of a table's folder that nothing names and that are not young; counts them, and their bytes. */
export async function removeOrphans(
  tables: Tables,
  store: Service<typeof storage>,
  table: Table,
  { nowMs, dryRun }: { nowMs: number; dryRun: boolean },
): Promise<{ files: number; bytes: number }> {
  const needed = await neededKeys(tables, table);
  const found = { files: 0, bytes: 0 };
  for (let cursor: string | undefined; ;) {
    const page = await store.list({
      prefix: table.prefix,
      limit: PAGE,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const { key, size, modified_at } of page.objects) {
      if (needed.has(key) || nowMs - Date.parse(modified_at) < YOUNG_MS) continue;
      found.files += 1;
      found.bytes += size;
      if (!dryRun) await store.remove({ key });
    }
    cursor = page.next_cursor;
    if (cursor === undefined) return found;
  }
}

/** Everything that the table's snapshots and its readers need. */
async function neededKeys(tables: Tables, table: Table): Promise<Set<string>> {
  const place = tables.placeOf(table);
  const { metadata } = table;
  const needed = new Set([metadataKey(table.prefix, table.version), hintKey(table.prefix)]);
  for (const entry of metadata["metadata-log"]) needed.add(place.keyOf(entry["metadata-file"]));
  for (const { "statistics-path": path } of [...metadata.statistics, ...metadata["partition-statistics"]]) {
    needed.add(place.keyOf(path));
  }
  for await (const { uri } of tables.historyPages(table)) needed.add(place.keyOf(uri));
  for await (const snapshot of tables.newestFirst(table)) {
    needed.add(place.keyOf(snapshot["manifest-list"]));
    for (const listed of await tables.manifests(table, snapshot)) {
      const key = place.keyOf(listed.manifest_path);
      if (needed.has(key)) continue;
      needed.add(key);
      const { entries } = await tables.manifest(table, listed);
      for (const { data_file: file } of entries.filter(isLive)) needed.add(place.keyOf(file.file_path));
    }
  }
  return needed;
}

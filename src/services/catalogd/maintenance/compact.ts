// Compaction: small data files of a table become one, in a commit that changes no row. The files are read and written by
// a worker process; what it wrote is committed only if every file that it read is still in the table.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { catalog } from "#contracts/catalog";
import type { storage } from "#contracts/storage";
import { assert, present } from "#lib/assert";
import type { Clock } from "#lib/clock";
import { makeFolder } from "#lib/durable";
import type { OutputOf, Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { dataFile, type Ids } from "../commits/files.ts";
import { columnsOf } from "../duckdb/columns.ts";
import { change } from "../iceberg/commit.ts";
import type { Manifest } from "../iceberg/manifest/manifest.ts";
import { currentSchema, mintSnapshotId, type Snapshot, snapshotOf } from "../iceberg/metadata/metadata.ts";
import { checksummedName, sha256Of } from "../tables/checksum.ts";
import { compactionNote } from "../tables/compaction-note.ts";
import { fetchObject } from "../tables/files.ts";
import type { Place } from "../tables/place.ts";
import type { Table, Tables } from "../tables/tables.ts";
import type { FileWorker } from "../worker/pool.ts";
import { type Mergeable, planMerge } from "./plan.ts";

export interface CompactDeps {
  readonly tables: Tables;
  readonly storage: Service<typeof storage>;
  readonly worker: FileWorker;
  readonly clock: Clock;
  readonly ids: Ids;
  /** A folder for files that are being merged. */
  readonly scratch: string;
}

type Compacted = NonNullable<OutputOf<typeof catalog.maintain>["compacted"]>;

const NOTHING: Compacted = { files_before: 0, files_after: 0, bytes: 0 };

/** Merges files of the table until there are fewer than `least` that are worth it. */
export async function compact(
  deps: CompactDeps,
  name: string,
  { least, dryRun = false }: { least: number; dryRun?: boolean },
): Promise<Compacted> {
  const { tables } = deps;
  const table = await tables.get(name);
  const snapshot = snapshotOf(table.metadata);
  if (snapshot === undefined) return NOTHING;
  const files = planMerge(await open(tables, table, snapshot), least);
  const bytes = files.reduce((sum, { file }) => sum + file.file_size_in_bytes, 0);
  const done = { files_before: files.length, files_after: Math.min(1, files.length), bytes };
  if (files.length === 0 || dryRun) return done;
  await makeFolder(deps.scratch);
  const folder = await mkdtemp(join(deps.scratch, "merge-"));
  try {
    await merge(deps, table, files, folder);
    return done;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function open(tables: Tables, table: Table, snapshot: Snapshot): Promise<Map<string, Manifest>> {
  const opened = new Map<string, Manifest>();
  for (const listed of await tables.manifests(table, snapshot)) {
    opened.set(listed.manifest_path, await tables.manifest(table, listed));
  }
  return opened;
}

async function merge(
  { tables, storage: store, worker, clock, ids }: CompactDeps,
  table: Table,
  files: readonly Mergeable[],
  folder: string,
): Promise<void> {
  const place = tables.placeOf(table);
  const schema = currentSchema(table.metadata);
  const to = join(folder, "merged.parquet");
  const written = await worker.with(async (service) =>
    service.merge({
      files: await Promise.all(
        files.map((file, n) => located(store, place, file, join(folder, `${n}.parquet`))),
      ),
      columns: columnsOf(schema).map(({ id, name, type }) => ({ id, name, type })),
      iceberg_schema: JSON.stringify(schema),
      to,
    }),
  );
  const rows = files.reduce((sum, { file }) => sum + file.record_count, 0);
  assert(written.rows === rows, `${rows} rows were merged, not ${written.rows}`);
  const key = `${place.prefix}data/${ids.uuid()}-${written.sha256}.parquet`;
  await store.put({ key, body: Bun.file(to).stream() });
  const removed = new Set(files.map(({ file }) => file.file_path));
  try {
    await tables.commit(table.name, async (current) => {
      const now = present(current, "a table that is compacted");
      if (now.prefix !== table.prefix) throw new Fault("conflict", `${table.name} was dropped meanwhile.`);
      const { metadata } = now;
      const snapshot = present(snapshotOf(metadata), "a snapshot to compact");
      const id = ids.uuid();
      const commit = change(metadata, {
        snapshotId: mintSnapshotId(ids.bytes()),
        manifestPath: (n, bytes) => place.uri(checksummedName(`metadata/${id}-m${n}`, bytes)),
        listPath: (bytes) => place.uri(checksummedName(`metadata/snap-${id}`, bytes)),
        nowMs: clock.now(),
        previousManifests: await tables.manifests(now, snapshot),
        summary: compactionNote(snapshot),
        operation: "replace",
        added: [dataFile({ key, ...written }, schema, place)],
        removed,
        opened: await open(tables, now, snapshot),
        merge: true,
      });
      return { metadata: commit.metadata, commit };
    });
  } catch (error) {
    // Another writer replaced what was merged. Where it is not known whether the commit was made, the file stays.
    if (error instanceof Fault && error.code === "conflict") await store.remove({ key });
    throw error;
  }
}

/** Where a data file lies, or a verified copy of it where it lies on another host. */
async function located(
  store: Service<typeof storage>,
  place: Place,
  { file }: Mergeable,
  copy: string,
): Promise<{ path: string; sha256?: string }> {
  const key = place.keyOf(file.file_path);
  const sha256 = /([0-9a-f]{64})\.parquet$/.exec(key)?.[1];
  const { path } = await store.locate({ key });
  if (path !== undefined) return { path, ...(sha256 === undefined ? {} : { sha256 }) };
  const bytes = await fetchObject(store, key);
  if (sha256 !== undefined && sha256Of(bytes) !== sha256) {
    throw new Fault("internal", `Object ${key} of dataset ${place.name} is damaged: its checksum is wrong.`);
  }
  await writeFile(copy, bytes);
  return { path: copy };
}

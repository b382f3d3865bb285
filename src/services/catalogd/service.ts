// catalogd: which tables there are, what is in them, and every change to that, as Apache Iceberg v2.

import { z } from "zod";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { State } from "#adapters/state";
import type { catalog } from "#contracts/catalog";
import type { SnapshotId } from "#contracts/shapes";
import type { storage } from "#contracts/storage";
import { present } from "#lib/assert";
import { type Clock, systemClock } from "#lib/clock";
import type { Log } from "#lib/log";
import { BackgroundFailures } from "#rpc/background-failures";
import type { Handlers, Service } from "#rpc/contract";
import type { Daemon } from "#rpc/daemon";
import { Fault } from "#rpc/fault";
import { pageCursor } from "#rpc/page-cursor";
import { Appends } from "./append/append.ts";
import { commitFiles, type Ids } from "./commits/files.ts";
import { metadataFor, shapedFor, writtenSchema } from "./commits/shape.ts";
import { describeTable, idOf, wireId } from "./describe.ts";
import { columnsOf, schemaChanges } from "./duckdb/columns.ts";
import { typeWarnings } from "./duckdb/types.ts";
import { currentSchema, type Snapshot, snapshotOf } from "./iceberg/metadata/metadata.ts";
import { rollback, tag } from "./iceberg/metadata/snapshots.ts";
import { setSchema } from "./iceberg/metadata/table-changes.ts";
import type { Long } from "./iceberg/types/long.ts";
import { evolveSchema } from "./iceberg/types/evolve.ts";
import { Background } from "./maintenance/background.ts";
import { compact, type CompactDeps } from "./maintenance/compact.ts";
import { maintain, maintainAll } from "./maintenance/maintain.ts";
import { MERGED_MIN } from "./maintenance/plan.ts";
import { refuseBehind } from "./recovery/inspect.ts";
import { scans } from "./scan.ts";
import { describedById, SNAPSHOT_PAGES, snapshotPage, snapshotToName } from "./snapshots.ts";
import { contentId } from "./tables/compaction-note.ts";
import { withSnapshot } from "./tables/history.ts";
import { withFound, withSaid } from "./tables/personal-data.ts";
import { Pointers } from "./tables/pointers.ts";
import { COMMIT_ID, type Table, Tables } from "./tables/tables.ts";
import { FileWorker } from "./worker/pool.ts";

const PAGES = pageCursor("catalog.datasets", z.string());

export interface CatalogdDeps {
  readonly storage: Service<typeof storage>;
  readonly state: State;
  readonly clock?: Clock;
  /** A simulation brings its own. */
  readonly ids?: Ids;
  /** Merges small files, and does at intervals what `maintain` does. */
  readonly background?: boolean;
  readonly log?: Log;
  /** A folder of its own, emptied at the start, for files that are being merged. */
  readonly scratch?: string;
}

const randomIds: Ids = {
  uuid: () => crypto.randomUUID(),
  bytes: () => crypto.getRandomValues(new Uint8Array(8)),
};

/** Files that are larger need no merging soon. */
const SMALL_BYTES = 16 * 1024 * 1024;

/** Throws `internal` when the database has lost commits: nothing is served over a shorter past. */
export async function catalogd({
  storage,
  state,
  clock = systemClock,
  ids = randomIds,
  background = false,
  log,
  scratch = join(tmpdir(), `lakehouse-merge-${process.pid}`),
}: CatalogdDeps): Promise<Daemon<typeof catalog>> {
  const { base_uri: baseUri } = await storage.probe({});
  const pointers = await Pointers.open(state);
  await refuseBehind(pointers, storage);
  const failures = new BackgroundFailures(log);
  const tables = new Tables({ pointers, storage, baseUri, failures });
  const scanned = scans(tables);
  const { scan } = scanned;
  // Apart, so that no append waits for a merge.
  const mergeWorker = new FileWorker();
  const worker = new FileWorker();
  // What a killed process left of its merges.
  if (background) await rm(scratch, { recursive: true, force: true });
  const maintenance: CompactDeps = { tables, storage, mergeWorker, clock, ids, scratch };
  const work = background
    ? new Background({
        compact: (name) => compact(maintenance, name, { least: MERGED_MIN }),
        maintainAll: (signal) => maintainAll(maintenance, signal),
        failures,
      })
    : undefined;
  const appends = new Appends({ ...maintenance, worker, appended: (name) => work?.appended(name) });

  const handlers: Handlers<typeof catalog> = {
    datasets: async ({ limit, cursor }) => {
      const found = await tables.list(PAGES.place(cursor) ?? "", limit + 1);
      const page = found.slice(0, limit);
      const last = page.at(-1);
      return {
        datasets: page.map(describeTable),
        ...(found.length > limit && last !== undefined ? { next_cursor: PAGES.next(last.name) } : {}),
      };
    },
    dataset: async ({ dataset }) => describeTable(await tables.get(dataset)),
    drop: async ({ dataset, purge }) => {
      const table = await tables.drop(dataset);
      if (purge) await removeFiles(storage, table.prefix);
      return null;
    },
    snapshots: async ({ dataset, limit, cursor }) => {
      const after = SNAPSHOT_PAGES.place(cursor);
      return snapshotPage(tables, await tables.get(dataset), limit, after);
    },
    rollback: async ({ dataset, snapshot_id }) =>
      describeTable(
        await tables.commit(dataset, async (current) => {
          const table = current ?? (await tables.get(dataset));
          const snapshot = await snapshotToName(tables, table, snapshot_id);
          const metadata = withSnapshot(table.metadata, snapshot);
          return { metadata: rollback(metadata, snapshot["snapshot-id"], clock.now()) };
        }),
      ),
    tag: async ({ dataset, name, snapshot_id }) => {
      let tagged: Long | undefined;
      await tables.commit(dataset, async (current) => {
        const table = current ?? (await tables.get(dataset));
        const snapshot =
          snapshot_id === undefined
            ? (snapshotOf(table.metadata) ?? emptyTable(dataset))
            : await snapshotToName(tables, table, snapshot_id);
        tagged = contentId(snapshot);
        const before = snapshotOf(table.metadata, name);
        // The same rows in other files keep their name.
        if (before !== undefined && contentId(before) === tagged) return undefined;
        const metadata = withSnapshot(table.metadata, snapshot);
        return { metadata: tag(metadata, name, snapshot["snapshot-id"], clock.now()) };
      });
      return { name, snapshot_id: wireId(present(tagged, "the tagged snapshot")) };
    },
    schema: async ({ dataset, personal, ...wanted }) =>
      describeTable(
        await tables.commit(dataset, async (table) => {
          const { metadata } = table ?? (await tables.get(dataset));
          const evolved = evolveSchema(
            currentSchema(metadata),
            schemaChanges(wanted),
            metadata["last-column-id"],
          );
          const now = clock.now();
          const changed = setSchema(metadata, evolved.schema, evolved.lastColumnId, now);
          return { metadata: personal === undefined ? changed : withSaid(changed, personal, now) };
        }),
      ),
    prepare: async ({ dataset, columns, contract }) => {
      const table = await tables.find(dataset);
      const place = await tables.placeFor(dataset, table);
      const { schema, words } = shapedFor(table, columns, contract);
      return {
        prefix: `${place.prefix}data/`,
        columns: columnsOf(writtenSchema(schema, columns)),
        iceberg_schema: JSON.stringify(schema),
        schema_changes: [...words],
        warnings: typeWarnings(columns),
      };
    },
    commit: async (input) => {
      const { dataset, mode, columns, files, remove = [], commit_id, if_snapshot_id, summary } = input;
      const { unless_summary: noted } = input;
      let replayed = false;
      let made: Long | undefined;
      const table = await tables.commit(dataset, async (current, place) => {
        made =
          current === undefined
            ? undefined
            : ((await tables.committedBy(current, commit_id)) ??
              (noted === undefined ? undefined : await summarized(tables, current, noted)));
        replayed = made !== undefined;
        if (replayed) return undefined;
        refuseStale(dataset, current, if_snapshot_id);
        const shaped = metadataFor(current, place, columns, clock.now(), () => ids.uuid());
        const metadata = withFound(shaped, columns);
        const notes = { ...summary, [COMMIT_ID]: commit_id };
        const change = await commitFiles(tables, {
          current,
          metadata,
          place,
          mode,
          files,
          remove,
          notes,
          clock,
          ids,
        });
        made = change.commit.snapshot["snapshot-id"];
        return change;
      });
      if (!replayed && mode === "append" && files.every(({ bytes }) => bytes < SMALL_BYTES)) {
        work?.appended(dataset);
      }
      const id = wireId(present(made, "the snapshot just made"));
      return { snapshot_id: id, replayed, dataset: describeTable(table) };
    },
    committed: async ({ dataset, commit_id }) => {
      const table = await tables.find(dataset);
      const id = table === undefined ? undefined : await tables.committedBy(table, commit_id);
      if (table === undefined || id === undefined) return { snapshot: null };
      return { snapshot: await describedById(tables, table, id) };
    },
    append: (input) => appends.append(input),
    maintain: ({ dataset, dry_run, keep_days }) =>
      maintain(maintenance, dataset, { dryRun: dry_run, keepDays: keep_days }),
    scan: async ({ dataset, at }) => scan(await tables.get(dataset), at),
  };
  return {
    handlers,
    stats: () => ({
      failures: failures.counts,
      queues: { "rows to append": appends.figures },
      caches: { ...tables.caches, "files of tables": scanned.figures },
    }),
    close: async () => {
      await appends.close();
      // A merge that runs is given up: its files are still in the table.
      await Promise.all([work?.close(), mergeWorker.close(), worker.close()]);
      await tables.close();
      await state.close();
    },
  };
}

function emptyTable(dataset: string): never {
  throw new Fault("conflict", `${dataset} has no snapshot yet, so there is nothing to name.`);
}

/** A writer that replaces what it has read must not replace what it has not; it says null when it read nothing. */
function refuseStale(
  dataset: string,
  table: Table | undefined,
  expected: SnapshotId | null | undefined,
): void {
  if (expected === undefined) return;
  const snapshot = table === undefined ? undefined : snapshotOf(table.metadata);
  const current = snapshot === undefined ? null : contentId(snapshot);
  if (current === (expected === null ? null : idOf(expected))) return;
  throw new Fault("conflict", `${dataset} was changed meanwhile. Read it again and start over.`);
}

/** The newest snapshot whose summary has all these notes. */
async function summarized(
  tables: Tables,
  table: Table,
  notes: Readonly<Record<string, string>>,
): Promise<Long | undefined> {
  const wanted = Object.entries(notes);
  const fits = ({ summary }: Snapshot): boolean => wanted.every(([name, value]) => summary[name] === value);
  const found = table.metadata.snapshots.findLast(fits) ?? (await tables.findInHistory(table, fits));
  return found?.["snapshot-id"];
}

async function removeFiles(storage: CatalogdDeps["storage"], prefix: string): Promise<void> {
  for (;;) {
    const { objects } = await storage.list({ prefix, lost: true, limit: 1000 });
    if (objects.length === 0) return;
    for (const { key } of objects) await storage.remove({ key });
  }
}

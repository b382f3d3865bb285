// catalogd: which tables there are, what is in them, and every change to that, as Apache Iceberg v2.

import type { State } from "#adapters/state";
import type { catalog } from "#contracts/catalog";
import type { SnapshotId } from "#contracts/shapes";
import type { storage } from "#contracts/storage";
import { present } from "#lib/assert";
import { type Clock, systemClock } from "#lib/clock";
import type { Handlers, Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { COMMIT_ID, commitFiles, committedBy, type Ids } from "./commits/files.ts";
import { metadataFor, shapedFor, writtenSchema } from "./commits/shape.ts";
import { describeSnapshot, describeTable, idOf, wireId } from "./describe.ts";
import { columnsOf, schemaChanges } from "./duckdb/columns.ts";
import { currentSchema, snapshotOf } from "./iceberg/metadata/metadata.ts";
import { rollback, tag } from "./iceberg/metadata/snapshots.ts";
import { setSchema } from "./iceberg/metadata/table-changes.ts";
import { evolveSchema } from "./iceberg/types/evolve.ts";
import { refuseBehind } from "./recovery/inspect.ts";
import { scans } from "./scan.ts";
import { Rows } from "./tables/rows.ts";
import { type Table, Tables } from "./tables/tables.ts";

export interface CatalogdDeps {
  readonly storage: Service<typeof storage>;
  readonly state: State;
  readonly clock?: Clock;
  /** A simulation brings its own. */
  readonly ids?: Ids;
}

const randomIds: Ids = {
  uuid: () => crypto.randomUUID(),
  bytes: () => crypto.getRandomValues(new Uint8Array(8)),
};

export interface Catalogd {
  readonly handlers: Handlers<typeof catalog>;
  close(): Promise<void>;
}

/** Throws `internal` when the database has lost commits: nothing is served over a shorter past. */
export async function catalogd({
  storage,
  state,
  clock = systemClock,
  ids = randomIds,
}: CatalogdDeps): Promise<Catalogd> {
  const { base_uri: baseUri } = await storage.probe({});
  const rows = await Rows.open(state);
  await refuseBehind(rows, storage);
  const tables = new Tables({ rows, storage, baseUri });
  const scan = scans(tables);

  const handlers: Handlers<typeof catalog> = {
    datasets: async ({ limit, cursor }) => {
      const found = await tables.list(cursor ?? "", limit + 1);
      const page = found.slice(0, limit);
      const last = page.at(-1);
      return {
        datasets: page.map(describeTable),
        ...(found.length > limit && last !== undefined ? { next_cursor: last.name } : {}),
      };
    },
    dataset: async ({ dataset }) => describeTable(await tables.get(dataset)),
    drop: async ({ dataset, purge }) => {
      const table = await tables.drop(dataset);
      if (purge) await removeFiles(storage, table.prefix);
      return null;
    },
    snapshots: async ({ dataset, limit, cursor }) => {
      const { metadata } = await tables.get(dataset);
      const newestFirst = metadata.snapshots.toReversed();
      const from =
        cursor === undefined ? 0 : newestFirst.findIndex((one) => String(one["snapshot-id"]) === cursor) + 1;
      const page = newestFirst.slice(from, from + limit);
      const last = page.at(-1);
      return {
        snapshots: page.map((snapshot) => describeSnapshot(snapshot, metadata)),
        ...(from + limit < newestFirst.length && last !== undefined
          ? { next_cursor: String(last["snapshot-id"]) }
          : {}),
      };
    },
    rollback: async ({ dataset, snapshot_id }) =>
      describeTable(
        await tables.commit(dataset, async (table) => {
          const { metadata } = table ?? (await tables.get(dataset));
          return { metadata: rollback(metadata, idOf(snapshot_id), clock.now()) };
        }),
      ),
    tag: async ({ dataset, name, snapshot_id }) => {
      let tagged = snapshot_id === undefined ? undefined : idOf(snapshot_id);
      await tables.commit(dataset, async (table) => {
        const { metadata } = table ?? (await tables.get(dataset));
        tagged ??= metadata["current-snapshot-id"] ?? emptyTable(dataset);
        return { metadata: tag(metadata, name, tagged, clock.now()) };
      });
      return { name, snapshot_id: wireId(present(tagged, "the tagged snapshot")) };
    },
    schema: async ({ dataset, ...wanted }) =>
      describeTable(
        await tables.commit(dataset, async (table) => {
          const { metadata } = table ?? (await tables.get(dataset));
          const evolved = evolveSchema(
            currentSchema(metadata),
            schemaChanges(wanted),
            metadata["last-column-id"],
          );
          return { metadata: setSchema(metadata, evolved.schema, evolved.lastColumnId, clock.now()) };
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
      };
    },
    commit: async ({ dataset, mode, columns, files, commit_id, if_snapshot_id, summary }) => {
      let replayed = false;
      const table = await tables.commit(dataset, async (current, place) => {
        replayed = current !== undefined && committedBy(current.metadata, commit_id) !== undefined;
        if (replayed) return undefined;
        refuseStale(dataset, current, if_snapshot_id);
        const metadata = metadataFor(current, place, columns, clock.now(), () => ids.uuid());
        const notes = { ...summary, [COMMIT_ID]: commit_id };
        return commitFiles(tables, { current, metadata, place, mode, files, notes, clock, ids });
      });
      const snapshot = present(committedBy(table.metadata, commit_id), "the snapshot just made");
      return { snapshot_id: wireId(snapshot["snapshot-id"]), replayed, dataset: describeTable(table) };
    },
    committed: async ({ dataset, commit_id }) => {
      const table = await tables.find(dataset);
      const snapshot = table === undefined ? undefined : committedBy(table.metadata, commit_id);
      return {
        snapshot:
          table === undefined || snapshot === undefined ? null : describeSnapshot(snapshot, table.metadata),
      };
    },
    scan: async ({ dataset, at }) => scan(await tables.get(dataset), at),
  };
  return { handlers, close: () => state.close() };
}

function emptyTable(dataset: string): never {
  throw new Fault("conflict", `${dataset} has no snapshot yet, so there is nothing to name.`);
}

/** A writer that replaces what it has read must not replace what it has not. */
function refuseStale(dataset: string, table: Table | undefined, expected: SnapshotId | undefined): void {
  if (expected === undefined) return;
  const snapshot = table === undefined ? undefined : snapshotOf(table.metadata);
  if (snapshot !== undefined && snapshot["snapshot-id"] === idOf(expected)) return;
  throw new Fault("conflict", `${dataset} was changed meanwhile. Read it again and start over.`);
}

async function removeFiles(storage: CatalogdDeps["storage"], prefix: string): Promise<void> {
  for (;;) {
    const { objects } = await storage.list({ prefix, limit: 1000 });
    if (objects.length === 0) return;
    for (const { key } of objects) await storage.remove({ key });
  }
}

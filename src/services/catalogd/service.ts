// catalogd: which tables there are, what is in them, and every change to that, as Apache Iceberg v2.

import type { State } from "#adapters/state";
import type { catalog, DataFile as OfferedFile } from "#contracts/catalog";
import type { storage } from "#contracts/storage";
import { present } from "#lib/assert";
import { type Clock, systemClock } from "#lib/clock";
import { quoteIdentifier } from "#lib/sql-text";
import type { Handlers, Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { type Column, columnsOf, describeSnapshot, describeTable } from "./describe.ts";
import { fitColumns } from "./fit.ts";
import { type ColumnStatistics, metricsFromStatistics } from "./iceberg/bounds.ts";
import { newSchema } from "./iceberg/columns.ts";
import { append, change, type CommitInput, replaceAll } from "./iceberg/commit.ts";
import { castClause, fieldIdsClause, parquetName } from "./iceberg/duckdb-sql.ts";
import { evolveSchema, type SchemaChange } from "./iceberg/evolve.ts";
import type { ManifestFile } from "./iceberg/manifest-list.ts";
import { CONTENT, type DataFile, type Manifest } from "./iceberg/manifest.ts";
import {
  createMetadata,
  currentSchema,
  mintSnapshotId,
  type Snapshot,
  snapshotOf,
  type TableMetadata,
} from "./iceberg/metadata.ts";
import { allFields, lastFieldId, type Schema } from "./iceberg/schema.ts";
import { rollback, tag } from "./iceberg/snapshots.ts";
import { setSchema } from "./iceberg/table-changes.ts";
import { scans } from "./scan.ts";
import { sealedName } from "./seal.ts";
import { type Place, type Table, Tables } from "./tables.ts";

export interface CatalogdDeps {
  readonly storage: Service<typeof storage>;
  readonly state: State;
  readonly clock?: Clock;
  /** Names of files and tables, ids of snapshots; a simulation brings its own. */
  readonly ids?: Ids;
}

export interface Ids {
  uuid(): string;
  /** Eight bytes that nobody else has. */
  bytes(): Uint8Array;
}

const randomIds: Ids = {
  uuid: () => crypto.randomUUID(),
  bytes: () => crypto.getRandomValues(new Uint8Array(8)),
};

export interface Catalogd {
  readonly handlers: Handlers<typeof catalog>;
  close(): Promise<void>;
}

/** Where a snapshot's summary keeps the id of the commit that made it. */
const COMMIT_ID = "lakehouse.commit-id";

export async function catalogd({
  storage,
  state,
  clock = systemClock,
  ids = randomIds,
}: CatalogdDeps): Promise<Catalogd> {
  const { base_uri: baseUri } = await storage.probe({});
  const tables = await Tables.open({ state, storage, clock, baseUri });
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
          return { metadata: rollback(metadata, snapshot_id, clock.now()) };
        }),
      ),
    tag: async ({ dataset, name, snapshot_id }) => {
      let tagged = snapshot_id;
      await tables.commit(dataset, async (table) => {
        const { metadata } = table ?? (await tables.get(dataset));
        tagged ??= Number(present(metadata["current-snapshot-id"] ?? emptyTable(dataset), "a snapshot"));
        return { metadata: tag(metadata, name, tagged, clock.now()) };
      });
      return { name, snapshot_id: present(tagged, "the tagged snapshot") };
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
      const written = writtenSchema(schema, columns);
      return {
        prefix: `${place.prefix}data/`,
        columns: columnsOf(written),
        select: castClause(written, parquetName),
        field_ids: fieldIdsClause(written, parquetName),
        iceberg_schema: JSON.stringify(schema),
        schema_changes: [...words],
      };
    },
    commit: async (input) => {
      const {
        dataset,
        mode,
        columns,
        files,
        remove = [],
        commit_id,
        if_snapshot_id,
        unless_summary,
        summary,
      } = input;
      const madeIn = ({ metadata }: Table): Snapshot | undefined =>
        committedBy(metadata, commit_id) ?? summarized(metadata, unless_summary);
      let replayed = false;
      const table = await tables.commit(dataset, async (current, place) => {
        replayed = current !== undefined && madeIn(current) !== undefined;
        if (replayed) return undefined;
        refuseStale(dataset, current, if_snapshot_id);
        const metadata = metadataFor(current, place, columns, clock, ids);
        const notes = { ...summary, [COMMIT_ID]: commit_id };
        return commitFiles(tables, { current, metadata, place, mode, files, remove, notes, clock, ids });
      });
      const snapshot = present(madeIn(table), "the snapshot just made");
      return { snapshot_id: Number(snapshot["snapshot-id"]), replayed, dataset: describeTable(table) };
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

interface Shaped {
  readonly schema: Schema;
  readonly lastColumnId: number;
  /** What was changed, for a person. */
  readonly words: readonly string[];
}

/** A schema that takes the columns: a first one, the table's own, or that one evolved. */
function shapedFor(
  table: Table | undefined,
  columns: readonly { name: string; type: string }[],
  contract: "evolve" | "freeze",
): Shaped {
  if (table === undefined) {
    const schema = newSchema(columns);
    return { schema, lastColumnId: lastFieldId(schema), words: [] };
  }
  const schema = currentSchema(table.metadata);
  const lastColumnId = table.metadata["last-column-id"];
  const { changes, words } = fitColumns(schema, columns, contract);
  return { ...evolveSchema(schema, changes, lastColumnId), words };
}

/** Metadata whose schema is the one that the files were written for. */
function metadataFor(
  table: Table | undefined,
  place: Place,
  columns: readonly Column[],
  clock: Clock,
  ids: Ids,
): TableMetadata {
  const nowMs = clock.now();
  const { schema, lastColumnId } = shapedFor(table, columns, "evolve");
  for (const { id, name } of columns) {
    if (schema.fields.some((field) => field.id === id && field.name === name)) continue;
    throw new Fault(
      "conflict",
      `Column ${name} was changed meanwhile. Prepare again and write the files anew.`,
    );
  }
  if (table !== undefined) return setSchema(table.metadata, schema, lastColumnId, nowMs);
  return createMetadata({
    uuid: ids.uuid(),
    location: place.location,
    schema,
    properties: {},
    nowMs,
  });
}

/** The columns a file will have, in its own order, under the table's names and types. */
function writtenSchema(schema: Schema, columns: readonly { name: string }[]): Schema {
  const fields = columns.map(({ name }) =>
    present(
      schema.fields.find((field) => field.name.toLowerCase() === name.toLowerCase()),
      `column ${name}`,
    ),
  );
  return { ...schema, fields };
}

function schemaChanges(wanted: {
  add?: readonly { name: string; type: string; doc?: string | undefined }[] | undefined;
  rename?: Readonly<Record<string, string>> | undefined;
  drop?: readonly string[] | undefined;
  widen?: Readonly<Record<string, string>> | undefined;
  doc?: Readonly<Record<string, string>> | undefined;
}): SchemaChange[] {
  const { add = [], rename = {}, drop = [], widen = {}, doc = {} } = wanted;
  return [
    ...drop.map((name): SchemaChange => ({ change: "drop", name })),
    ...Object.entries(rename).map(([name, to]): SchemaChange => ({ change: "rename", name, to })),
    ...Object.entries(widen).map(([name, type]): SchemaChange => ({ change: "widen", name, type })),
    ...add.map(({ name, type, doc: text }): SchemaChange => ({
      change: "add",
      name,
      type,
      ...(text === undefined ? {} : { doc: text }),
    })),
    ...Object.entries(doc).map(([name, text]): SchemaChange => ({ change: "doc", name, doc: text })),
  ];
}

/** Who replaces what he has read must not replace what he has not. */
function refuseStale(dataset: string, table: Table | undefined, expected: number | null | undefined): void {
  if (expected === undefined) return;
  const snapshot = table === undefined ? undefined : snapshotOf(table.metadata);
  const current = snapshot === undefined ? null : Number(snapshot["snapshot-id"]);
  if (current === expected) return;
  throw new Fault("conflict", `${dataset} was changed meanwhile. Read it again and start anew.`);
}

function committedBy(metadata: TableMetadata, commitId: string): Snapshot | undefined {
  return metadata.snapshots.findLast((snapshot) => snapshot.summary[COMMIT_ID] === commitId);
}

/** The newest snapshot whose summary has all these notes; none for no notes. */
function summarized(
  metadata: TableMetadata,
  notes: Readonly<Record<string, string>> | undefined,
): Snapshot | undefined {
  if (notes === undefined) return undefined;
  const wanted = Object.entries(notes);
  return metadata.snapshots.findLast(({ summary }) =>
    wanted.every(([name, value]) => summary[name] === value),
  );
}

interface FilesCommit {
  readonly current: Table | undefined;
  readonly metadata: TableMetadata;
  readonly place: Place;
  readonly mode: "append" | "replace";
  readonly files: readonly OfferedFile[];
  /** Keys of files that leave, beside an append. */
  readonly remove: readonly string[];
  readonly notes: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly ids: Ids;
}

async function commitFiles(
  tables: Tables,
  { current, metadata, place, mode, files, remove, notes, clock, ids }: FilesCommit,
) {
  const schema = currentSchema(metadata);
  const previousManifests =
    current === undefined ? [] : await tables.manifests(current, snapshotOf(current.metadata));
  const id = ids.uuid();
  const input: CommitInput & { files: DataFile[] } = {
    snapshotId: mintSnapshotId(ids.bytes()),
    manifestPath: (n, bytes) => place.uri(sealedName(`metadata/${id}-m${n}`, bytes)),
    listPath: (bytes) => place.uri(sealedName(`metadata/snap-${id}`, bytes)),
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
  if (mode === "replace" && current !== undefined) {
    const commit = replaceAll(metadata, { ...input, opened: await open(previousManifests) });
    return { metadata: commit.metadata, commit };
  }
  if (remove.length > 0) {
    const removed = new Set(remove.map((key) => place.uriOfKey(key)));
    const opened = await open(previousManifests);
    const commit = change(metadata, {
      ...input,
      operation: "overwrite",
      added: input.files,
      removed,
      opened,
    });
    return { metadata: commit.metadata, commit };
  }
  const commit = append(metadata, { ...input, opened: await open(toBeMerged(previousManifests)) });
  return { metadata: commit.metadata, commit };
}

/** So many small manifests are made one: a list of thousands would be written with every commit, and read by all. */
const MERGED_MIN = 100;
/** One with more files is left alone: writing it again each time would cost more than a longer list. */
const MERGED_FILES_MAX = 1000;

function toBeMerged(manifests: readonly ManifestFile[]): ManifestFile[] {
  const small = manifests.filter(
    (listed) => listed.added_files_count + listed.existing_files_count < MERGED_FILES_MAX,
  );
  return small.length < MERGED_MIN ? [] : small;
}

/** An offered file as a manifest describes it. */
function dataFile(file: OfferedFile, schema: Schema, place: Place): DataFile {
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
    ...metricsFromStatistics(schema, statisticsOf(file, schema)),
    key_metadata: null,
    split_offsets: null,
    equality_ids: null,
    sort_order_id: 0,
    referenced_data_file: null,
  };
}

/** Statistics by field id, as DuckDB's own answer to COPY has them: by quoted path. */
function statisticsOf({ stats }: OfferedFile, schema: Schema): ColumnStatistics[] {
  const leaves = new Map(allFields(schema).map((leaf) => [String(leaf.id), leaf]));
  return Object.entries(stats).flatMap(([id, { values, nulls, bytes, min, max }]) => {
    const leaf = leaves.get(id);
    if (leaf === undefined) return [];
    const value = [
      { key: "num_values", value: values },
      { key: "null_count", value: nulls },
      { key: "column_size_bytes", value: bytes },
      { key: "min", value: min },
      { key: "max", value: max },
    ];
    const key = leaf.path.map(quoteIdentifier).join(".");
    return [{ key, value: value.filter((entry) => entry.value !== undefined) }];
  });
}

async function removeFiles(storage: CatalogdDeps["storage"], prefix: string): Promise<void> {
  for (;;) {
    const { objects } = await storage.list({ prefix, limit: 1000 });
    if (objects.length === 0) return;
    for (const { key } of objects) await storage.remove({ key });
  }
}

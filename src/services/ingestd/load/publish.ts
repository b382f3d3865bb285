// Data files into the object store and a snapshot that lists them into the catalog. Files are stored first: a
// commit that fails leaves objects that nobody sees, never a table with holes.

import type { SnapshotId } from "#contracts/shapes";
import { fieldIdsClause, readSchema, selectList } from "#adapters/duckdb-columns";
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { catalog, DataFile, Dataset, PersonalKind } from "#contracts/catalog";
import type { Ingested } from "#contracts/ingest";
import type { storage } from "#contracts/storage";
import { present } from "#lib/assert";
import { writeAll } from "#lib/durable";
import type { BackgroundFailures } from "#rpc/background-failures";
import type { Call, CallInit } from "#rpc/call";
import type { OutputOf, Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import type { Table, WrittenFile } from "../source/shapes.ts";

type Prepared = OutputOf<typeof catalog.prepare>;
export type Committed = OutputOf<typeof catalog.commit>;

export interface Neighbours {
  readonly catalog: Service<typeof catalog>;
  readonly storage: Service<typeof storage>;
  readonly background: BackgroundFailures;
}

export interface Publication {
  readonly dataset: string;
  readonly mode: "append" | "replace";
  readonly prepared: Prepared;
  readonly ingestId: string;
  readonly files: readonly WrittenFile[];
  readonly commitId: string;
  readonly summary: Readonly<Record<string, string>>;
  /** The snapshot that must still be current; null for none. */
  readonly ifSnapshotId?: SnapshotId | null;
  /** Keys of data files that leave the dataset. */
  readonly remove?: readonly string[];
  /** Nothing is committed when a snapshot of the dataset has all of this in its summary already. */
  readonly unlessSummary?: Readonly<Record<string, string>>;
}

/** Stores the files under keys that end in their checksum, as the catalog wants them. */
export async function store(
  neighbours: Neighbours,
  publication: Publication,
  call: CallInit,
): Promise<DataFile[]> {
  const { prepared, ingestId, files } = publication;
  const stored: DataFile[] = [];
  try {
    for (const [index, { path, ...file }] of files.entries()) {
      const key = `${prepared.prefix}${ingestId}-${String(index).padStart(5, "0")}-${file.sha256}.parquet`;
      await hand(neighbours.storage, key, { path, sha256: file.sha256 }, call);
      stored.push({ key, ...file });
    }
    return stored;
  } catch (error) {
    await unstore(neighbours, stored);
    throw error;
  }
}

/** Stores the files of publications side by side, in their order; those of all are taken back when one fails. */
export async function storeAll(
  neighbours: Neighbours,
  publications: readonly Publication[],
  call: CallInit,
): Promise<DataFile[][]> {
  const outcomes = await Promise.allSettled(
    publications.map((publication) => store(neighbours, publication, call)),
  );
  const stored = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed === undefined) return stored;
  for (const files of stored) await unstore(neighbours, files);
  throw failed.reason;
}

/** On one disk the file only changes its name. */
async function hand(
  storage: Neighbours["storage"],
  key: string,
  file: Pick<WrittenFile, "path" | "sha256">,
  call: CallInit,
): Promise<void> {
  const { adopted } = await storage.adopt({ key, ...file }, call).catch((error: unknown) => {
    // storaged is on another host or has another folder: PUT does the same over the network.
    if (error instanceof Fault && error.code === "forbidden") return { adopted: null };
    throw error;
  });
  if (adopted === null) await storage.put({ key, body: Bun.file(file.path).stream() }, call);
}

/** Takes stored files back; one that stays is an orphan, which no snapshot names. */
export async function unstore(
  { storage, background }: Neighbours,
  files: readonly DataFile[],
): Promise<void> {
  for (const { key } of files) {
    try {
      await storage.remove({ key });
    } catch (error) {
      background.note("removal of a refused commit's data file", error, { key });
    }
  }
}

/** Faults after which it is certain that there is no snapshot. */
const REFUSALS: ReadonlySet<string> = new Set(["conflict", "invalid", "rejected", "not_found", "forbidden"]);

export function isRefusal(error: unknown): error is Fault {
  return error instanceof Fault && REFUSALS.has(error.code);
}

/** Commits stored files; a refusal takes them back. */
export async function commit(
  neighbours: Neighbours,
  publication: Publication,
  files: readonly DataFile[],
  call: CallInit,
): Promise<Committed> {
  try {
    return await commitStored(neighbours, publication, files, call);
  } catch (error) {
    if (isRefusal(error)) await unstore(neighbours, files);
    throw error;
  }
}

export function commitStored(
  { catalog }: Pick<Neighbours, "catalog">,
  publication: Publication,
  files: readonly DataFile[],
  call: CallInit,
): Promise<Committed> {
  const { dataset, mode, prepared, commitId, summary, remove, ifSnapshotId, unlessSummary } = publication;
  return catalog.commit(
    {
      dataset,
      mode,
      columns: prepared.columns,
      files: [...files],
      ...(remove === undefined ? {} : { remove: [...remove] }),
      commit_id: commitId,
      summary: { ...summary },
      ...(ifSnapshotId === undefined ? {} : { if_snapshot_id: ifSnapshotId }),
      ...(unlessSummary === undefined ? {} : { unless_summary: { ...unlessSummary } }),
    },
    call,
  );
}

/** A dataset's data files as they are now, each on this host, and their keys in the same order. */
export async function filesOf(
  { catalog, storage }: Neighbours,
  dataset: string,
  folder: string,
  call: CallInit,
) {
  const scan = await catalog.scan({ dataset }, call);
  const keys: string[] = [];
  const files: { path: string; sha256?: string }[] = [];
  let rows = 0;
  for (const [index, { key, sha256, ...file }] of scan.files.entries()) {
    rows += file.rows;
    const near = (await storage.locate({ key }, call)).path;
    const path = near ?? join(folder, `${dataset}-${index}.parquet`);
    if (near === undefined) await download(storage, key, path, call);
    keys.push(key);
    files.push({ path, ...(sha256 === undefined ? {} : { sha256 }) });
  }
  const { columns, snapshot_id: snapshotId } = scan;
  return { keys, files, rows, columns, read_schema: readSchema(columns), snapshotId };
}

/** Files that a look at the dataset's values reads: its largest. */
const LOOKED_AT_MAX = 2;
/** A larger file is not brought from another host for a look. */
const DOWNLOAD_BYTES_MAX = 64 * 1024 * 1024;

/** A few of a dataset's data files, each on this host, for a look at its values. */
export async function someFilesOf(
  { catalog, storage }: Neighbours,
  dataset: string,
  folder: string,
  call: CallInit,
) {
  const { files: all, columns } = await catalog.scan({ dataset }, call);
  const files: { path: string; sha256?: string }[] = [];
  const largest = all.toSorted((one, other) => other.rows - one.rows).slice(0, LOOKED_AT_MAX);
  for (const [index, { key, sha256, bytes }] of largest.entries()) {
    const near = (await storage.locate({ key }, call)).path;
    if (near === undefined && bytes > DOWNLOAD_BYTES_MAX) continue;
    const path = near ?? join(folder, `looked-at-${index}.parquet`);
    if (near === undefined) await download(storage, key, path, call);
    files.push({ path, ...(sha256 === undefined ? {} : { sha256 }) });
  }
  return { files, columns, read_schema: readSchema(columns) };
}

async function download(
  storage: Neighbours["storage"],
  key: string,
  path: string,
  call: CallInit,
): Promise<void> {
  const { body } = await storage.get({ key }, call);
  const file = await open(path, "w");
  try {
    for await (const chunk of present(body, "an object's bytes")) await writeAll(file, chunk);
  } finally {
    await file.close();
  }
}

export function preparedFor({ columns, iceberg_schema }: Publication["prepared"]) {
  return {
    columns: columns.map(({ id, name, type }) => ({ id, name, type })),
    select: selectList(columns),
    field_ids: fieldIdsClause(columns, iceberg_schema),
    iceberg_schema,
  };
}

/** The columns as they were prepared, with what the file said of them and the personal data in them. */
export function columnsOf(
  table: Table,
  prepared: Publication["prepared"]["columns"],
  personal: Readonly<Record<string, PersonalKind>>,
): Ingested["columns"] {
  const found = new Map(table.columns.map((column) => [column.name.toLowerCase(), column]));
  return prepared.flatMap(({ name, type, nullable }) => {
    const column = found.get(name.toLowerCase());
    if (column === undefined) return [];
    const { confidence, samples } = column;
    const kind = Object.hasOwn(personal, name) ? personal[name] : undefined;
    return [{ name, type, nullable, confidence, samples, ...(kind === undefined ? {} : { personal: kind }) }];
  });
}

export async function datasetOf(
  service: Service<typeof catalog>,
  dataset: string,
  call: Call,
): Promise<Dataset | undefined> {
  try {
    return await service.dataset({ dataset }, call);
  } catch (error) {
    if (error instanceof Fault && error.code === "not_found") return undefined;
    throw error;
  }
}

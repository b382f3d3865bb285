// Data files into the object store and a snapshot that lists them into the catalog. Files are stored first: a
// commit that fails leaves objects that nobody sees, never a table with holes.

import type { SnapshotId } from "#contracts/shapes";
import { fieldIdsClause, selectList } from "#adapters/duckdb-columns";
import type { catalog, DataFile, Dataset } from "#contracts/catalog";
import type { Ingested } from "#contracts/ingest";
import type { storage } from "#contracts/storage";
import type { Call, CallInit } from "#rpc/call";
import type { OutputOf, Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import type { Table, WrittenFile } from "./source/shapes.ts";

type Prepared = OutputOf<typeof catalog.prepare>;
export type Committed = OutputOf<typeof catalog.commit>;

export interface Neighbours {
  readonly catalog: Service<typeof catalog>;
  readonly storage: Service<typeof storage>;
}

export interface Publication {
  readonly dataset: string;
  readonly mode: "append" | "replace";
  readonly prepared: Prepared;
  readonly ingestId: string;
  readonly files: readonly WrittenFile[];
  readonly commitId: string;
  readonly summary: Readonly<Record<string, string>>;
  /** The snapshot that must still be current. */
  readonly ifSnapshotId?: SnapshotId;
}

/** Stores the files under keys that end in their checksum, as the catalog wants them. */
export async function store(
  { storage }: Neighbours,
  publication: Publication,
  call: CallInit,
): Promise<DataFile[]> {
  const { prepared, ingestId, files } = publication;
  const stored: DataFile[] = [];
  try {
    for (const [index, { path, ...file }] of files.entries()) {
      const key = `${prepared.prefix}${ingestId}-${String(index).padStart(5, "0")}-${file.sha256}.parquet`;
      await hand(storage, key, { path, sha256: file.sha256 }, call);
      stored.push({ key, ...file });
    }
    return stored;
  } catch (error) {
    await unstore({ storage }, stored);
    throw error;
  }
}

/** On one disk the file only changes its name. */
async function hand(
  storage: Neighbours["storage"],
  key: string,
  file: Pick<WrittenFile, "path" | "sha256">,
  call: CallInit,
): Promise<void> {
  const { adopted } = await storage.adopt({ key, ...file }, call).catch((error: unknown) => {
    // Another host's storaged, or another folder: it is asked for nothing that PUT does not do.
    if (error instanceof Fault && error.code === "forbidden") return { adopted: null };
    throw error;
  });
  if (adopted === null) await storage.put({ key, body: Bun.file(file.path).stream() }, call);
}

/** Takes stored files back, as far as it goes; what stays is swept as an orphan. */
async function unstore({ storage }: Pick<Neighbours, "storage">, files: readonly DataFile[]): Promise<void> {
  for (const { key } of files) await storage.remove({ key }).catch(() => undefined);
}

/** Faults after which it is certain that there is no snapshot. */
const REFUSALS: ReadonlySet<string> = new Set(["conflict", "invalid", "rejected", "not_found", "forbidden"]);

export async function commit(
  neighbours: Neighbours,
  publication: Publication,
  files: readonly DataFile[],
  call: CallInit,
): Promise<Committed> {
  const { dataset, mode, prepared, commitId, summary, ifSnapshotId } = publication;
  try {
    return await neighbours.catalog.commit(
      {
        dataset,
        mode,
        columns: prepared.columns,
        files: [...files],
        commit_id: commitId,
        summary: { ...summary },
        ...(ifSnapshotId === undefined ? {} : { if_snapshot_id: ifSnapshotId }),
      },
      call,
    );
  } catch (error) {
    if (error instanceof Fault && REFUSALS.has(error.code)) await unstore(neighbours, files);
    throw error;
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

/** The columns as they were prepared, with what the file said of them. */
export function columnsOf(table: Table, prepared: Publication["prepared"]["columns"]): Ingested["columns"] {
  const told = new Map(table.columns.map((column) => [column.name.toLowerCase(), column]));
  return prepared.flatMap(({ name, type, nullable }) => {
    const column = told.get(name.toLowerCase());
    if (column === undefined) return [];
    return [{ name, type, nullable, confidence: column.confidence, samples: column.samples }];
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

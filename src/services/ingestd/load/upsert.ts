// The commit of an upsert: the file's rows, and the dataset's own files without the rows that these take the place of,
// in one snapshot. It holds only if the dataset is still the one that was read; else it is read again. Loads of this
// process take turns, so only a writer beside them (compaction, another machine) makes that necessary.

import type { DataFile } from "#contracts/catalog";
import { Fault } from "#rpc/fault";
import type { CallInit } from "#rpc/call";
import type { Service } from "#rpc/contract";
import { SUMMARY } from "./dedupe.ts";
import {
  type Committed,
  commitStored,
  filesOf,
  isRefusal,
  type Neighbours,
  preparedFor,
  type Publication,
  store,
  unstore,
} from "./publish.ts";
import type { loader } from "../worker/contract.ts";

/** Each costs a look at the dataset; a dataset that changes so often is being written by something else. */
const TRIES_MAX = 10;

export interface UpsertCommitted extends Committed {
  readonly rowsReplaced: number;
}

export async function commitUpsert(
  neighbours: Neighbours,
  child: Service<typeof loader>,
  folder: string,
  main: Publication,
  mainFiles: readonly DataFile[],
  keyColumns: readonly string[],
  call: CallInit,
): Promise<UpsertCommitted> {
  for (let tries = 1; ; tries += 1) {
    const numbered = { ...main, ingestId: `${main.ingestId}-${tries}` };
    const merging = mergedWith(neighbours, child, folder, numbered, keyColumns, call);
    const { publication, files, rowsReplaced } = await merging.catch(async (error: unknown) => {
      await unstore(neighbours, mainFiles);
      throw error;
    });
    try {
      const committed = await commitStored(neighbours, publication, [...mainFiles, ...files], call);
      return { ...committed, rowsReplaced };
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await unstore(neighbours, files);
      if (error.code === "conflict" && tries < TRIES_MAX) continue;
      await unstore(neighbours, mainFiles);
      throw error;
    }
  }
}

async function mergedWith(
  neighbours: Neighbours,
  child: Service<typeof loader>,
  folder: string,
  main: Publication,
  keyColumns: readonly string[],
  call: CallInit,
): Promise<{ publication: Publication; files: DataFile[]; rowsReplaced: number }> {
  const present = await existingFiles(neighbours, main.dataset, folder, call);
  const base = { ...main, ifSnapshotId: present?.snapshotId ?? null };
  const noted = (rowsReplaced: number): Publication => ({
    ...base,
    summary: { ...main.summary, [SUMMARY.rowsReplaced]: String(rowsReplaced) },
  });
  if (present === undefined || present.files.length === 0)
    return { publication: noted(0), files: [], rowsReplaced: 0 };
  const columns = present.columns.map(({ name, type }) => ({ name, type }));
  const prepared = await neighbours.catalog.prepare(
    { dataset: main.dataset, columns, mode: "append", contract: "evolve" },
    call,
  );
  const merged = await child.merge(
    {
      ...preparedFor(prepared),
      folder,
      files: present.files,
      read_schema: present.read_schema,
      key_columns: [...keyColumns],
    },
    call,
  );
  const files = await store(neighbours, { ...base, prepared, files: merged.files }, call);
  const replaced = new Set(merged.replaced);
  const remove = present.keys.filter((_, place) => replaced.has(place));
  return {
    publication: { ...noted(merged.rows_replaced), remove },
    files,
    rowsReplaced: merged.rows_replaced,
  };
}

/** Undefined for a dataset that is not there yet. */
async function existingFiles(neighbours: Neighbours, dataset: string, folder: string, call: CallInit) {
  try {
    return await filesOf(neighbours, dataset, folder, call);
  } catch (error) {
    if (error instanceof Fault && error.code === "not_found") return undefined;
    throw error;
  }
}

// The catalog's database made again from the tables' own metadata, while no house runs. The new one is finished beside
// the old one before that is moved away, and nothing of the old one is removed, so that a crash at any moment leaves a
// state that refuses to start or is whole, and repeating the rebuild ends the same.

import { rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { counterPath, wasEverThere } from "#adapters/commit-counter";
import { forget } from "#adapters/witness";
import { bytesOf } from "#adapters/objects/objects";
import { sqliteState } from "#adapters/state";
import type { storage } from "#contracts/storage";
import { type Clock, systemClock } from "#lib/clock";
import { syncFolder } from "#lib/durable";
import type { Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { parseMetadata, snapshotOf, type TableMetadata } from "../iceberg/metadata/metadata.ts";
import { isLive } from "../iceberg/commit.ts";
import { readText, TableFiles } from "../tables/files.ts";
import { hintKey, Place } from "../tables/place.ts";
import { commitsOf } from "../tables/tables.ts";
import { History } from "../tables/history.ts";
import { Pointers } from "../tables/pointers.ts";
import {
  type HintedFolder,
  metadataVersions,
  readHints,
  tableFolders,
  wasDropped,
} from "../tables/warehouse.ts";
import { type CatalogFinding, compare } from "./inspect.ts";

export interface RebuildDeps {
  readonly storage: Service<typeof storage>;
  /** Path of catalog.sqlite; it may be missing, empty, damaged, or without its log. */
  readonly file: string;
  readonly clock?: Clock;
}

/** Compares the database with what the object store says. Makes none where there is none. */
export async function inspectCatalog({ storage: store, file }: RebuildDeps): Promise<CatalogFinding[]> {
  let state;
  try {
    state = sqliteState(wasEverThere(file) ? file : ":memory:");
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return [{ problem: error.message, remedy: "rebuild" }];
  }
  try {
    return await compare(await Pointers.open(state), store);
  } finally {
    await state.close();
  }
}

/**
 * Makes a whole new database, moves the old one to `<file>.damaged-<ms>` and the new one into its place. Resolves with
 * what was done for each table: its row was made again, or its files do not suffice.
 */
export async function rebuildCatalog(deps: RebuildDeps): Promise<CatalogFinding[]> {
  const { storage: store, file, clock = systemClock } = deps;
  const fresh = `${file}.rebuilt`;
  for (const suffix of SUFFIXES) await rm(`${fresh}${suffix}`, { force: true });
  const { base_uri: baseUri } = await store.probe({});
  const findings: CatalogFinding[] = [];
  const state = sqliteState(fresh);
  try {
    const pointers = await Pointers.open(state);
    const hinted = await readHints(store, await tableFolders(store));
    for (const [name, folders] of Map.groupBy(hinted, (folder) => folder.name)) {
      findings.push(await rebuildTable(store, pointers, baseUri, name, folders));
    }
  } finally {
    await state.close();
  }
  await putInPlace(fresh, file, `${file}.damaged-${clock.now()}`);
  await forget(fresh);
  return findings;
}

/** What SQLite and the commit counter keep beside a database. */
const SUFFIXES = ["", "-wal", "-shm", counterPath("")];

async function putInPlace(fresh: string, file: string, aside: string): Promise<void> {
  for (const suffix of SUFFIXES.toReversed()) await renameIfThere(`${file}${suffix}`, `${aside}${suffix}`);
  await syncFolder(dirname(file));
  // The counter first: without its database it refuses the start, and the rebuild is done again.
  for (const suffix of SUFFIXES.toReversed()) await renameIfThere(`${fresh}${suffix}`, `${file}${suffix}`);
  await syncFolder(dirname(file));
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/** Of several folders of a name the newest that was not dropped is the table. */
async function rebuildTable(
  store: Service<typeof storage>,
  pointers: Pointers,
  baseUri: string,
  name: string,
  folders: readonly HintedFolder[],
): Promise<CatalogFinding> {
  const newestFirst = folders.toSorted((a, b) => b.generation - a.generation);
  const problems: string[] = [];
  for (const folder of newestFirst) {
    if (folder.hint === undefined && (await wasDropped(store, folder.prefix))) continue;
    const place = new Place(baseUri, name, folder.prefix, folder.generation);
    const found = await newestWhole(store, place, folder.hint, problems);
    if (found === undefined) continue;
    const { version, text } = found;
    await pointers.restore({ name, prefix: folder.prefix, version, text, generation: folder.generation });
    await rememberPast(store, pointers, place, text, problems);
    if (folder.isHintDamaged)
      await store.put({ key: hintKey(folder.prefix), body: bytesOf(String(version)) });
    const older = problems.length === 0 ? "" : ` What could not be used: ${problems.join(" ")}`;
    const problem = `The dataset ${name} was made again from its metadata, version ${version}.${older}`;
    return { dataset: name, problem, remedy: problems.length === 0 ? "rebuild" : "restore" };
  }
  const generation = (newestFirst[0]?.generation ?? 0) + 1;
  await pointers.restoreGeneration(name, generation);
  if (problems.length === 0) {
    return { dataset: name, problem: `The dataset ${name} was dropped and stays so.`, remedy: "rebuild" };
  }
  const problem = `The dataset ${name} cannot be made again: ${problems.join(" ")}`;
  return { dataset: name, problem, remedy: "restore" };
}

/** The commits that the table had: a lost page of its history costs those on it, and no other table its row. */
async function rememberPast(
  store: Service<typeof storage>,
  pointers: Pointers,
  place: Place,
  text: string,
  problems: string[],
): Promise<void> {
  try {
    for await (const { page } of new History(new TableFiles(store)).pages(place, parseMetadata(text))) {
      await pointers.rememberCommits(place.prefix, page.snapshots.flatMap(commitsOf));
    }
  } catch (error) {
    if (!(error instanceof Fault) || RETRYABLE.has(error.code)) throw error;
    problems.push(`Its history: ${error.message}`);
  }
}

/**
 * The newest version that is whole and follows the one that the hint names. A newer file that does not follow it is
 * what a commit that lost a race left behind.
 */
async function newestWhole(
  store: Service<typeof storage>,
  place: Place,
  hint: number | undefined,
  problems: string[],
): Promise<{ version: number; text: string } | undefined> {
  const files = new TableFiles(store);
  for (const { version, key } of (await metadataVersions(store, place.prefix)).toReversed()) {
    try {
      const text = await readText(store, key);
      if (text === undefined) continue;
      const metadata = parseMetadata(text);
      if (hint !== undefined && version > hint && !follows(metadata, hint)) continue;
      await checkFiles(store, files, place, metadata);
      return { version, text };
    } catch (error) {
      if (!(error instanceof Fault) || RETRYABLE.has(error.code)) throw error;
      problems.push(`Version ${version}: ${error.message}`);
    }
  }
  return undefined;
}

/** With these nothing is known of the file, and an older one is no answer. */
const RETRYABLE: ReadonlySet<string> = new Set(["unavailable", "timeout", "upstream", "cancelled"]);

function follows(metadata: TableMetadata, version: number): boolean {
  const name = `/v${version}.metadata.json`;
  return metadata["metadata-log"].some((entry) => entry["metadata-file"].endsWith(name));
}

/** The current snapshot's lists and manifests verify, and all its data files are there. */
async function checkFiles(
  store: Service<typeof storage>,
  files: TableFiles,
  place: Place,
  metadata: TableMetadata,
): Promise<void> {
  const list = snapshotOf(metadata)?.["manifest-list"];
  if (list === undefined) return;
  const stored = await sizes(store, place.prefix);
  for (const listed of await files.manifests(place, list)) {
    const { entries } = await files.manifest(place, listed);
    for (const { data_file: file } of entries.filter(isLive)) {
      const key = place.keyOf(file.file_path);
      if (stored.get(key) === file.file_size_in_bytes) continue;
      throw new Fault("internal", `The data file ${key} is missing or has another size.`);
    }
  }
}

async function sizes(store: Service<typeof storage>, prefix: string): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (let cursor: string | undefined; ;) {
    const page = await store.list({
      prefix,
      lost: true,
      limit: 1000,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const { key, size } of page.objects) found.set(key, size);
    cursor = page.next_cursor;
    if (cursor === undefined) return found;
  }
}

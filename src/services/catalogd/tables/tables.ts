// Tables and their commits. The row in the catalog's database is the truth for which metadata is current; the
// metadata files in the object store are written first, so that a table can be read from its files alone. A
// commit computes new metadata from the current one, stores it under a new name, and swaps the row only if no
// other writer did meanwhile; if one did, it is computed again on what that writer left.

import { bytesOf } from "#adapters/objects/objects";
import type { storage } from "#contracts/storage";
import { assert } from "#lib/assert";
import { CountedCache } from "#lib/counted-cache";
import type { CacheFigures } from "#lib/figures";
import type { BackgroundFailures } from "#rpc/background-failures";
import type { Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import type { Commit } from "../iceberg/commit.ts";
import type { ManifestFile } from "../iceberg/manifest/manifest-list.ts";
import type { Manifest } from "../iceberg/manifest/manifest.ts";
import {
  parseMetadata,
  printMetadata,
  type Snapshot,
  type TableMetadata,
} from "../iceberg/metadata/metadata.ts";
import { logMetadata } from "../iceberg/metadata/table-changes.ts";
import type { Long } from "../iceberg/types/long.ts";
import { AfterCommits } from "./after-commits.ts";
import { readText, TableFiles } from "./files.ts";
import { History, trimHistory } from "./history.ts";
import { hintKey, metadataKey, Place } from "./place.ts";
import type { PastCommit, Pointer, Pointers, Row } from "./pointers.ts";
import { retire, wasDropped } from "./warehouse.ts";

/** Where a snapshot's summary keeps the id of the commit that made it. */
export const COMMIT_ID = "lakehouse.commit-id";

/** And one that several senders share the ids of all their requests, as a list in JSON. */
export const COMMIT_IDS = "lakehouse.commit-ids";

function commitIdsOf({ summary }: Snapshot): string[] {
  const one = summary[COMMIT_ID];
  const many = summary[COMMIT_IDS];
  return [...(one === undefined ? [] : [one]), ...(many === undefined ? [] : (JSON.parse(many) as string[]))];
}

export interface Table extends Pointer {
  readonly metadata: TableMetadata;
}

/** What a commit does to the metadata; `commit` brings manifests that must be stored first. */
export interface Change {
  readonly metadata: TableMetadata;
  readonly commit?: Commit;
}

export interface TablesDeps {
  readonly pointers: Pointers;
  readonly storage: Service<typeof storage>;
  /** The address of an object: this and its key. */
  readonly baseUri: string;
  readonly failures: BackgroundFailures;
}

/** Losing the swap so often in a row means that something else is wrong. */
const SWAP_TRIES_MAX = 50;
/** Names of metadata files that crashed commits left behind. */
const ORPHANS_MAX = 100;
const TABLES_CACHED_MAX = 500;
/** Folders of one name that are looked into for one that is free. */
const FOLDERS_MAX = 100;
/** So many names help to find a misspelt one; more are a listing. */
const NAMES_SHOWN_MAX = 20;

export class Tables {
  readonly #deps: TablesDeps;
  readonly #pointers: Pointers;
  readonly #files: TableFiles;
  readonly #history: History;
  /** Parsed metadata by prefix; an earlier version than the row's is never needed again. */
  readonly #parsed = new CountedCache<string, Table>({ max: TABLES_CACHED_MAX });
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #after: AfterCommits;

  constructor(deps: TablesDeps) {
    this.#deps = deps;
    this.#pointers = deps.pointers;
    this.#files = new TableFiles(deps.storage);
    this.#history = new History(this.#files);
    this.#after = new AfterCommits(deps.storage, deps.failures);
  }

  /** Waits for what commits left to be done behind them. */
  close(): Promise<void> {
    return this.#after.settled();
  }

  get caches(): Readonly<Record<string, CacheFigures>> {
    return { "metadata of tables": this.#parsed.figures, manifests: this.#files.figures };
  }

  /** The table as it is now. Throws `not_found` and names those that are there. */
  async get(name: string): Promise<Table> {
    const table = await this.find(name);
    if (table !== undefined) return table;
    const names = (await this.#pointers.list("", NAMES_SHOWN_MAX)).map((row) => row.name);
    const known =
      names.length === 0
        ? "There are none yet; load one with: lakehouse ingest"
        : `Known: ${names.join(", ")}`;
    throw new Fault("not_found", `There is no dataset ${name}. ${known}.`);
  }

  async find(name: string): Promise<Table | undefined> {
    const pointer = await this.#pointers.pointer(name);
    return pointer === undefined ? undefined : this.#load(pointer);
  }

  /** Tables by name after `after`, at most `limit`. */
  async list(after: string, limit: number): Promise<Table[]> {
    const tables = await Promise.all(
      (await this.#pointers.list(after, limit)).map((pointer) => this.#load(pointer)),
    );
    return tables.filter((table) => table !== undefined);
  }

  /** Undefined when the table was dropped since its row was read. */
  async #load({ name, prefix, version }: Pointer): Promise<Table | undefined> {
    const cached = this.#parsed.get(prefix);
    if (cached?.version === version) return cached;
    // It may have been changed since, or dropped and made again in another folder: all of one row counts.
    const row = await this.#pointers.row(name);
    if (row === undefined) return undefined;
    const table: Table = {
      name,
      prefix: row.prefix,
      version: row.version,
      metadata: parseMetadata(await this.#metadataText(row)),
    };
    this.#parsed.set(table.prefix, table);
    return table;
  }

  /** A row that is damaged is read from the file that was written before it; the next commit repairs it. */
  async #metadataText(row: Row): Promise<string> {
    if (row.whole) return row.text;
    const key = metadataKey(row.prefix, row.version);
    const copy = await readText(this.#deps.storage, key);
    if (copy !== undefined && (copy === row.text || row.vouchesFor(copy))) return copy;
    throw new Fault(
      "internal",
      `The metadata of ${row.name} is damaged, in the catalog's database and in object ${key}: the checksum is wrong. Restore one of them.`,
    );
  }

  /**
   * Makes a table, or changes one. `change` is called with the table as it is (undefined when there is none)
   * and again whenever another writer came first; undefined from it means that nothing is to be done.
   */
  async commit(
    name: string,
    change: (table: Table | undefined, place: Place) => Promise<Change | undefined>,
  ): Promise<Table> {
    return this.#inTurn(name, async () => {
      for (let tries = 0; tries < SWAP_TRIES_MAX; tries += 1) {
        const before = await this.find(name);
        const place = await this.placeFor(name, before);
        const wanted = await change(before, place);
        if (wanted === undefined) {
          assert(before !== undefined, "a commit that changes nothing has a table");
          return before;
        }
        const after = await this.#store(name, place, before, wanted);
        if (after !== undefined) return after;
      }
      throw new Fault("conflict", `${name} is being changed by others all the time. Try again.`, {
        retryAfterMs: 500,
      });
    });
  }

  /** Commits of one process to one table come one after another; between processes the swap decides. */
  async #inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(name) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#turns.set(name, mine);
    try {
      return await mine;
    } finally {
      if (this.#turns.get(name) === mine) this.#turns.delete(name);
    }
  }

  /** Where a table has its files, or will have them once it is made. */
  async placeFor(name: string, table: Table | undefined): Promise<Place> {
    if (table !== undefined) return this.placeOf(table);
    const { storage, baseUri } = this.#deps;
    for (let folders = 0; folders < FOLDERS_MAX; folders += 1) {
      const generation = await this.#pointers.generation(name);
      const place = await freshPlace(storage, baseUri, name, generation);
      if (place !== undefined) return place;
      const made = await this.#pointers.pointer(name);
      if (made !== undefined) return this.placeOf(made);
      // Made and dropped in this moment, by another process: its next folder is tried.
      if ((await this.#pointers.generation(name)) !== generation) continue;
      throw new Fault(
        "internal",
        `Storage holds a table ${name} that the catalog does not know, and it will not be overwritten. Run: lakehouse repair`,
      );
    }
    throw new Fault("conflict", `${name} is being made and dropped by others all the time. Try again.`);
  }

  placeOf({ name, prefix }: Pointer): Place {
    return new Place(this.#deps.baseUri, name, prefix);
  }

  /** Stores a change and makes it current; undefined when another writer was first. */
  async #store(
    name: string,
    place: Place,
    before: Table | undefined,
    change: Change,
  ): Promise<Table | undefined> {
    const { storage } = this.#deps;
    const { prefix } = place;
    if (change.commit !== undefined) {
      const files = [...change.commit.manifests, change.commit.list];
      await Promise.all(files.map(({ path, bytes }) => this.#files.put(place, path, bytes)));
    }
    for (
      let version = (before?.version ?? 0) + 1, orphans = 0;
      orphans < ORPHANS_MAX;
      version += 1, orphans += 1
    ) {
      const logged =
        before === undefined
          ? change.metadata
          : logMetadata(
              change.metadata,
              before.metadata,
              place.uri(`metadata/v${before.version}.metadata.json`),
            );
      const { metadata, moved, page } = trimHistory(logged, place);
      if (page !== undefined) {
        await this.#files.put(place, page.path, page.bytes);
        await this.#pointers.rememberCommits(prefix, moved.flatMap(commitsOf));
      }
      const text = printMetadata(metadata);
      const key = metadataKey(prefix, version);
      try {
        await storage.put({ key, body: bytesOf(text), if_none_match: "*" });
      } catch (error) {
        // Another writer stored this version and either swaps it in just now or died before; the row will tell.
        if (error instanceof Fault && error.code === "conflict") continue;
        throw error;
      }
      if (!(await this.#pointers.swap(name, place, before, version, text))) {
        // One that stays was never current: later commits pass over it, and maintenance removes it.
        await storage
          .remove({ key })
          .catch((error: unknown) => this.#deps.failures.note("removal of metadata", error, { key }));
        return undefined;
      }
      const table: Table = { name, prefix, version, metadata };
      this.#parsed.set(prefix, table);
      const unlogged = leftTheLog(before?.metadata, metadata).map((uri) => place.keyOf(uri));
      this.#after.add(prefix, { version, unlogged });
      // By its hint a folder is known to hold a table, also when the database is lost.
      if (before === undefined) await this.#after.settled(prefix);
      return table;
    }
    throw new Fault("conflict", `${name} has too many metadata files of commits that never ended.`);
  }

  /** The snapshot that a commit made, by the commit's id, also when it is long ago. */
  async committedBy(table: Table, commitId: string): Promise<Long | undefined> {
    const recent = table.metadata.snapshots.findLast((one) => commitIdsOf(one).includes(commitId));
    return recent?.["snapshot-id"] ?? (await this.#pointers.pastCommit(table.prefix, commitId));
  }

  historyPages(table: Table): ReturnType<History["pages"]> {
    return this.#history.pages(this.placeOf(table), table.metadata);
  }

  /** Forgets the commits of snapshots that expired: what they loaded may be loaded again. */
  forgetCommits(table: Table, snapshotIds: readonly Long[]): Promise<void> {
    return this.#pointers.forgetCommits(table.prefix, snapshotIds);
  }

  newestFirst(table: Table): AsyncGenerator<Snapshot> {
    return this.#history.newestFirst(this.placeOf(table), table.metadata);
  }

  /** Snapshots that the metadata has no room for any more. */
  findInHistory(table: Table, fits: (snapshot: Snapshot) => boolean): Promise<Snapshot | undefined> {
    return this.#history.find(this.placeOf(table), table.metadata, fits);
  }

  historyAt(table: Table, timeMs: number): Promise<Snapshot | undefined> {
    return this.#history.at(this.placeOf(table), table.metadata, timeMs);
  }

  async drop(name: string): Promise<Table> {
    return this.#inTurn(name, async () => {
      const table = await this.get(name);
      await this.#pointers.drop(table);
      this.#parsed.delete(table.prefix);
      this.#files.forget(this.placeOf(table));
      // A hint that came later would make a reader take the folder for a table.
      await this.#after.settled(table.prefix);
      await retire(this.#deps.storage, table.prefix, printMetadata(table.metadata));
      return table;
    });
  }

  /** The rows of a snapshot's manifest list. */
  async manifests(table: Table, snapshot: Snapshot | undefined): Promise<ManifestFile[]> {
    const list = snapshot?.["manifest-list"];
    if (list === undefined) return [];
    return this.#present(table, list, (place) => this.#files.manifests(place, list));
  }

  async manifest(table: Table, listed: ManifestFile): Promise<Manifest> {
    return this.#present(table, listed.manifest_path, (place) => this.#files.manifest(place, listed));
  }

  /** A file that is not there is one of a table dropped meanwhile, or a loss. */
  async #present<T>(table: Table, uri: string, read: (place: Place) => Promise<T>): Promise<T> {
    const place = this.placeOf(table);
    try {
      return await read(place);
    } catch (thrown) {
      if (!(thrown instanceof Fault) || thrown.code !== "not_found") throw thrown;
      if ((await this.#pointers.pointer(table.name))?.prefix !== table.prefix) {
        throw new Fault("not_found", `The dataset ${table.name} was dropped meanwhile.`, { cause: thrown });
      }
      const message = `Object ${place.keyOf(uri)} of dataset ${table.name} is missing from storage. Restore it.`;
      throw new Fault("internal", message, { cause: thrown });
    }
  }
}

export function commitsOf(snapshot: Snapshot): PastCommit[] {
  const snapshotId = snapshot["snapshot-id"];
  return commitIdsOf(snapshot).map((commitId) => ({ commitId, snapshotId }));
}

/** A folder for a new table; undefined when it holds a table that was made current. */
async function freshPlace(
  store: TablesDeps["storage"],
  baseUri: string,
  name: string,
  generation: number,
): Promise<Place | undefined> {
  // Usually the first: a folder further on is needed where the count of drops is behind what was dropped.
  for (let folder = generation; folder < generation + FOLDERS_MAX; folder += 1) {
    const place = Place.ofNewTable(baseUri, name, folder, generation);
    if ((await readText(store, hintKey(place.prefix))) !== undefined) return undefined;
    if (!(await wasDropped(store, place.prefix))) return place;
  }
  throw new Fault("conflict", `${name} was dropped too often and its files kept: drop it with purge=true.`);
}

/** Metadata files that were in the log and are not any more. */
function leftTheLog(before: TableMetadata | undefined, after: TableMetadata): string[] {
  const kept = new Set(after["metadata-log"].map((entry) => entry["metadata-file"]));
  const logged = before?.["metadata-log"] ?? [];
  return logged.map((entry) => entry["metadata-file"]).filter((file) => !kept.has(file));
}

// Tables and their commits. The row in the catalog's database is the truth for which metadata is current; the
// metadata files in the object store are written first, so that a table can be read from its files alone. A
// commit computes new metadata from the current one, stores it under a new name, and swaps the row only if
// nobody else did meanwhile; if somebody did, it is computed again on what they left.

import { LRUCache } from "lru-cache";
import { bytesOf, readAll } from "#adapters/objects/objects";
import type { State } from "#adapters/state";
import type { storage } from "#contracts/storage";
import { assert } from "#lib/assert";
import type { Clock } from "#lib/clock";
import type { Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import type { Commit } from "./iceberg/commit.ts";
import { decodeManifestList, type ManifestFile } from "./iceberg/manifest-list.ts";
import { decodeManifest, type Manifest } from "./iceberg/manifest.ts";
import { parseMetadata, printMetadata, type Snapshot, type TableMetadata } from "./iceberg/metadata.ts";
import { logMetadata } from "./iceberg/table-changes.ts";
import { holdsSeal, rowSeal, sealed, unsealed } from "./seal.ts";

export interface Table {
  readonly name: string;
  /** Counts metadata files, from 1. */
  readonly version: number;
  /** Storage key prefix of everything the table has, ending in `/`. */
  readonly prefix: string;
  readonly metadata: TableMetadata;
}

/** What a commit does to the metadata; `commit` brings manifests that must be stored first. */
export interface Change {
  readonly metadata: TableMetadata;
  readonly commit?: Commit;
}

export interface TablesDeps {
  readonly state: State;
  readonly storage: Service<typeof storage>;
  readonly clock: Clock;
  /** The address of an object: this and its key. */
  readonly baseUri: string;
}

/** Losing the swap so often in a row means that something else is wrong. */
const SWAP_TRIES_MAX = 50;
/** Names of metadata files that crashed commits left behind. */
const ORPHANS_MAX = 100;
const TABLES_CACHED_MAX = 500;
const MANIFESTS_CACHED_BYTES_MAX = 32 * 1024 * 1024;

const SCHEMA = [
  `create table if not exists tables (
    name text primary key,
    prefix text not null,
    version integer not null,
    metadata text not null
  )`,
  // How often a name was dropped: its next table starts in a folder of its own, whatever the old one left.
  `create table if not exists generations (
    name text primary key,
    generation integer not null
  )`,
];

export class Tables {
  readonly #deps: TablesDeps;
  /** Parsed metadata by prefix; an earlier version than the row's is never asked for again. */
  readonly #parsed = new LRUCache<string, Table>({ max: TABLES_CACHED_MAX });
  /** Manifests and lists never change once written. */
  readonly #objects = new LRUCache<string, Uint8Array>({
    maxSize: MANIFESTS_CACHED_BYTES_MAX,
    sizeCalculation: (bytes) => bytes.byteLength + 1,
  });
  readonly #turns = new Map<string, Promise<unknown>>();

  private constructor(deps: TablesDeps) {
    this.#deps = deps;
  }

  static async open(deps: TablesDeps): Promise<Tables> {
    for (const statement of SCHEMA) await deps.state.run(statement);
    return new Tables(deps);
  }

  /** The table as it is now. Throws `not_found` and names those that are there. */
  async get(name: string): Promise<Table> {
    const table = await this.find(name);
    if (table !== undefined) return table;
    const names = (await this.#deps.state.all("select name from tables order by name limit 20")).map(
      (row) => row["name"],
    );
    const known =
      names.length === 0
        ? "There are none yet; load one with: lakehouse ingest"
        : `Known: ${names.join(", ")}`;
    throw new Fault("not_found", `There is no dataset ${name}. ${known}.`);
  }

  async find(name: string): Promise<Table | undefined> {
    const [row] = await this.#deps.state.all("select name, prefix, version from tables where name = $1", [
      name,
    ]);
    return row === undefined ? undefined : this.#load(row);
  }

  /** Tables by name after `after`, at most `limit`. */
  async list(after: string, limit: number): Promise<Table[]> {
    const rows = await this.#deps.state.all(
      "select name, prefix, version from tables where name > $1 order by name limit $2",
      [after, limit],
    );
    const tables = await Promise.all(rows.map((row) => this.#load(row)));
    return tables.filter((table) => table !== undefined);
  }

  /** Undefined when the table was dropped since its row was read. */
  async #load(row: Readonly<Record<string, unknown>>): Promise<Table | undefined> {
    const { name, prefix, version } = row as { name: string; prefix: string; version: number };
    const cached = this.#parsed.get(prefix);
    if (cached?.version === version) return cached;
    // It may have been changed since, or dropped and made anew in another folder: all of one row counts.
    const [full] = await this.#deps.state.all(
      "select prefix, version, metadata from tables where name = $1",
      [name],
    );
    if (full === undefined) return undefined;
    const table: Table = {
      name,
      prefix: String(full["prefix"]),
      version: Number(full["version"]),
      metadata: parseMetadata(await this.#metadataText(name, full as unknown as Row)),
    };
    this.#parsed.set(table.prefix, table);
    return table;
  }

  /** A row that is damaged is read from the file that was written before it; the next commit mends it. */
  async #metadataText(name: string, { prefix, version, metadata }: Row): Promise<string> {
    const { text, seal } = unsealed(metadata);
    if (seal === undefined || seal === rowSeal(name, prefix, version, text)) return text;
    const key = metadataKey(prefix, version);
    const copy = await this.#fetch(key).then(
      (bytes) => Buffer.from(bytes).toString(),
      () => "",
    );
    if (copy === text || seal === rowSeal(name, prefix, version, copy)) return copy;
    throw new Fault(
      "internal",
      `The metadata of ${name} is damaged, in the catalog's database and in object ${key}: the checksum is wrong. Restore one of them.`,
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
    const [row] = await this.#deps.state.all("select generation from generations where name = $1", [name]);
    const generation = Number(row?.["generation"] ?? 0);
    const folder = generation === 0 ? name : `${name}.${generation}`;
    return new Place(this.#deps.baseUri, `warehouse/${folder}/`, generation);
  }

  placeOf({ prefix }: Table): Place {
    return new Place(this.#deps.baseUri, prefix);
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
      for (const { path, bytes } of [...change.commit.manifests, change.commit.list]) {
        await storage.put({ key: place.keyOf(path), body: bytesOf(bytes) });
        this.#objects.set(path, bytes);
      }
    }
    for (
      let version = (before?.version ?? 0) + 1, orphans = 0;
      orphans < ORPHANS_MAX;
      version += 1, orphans += 1
    ) {
      const metadata =
        before === undefined
          ? change.metadata
          : logMetadata(
              change.metadata,
              before.metadata,
              place.uri(`metadata/v${before.version}.metadata.json`),
            );
      const text = printMetadata(metadata);
      const key = metadataKey(prefix, version);
      try {
        await storage.put({ key, body: bytesOf(text), if_none_match: "*" });
      } catch (error) {
        // Somebody wrote this version and either swaps it in just now or died before; the row will tell.
        if (error instanceof Fault && error.code === "conflict") continue;
        throw error;
      }
      const swapped = await this.#swap(name, place, before, version, text);
      if (!swapped) {
        await storage.remove({ key }).catch(() => undefined);
        return undefined;
      }
      const table: Table = { name, prefix, version, metadata };
      this.#parsed.set(prefix, table);
      // Only a hint for readers without a catalog: a commit does not fail for it.
      await storage
        .put({ key: `${prefix}metadata/version-hint.text`, body: bytesOf(String(version)) })
        .catch(() => undefined);
      // Each metadata file tells of all snapshots, so that keeping every one of them would fill the disk.
      for (const uri of forgotten(before?.metadata, metadata)) {
        await storage.remove({ key: place.keyOf(uri) }).catch(() => undefined);
      }
      return table;
    }
    throw new Fault("conflict", `${name} has too many metadata files of commits that never ended.`);
  }

  async #swap(
    name: string,
    { prefix, generation }: Place,
    before: Table | undefined,
    version: number,
    text: string,
  ): Promise<boolean> {
    const { state } = this.#deps;
    const stored = sealed(text, rowSeal(name, prefix, version, text));
    // A name that was taken and dropped meanwhile has another folder now: whoever dropped it may be emptying the
    // one that was looked up.
    const changed =
      before === undefined
        ? await state.run(
            `insert into tables (name, prefix, version, metadata) select $1, $2, $3, $4
              where coalesce((select generation from generations where name = $1), 0) = $5
              on conflict (name) do nothing`,
            [name, prefix, version, stored, generation],
          )
        : await state.run(
            "update tables set version = $3, metadata = $4 where name = $1 and prefix = $2 and version = $5",
            [name, prefix, version, stored, before.version],
          );
    return changed === 1;
  }

  async drop(name: string): Promise<Table> {
    return this.#inTurn(name, async () => {
      const table = await this.get(name);
      const { state } = this.#deps;
      await state.run(
        "insert into generations (name, generation) values ($1, 1) on conflict (name) do update set generation = generations.generation + 1",
        [name],
      );
      await state.run("delete from tables where name = $1 and prefix = $2", [name, table.prefix]);
      this.#forget(table);
      return table;
    });
  }

  /** Nobody asks for what a dropped table had, whose name will have another prefix. */
  #forget(table: Table): void {
    this.#parsed.delete(table.prefix);
    const start = this.placeOf(table).uri("");
    for (const uri of this.#objects.keys()) if (uri.startsWith(start)) this.#objects.delete(uri);
  }

  /** The rows of a snapshot's manifest list. */
  async manifests(table: Table, snapshot: Snapshot | undefined): Promise<ManifestFile[]> {
    const list = snapshot?.["manifest-list"];
    return list === undefined ? [] : decodeManifestList(await this.#read(table, list));
  }

  async manifest(table: Table, listed: ManifestFile): Promise<Manifest> {
    const bytes = await this.#read(table, listed.manifest_path);
    // A file cut between two blocks decodes, with fewer entries; the list knows how long it was.
    if (bytes.byteLength !== listed.manifest_length) {
      throw new Fault(
        "internal",
        `${listed.manifest_path} is damaged: it has ${bytes.byteLength} bytes of ${listed.manifest_length}. Restore it.`,
      );
    }
    return decodeManifest(bytes, listed);
  }

  async #read(table: Table, uri: string): Promise<Uint8Array> {
    const cached = this.#objects.get(uri);
    if (cached !== undefined) return cached;
    const key = this.placeOf(table).keyOf(uri);
    const bytes = await this.#fetch(key).catch(async (thrown: unknown) => {
      if (!(thrown instanceof Fault) || thrown.code !== "not_found") throw thrown;
      if ((await this.find(table.name))?.prefix !== table.prefix) {
        throw new Fault("not_found", `The dataset ${table.name} was dropped meanwhile.`, { cause: thrown });
      }
      const message = `Object ${key} of dataset ${table.name} is missing from storage. Restore it.`;
      throw new Fault("internal", message, { cause: thrown });
    });
    if (!holdsSeal(key, bytes)) {
      throw new Fault(
        "internal",
        `Object ${key} of dataset ${table.name} is damaged: its checksum is wrong. Restore it.`,
      );
    }
    this.#objects.set(uri, bytes);
    return bytes;
  }

  async #fetch(key: string): Promise<Uint8Array> {
    const { body } = await this.#deps.storage.get({ key });
    if (!(body instanceof ReadableStream)) throw new Fault("internal", `Object ${key} has no content.`);
    return readAll(body);
  }
}

/** Metadata files that were in the log and are not any more. */
function forgotten(before: TableMetadata | undefined, after: TableMetadata): string[] {
  const kept = new Set(after["metadata-log"].map((entry) => entry["metadata-file"]));
  const logged = before?.["metadata-log"] ?? [];
  return logged.map((entry) => entry["metadata-file"]).filter((file) => !kept.has(file));
}

interface Row {
  readonly prefix: string;
  readonly version: number;
  /** With its seal. */
  readonly metadata: string;
}

function metadataKey(prefix: string, version: number): string {
  return `${prefix}metadata/v${version}.metadata.json`;
}

/** Between a table's files as readers address them and their keys in storaged. */
export class Place {
  readonly #baseUri: string;
  readonly prefix: string;
  /** How often the name had been dropped when this place was looked up; only a table not yet made has need of it. */
  readonly generation: number;

  constructor(baseUri: string, prefix: string, generation = 0) {
    this.#baseUri = baseUri;
    this.prefix = prefix;
    this.generation = generation;
  }

  get location(): string {
    return (this.#baseUri + encodeURI(this.prefix)).replace(/\/$/, "");
  }

  uri(path: string): string {
    return `${this.location}/${encodeURI(path)}`;
  }

  uriOfKey(key: string): string {
    return this.#baseUri + encodeURI(key);
  }

  /** A folder that was moved has another address than the one its files were written under: what follows the prefix counts. */
  keyOf(uri: string): string {
    const path = decodeURI(uri);
    const at = path.lastIndexOf(this.prefix);
    assert(at !== -1, `${uri} lies outside the table`);
    return path.slice(at);
  }
}

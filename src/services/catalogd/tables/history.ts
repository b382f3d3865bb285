// The past of a table beyond its newest snapshots. Every metadata file lists all snapshots that it has, so a table of
// ten thousand commits would write megabytes with each; here the metadata keeps the newest, and those that a tag or a
// branch names, and older ones move to pages: immutable files of some fifty snapshots each, that name the page before.
// Other engines see the newest snapshots; we see all of them.
//
// Expired snapshots are below the table's floor, a sequence number: what a page says of them does not count, and pages
// that hold nothing else are never read again.

import { LRUCache } from "lru-cache";
import { Fault } from "#rpc/fault";
import { type Snapshot, snapshotById, type TableMetadata } from "../iceberg/metadata/metadata.ts";
import { removeSnapshots } from "../iceberg/metadata/snapshots.ts";
import { parseJson, printJson } from "../iceberg/types/json.ts";
import type { Long } from "../iceberg/types/long.ts";
import { checksummedJson, matchesName } from "./checksum.ts";
import type { TableFiles } from "./files.ts";
import type { Place } from "./place.ts";

/** Properties of a table: the address of its newest page, and the floor. */
const PAGE = "lakehouse.history";
const FLOOR = "lakehouse.history-floor";

/** Past so many a page is written; a commit writes and parses as many at most. */
const SNAPSHOTS_MAX = 100;
/** So many of the newest stay, for readers that know no pages. */
const SNAPSHOTS_KEPT = 50;
/** Some 25 KiB each. */
const PAGES_CACHED_MAX = 500;
/** At fifty a page: far beyond what a table keeps, and an end to pages that name each other. */
const PAGES_MAX = 100_000;

interface Page {
  readonly previous: string | null;
  /** In the order of their sequence numbers. */
  readonly snapshots: readonly Snapshot[];
  /** Which of them was current when. */
  readonly log: TableMetadata["snapshot-log"];
}

export interface Trimmed {
  readonly metadata: TableMetadata;
  /** To be stored before the metadata. */
  readonly page?: { readonly path: string; readonly bytes: Uint8Array };
  readonly moved: readonly Snapshot[];
}

/** Moves old snapshots to a page when there are too many. */
export function trimHistory(metadata: TableMetadata, place: Place): Trimmed {
  if (metadata.snapshots.length <= SNAPSHOTS_MAX) return { metadata, moved: [] };
  const named = new Set(Object.values(metadata.refs).map((ref) => ref["snapshot-id"]));
  const older = metadata.snapshots
    .toSorted((a, b) => a["sequence-number"] - b["sequence-number"])
    .slice(0, -SNAPSHOTS_KEPT);
  const moved = older.filter((snapshot) => !named.has(snapshot["snapshot-id"]));
  // Where nearly all are tagged there is nothing to gain.
  if (moved.length === 0) return { metadata, moved: [] };
  const ids = new Set(moved.map((snapshot) => snapshot["snapshot-id"]));
  const rest = removeSnapshots(metadata, ids, metadata["last-updated-ms"]);
  const dropped = metadata["snapshot-log"].length - rest["snapshot-log"].length;
  const page: Page = {
    previous: metadata.properties[PAGE] ?? null,
    snapshots: moved,
    log: metadata["snapshot-log"].slice(0, dropped),
  };
  const bytes = Buffer.from(printJson(page));
  const path = place.uri(checksummedJson("metadata/history", bytes));
  return {
    metadata: { ...rest, properties: { ...rest.properties, [PAGE]: path } },
    page: { path, bytes },
    moved,
  };
}

export function floorOf(metadata: TableMetadata): number {
  return Number(metadata.properties[FLOOR] ?? 0);
}

/** Expires all snapshots of the pages whose sequence number is lower. */
export function raiseFloor(metadata: TableMetadata, floor: number): TableMetadata {
  if (floor <= floorOf(metadata)) return metadata;
  return { ...metadata, properties: { ...metadata.properties, [FLOOR]: String(floor) } };
}

/** Brings a snapshot of a page back into the metadata, so that a branch or a tag can name it. */
export function withSnapshot(metadata: TableMetadata, snapshot: Snapshot): TableMetadata {
  if (snapshotById(metadata, snapshot["snapshot-id"]) !== undefined) return metadata;
  const snapshots = [...metadata.snapshots, snapshot].toSorted(
    (a, b) => a["sequence-number"] - b["sequence-number"],
  );
  return { ...metadata, snapshots };
}

export class History {
  readonly #files: TableFiles;
  readonly #pages = new LRUCache<string, Page>({ max: PAGES_CACHED_MAX });

  constructor(files: TableFiles) {
    this.#files = files;
  }

  /** The pages of a table with their addresses, newest first, down to its floor. */
  async *pages(place: Place, metadata: TableMetadata): AsyncGenerator<{ uri: string; page: Page }> {
    const floor = floorOf(metadata);
    let uri: string | null | undefined = metadata.properties[PAGE];
    for (let read = 0; read < PAGES_MAX && uri != null; read += 1) {
      const page: Page = await this.#page(place, uri);
      const snapshots = page.snapshots.filter((snapshot) => snapshot["sequence-number"] >= floor);
      if (snapshots.length === 0) return;
      yield { uri, page: { ...page, snapshots } };
      uri = page.previous;
    }
  }

  /** All snapshots, newest first, each once. */
  async *newestFirst(place: Place, metadata: TableMetadata): AsyncGenerator<Snapshot> {
    const seen = new Set<Long>();
    const recent = metadata.snapshots.toSorted((a, b) => b["sequence-number"] - a["sequence-number"]);
    const once = function* (snapshot: Snapshot): Generator<Snapshot> {
      if (!seen.has(snapshot["snapshot-id"])) yield snapshot;
      seen.add(snapshot["snapshot-id"]);
    };
    let next = 0;
    for await (const { page } of this.pages(place, metadata)) {
      for (const paged of page.snapshots.toReversed()) {
        for (; next < recent.length; next += 1) {
          const snapshot = recent[next];
          if (snapshot === undefined || snapshot["sequence-number"] < paged["sequence-number"]) break;
          yield* once(snapshot);
        }
        yield* once(paged);
      }
    }
    for (const snapshot of recent.slice(next)) yield* once(snapshot);
  }

  /** The newest snapshot of the pages that fits. */
  async find(
    place: Place,
    metadata: TableMetadata,
    fits: (snapshot: Snapshot) => boolean,
  ): Promise<Snapshot | undefined> {
    for await (const { page } of this.pages(place, metadata)) {
      const found = page.snapshots.findLast(fits);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The snapshot of the pages that was current at a time. */
  async at(place: Place, metadata: TableMetadata, timeMs: number): Promise<Snapshot | undefined> {
    for await (const { page } of this.pages(place, metadata)) {
      const entry = page.log.findLast((logged) => logged["timestamp-ms"] <= timeMs);
      if (entry === undefined) continue;
      const id = entry["snapshot-id"];
      return (
        snapshotById(metadata, id) ?? this.find(place, metadata, (snapshot) => snapshot["snapshot-id"] === id)
      );
    }
    return undefined;
  }

  async #page(place: Place, uri: string): Promise<Page> {
    const kept = this.#pages.get(uri);
    if (kept !== undefined) return kept;
    const key = place.keyOf(uri);
    const bytes = await this.#files.fetch(key);
    if (!matchesName(key, bytes)) {
      throw new Fault(
        "internal",
        `Object ${key} of dataset ${place.name} is damaged: its checksum is wrong. Restore it.`,
      );
    }
    const page = parseJson(Buffer.from(bytes).toString()) as Page;
    this.#pages.set(uri, page);
    return page;
  }
}

// From the names in a statement to views over files: the catalog says which files a dataset has at a
// snapshot, storage says where they lie. A snapshot never changes, so what was worked out for it is kept;
// only which snapshot is the current one is looked up in the catalog each time.

import type { SnapshotId } from "#contracts/shapes";
import { LRUCache } from "lru-cache";
import { readSchema } from "#adapters/duckdb-columns";
import { OWNED_DATASETS } from "#contracts/owned-datasets";
import type { catalog, Dataset } from "#contracts/catalog";
import { REJECT_COLUMNS, rejectsOf } from "#contracts/rejects";
import type { storage } from "#contracts/storage";
import type { Call } from "#rpc/call";
import type { OutputOf, Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import type { ListedDataset, View } from "./engine/contract.ts";
import { nearest } from "#lib/nearest";
import type { ObjectCache } from "./object-cache.ts";

type Scan = OutputOf<typeof catalog.scan>;
export type At = Readonly<Record<string, number | string>>;

/** A snapshot of a dataset, and where its files lie. */
export interface Place {
  readonly snapshotId: SnapshotId | null;
  readonly view: View;
  /** Differs whenever `view` does. */
  readonly id: string;
  /** True when an engine has compared all checksums. */
  verified: boolean;
}

/** One dataset as one statement sees it. */
export interface Pinned {
  /** Its name, and `name@version` for one that is read AT a version. */
  readonly label: string;
  /** Of the view, where the statement reads the dataset AT a version. */
  readonly schema?: string;
  readonly place: Place;
  /** Differs whenever the view does. */
  readonly id: string;
}

/** What a statement reads. */
export interface Reads {
  readonly tables: readonly string[];
  readonly versions: readonly { readonly schema: string; readonly table: string; readonly at: string }[];
}

export interface Snapshots {
  /** The datasets of a statement, in the order of `tables`, then of `versions`. */
  pin(reads: Reads, at: At, call: Call): Promise<Pinned[]>;
  /** Forgets where files lie: one of them was not there any more. */
  forget(pinned: readonly Pinned[]): void;
  /** All datasets with their columns. */
  listed(call: Call): Promise<ListedDataset[]>;
  /** Names of all datasets, sorted. */
  names(call: Call): Promise<string[]>;
}

/** A dataset of a thousand files is about 200 KiB of paths. */
const PINNED_MAX = 128;
/** Objects that are located at once. */
const LOCATE_MAX = 16;
const PAGE = 1000;
/** Names that SHOW TABLES lists at most. */
const NAMES_MAX = 100_000;
/** Datasets that `information_schema` shows at most: an engine makes a table of each, in a fifth of a millisecond. */
const LISTED_MAX = 10_000;

/** The rejects table of a dataset that never had any. */
const NOTHING_REJECTED: Scan = {
  snapshot_id: null,
  columns: REJECT_COLUMNS.map((column, index) => ({ ...column, id: index + 1, nullable: true })),
  files: [],
};

export function snapshots(
  catalogd: Service<typeof catalog>,
  storaged: Service<typeof storage>,
  cache: ObjectCache,
): Snapshots {
  const kept = new LRUCache<string, Place>({ max: PINNED_MAX });
  let made = 0;

  const each = async (call: Call, max: number, visit: (dataset: Dataset) => void): Promise<boolean> => {
    let cursor: string | undefined;
    for (let seen = 0; seen < max;) {
      const page = await catalogd.datasets(
        { limit: Math.min(PAGE, max - seen), ...(cursor === undefined ? {} : { cursor }) },
        call,
      );
      page.datasets.forEach(visit);
      seen += page.datasets.length;
      cursor = page.next_cursor;
      if (cursor === undefined) return true;
    }
    return false;
  };

  const names = async (call: Call): Promise<string[]> => {
    const all: string[] = [];
    await each(call, NAMES_MAX, ({ name }) => all.push(name));
    return all.sort();
  };

  /** SQL names fold case, the catalog's do not: what is not there as written may be there otherwise. */
  const scan = async (table: string, at: At, call: Call): Promise<[name: string, Scan]> => {
    const given = (name: string): { at?: number | string } => {
      const found = Object.entries(at).find(([key]) => key.toLowerCase() === name.toLowerCase());
      return found === undefined ? {} : { at: found[1] };
    };
    try {
      return [table, await catalogd.scan({ dataset: table, ...given(table) }, call)];
    } catch (thrown) {
      if (!(thrown instanceof Fault) || thrown.code !== "not_found") throw thrown;
      const known = await names(call);
      if (known.includes(table)) throw thrown;
      const inAnyCase = (wanted: string): string | undefined =>
        known.find((name) => name.toLowerCase() === wanted.toLowerCase());
      const folded = inAnyCase(table);
      if (folded === undefined) {
        const dataset = inAnyCase(rejectsOf(table.toLowerCase()) ?? "");
        if (dataset !== undefined && given(table).at === undefined)
          return [`${dataset}$rejects`, NOTHING_REJECTED];
        throw unknownDataset(table, known);
      }
      return [folded, await catalogd.scan({ dataset: folded, ...given(folded) }, call)];
    }
  };

  const locate = async (
    dataset: string,
    file: Scan["files"][number],
    call: Call,
  ): Promise<View["files"][number]> => {
    const { key, bytes, sha256 } = file;
    try {
      const { path, etag } = await storaged.locate({ key }, call);
      if (path !== undefined) return { path, key, bytes, ...(sha256 === undefined ? {} : { sha256 }) };
      // The cache compares the checksum as it fetches.
      return { path: await cache.path({ key, etag, bytes, sha256 }, call), key, bytes };
    } catch (thrown) {
      if (!(thrown instanceof Fault) || thrown.code !== "not_found") throw thrown;
      throw new Fault(
        "internal",
        `Object ${key} of dataset ${dataset} is missing from storage. Restore it.`,
        {
          cause: thrown,
        },
      );
    }
  };

  const located = async (dataset: string, files: Scan["files"], call: Call): Promise<View["files"]> => {
    const out: View["files"] = [];
    for (let from = 0; from < files.length; from += LOCATE_MAX) {
      const some = files.slice(from, from + LOCATE_MAX).map((file) => locate(dataset, file, call));
      out.push(...(await Promise.all(some)));
    }
    return out;
  };

  const placed = async (table: string, at: At, call: Call): Promise<[name: string, Place]> => {
    const [name, found] = await scan(table, at, call);
    const schema = readSchema(found.columns);
    const masked = call.caller.masked === true ? maskedOf(name, found.columns) : [];
    const place = placeOf(name, found.snapshot_id, schema, masked);
    const known = kept.get(place);
    if (known !== undefined) return [name, known];
    const files = await located(name, found.files, call);
    made += 1;
    const fresh: Place = {
      snapshotId: found.snapshot_id,
      view: {
        name,
        columns: found.columns.map((column) => ({ id: column.id, name: column.name, type: column.type })),
        masked,
        files,
      },
      id: String(made),
      verified: false,
    };
    kept.set(place, fresh);
    return [name, fresh];
  };

  const pinTable = async (table: string, at: At, call: Call): Promise<Pinned> => {
    const [label, place] = await placed(table, at, call);
    return { label, place, id: place.id };
  };

  const pinVersion = async (
    { schema, table, at }: Reads["versions"][number],
    call: Call,
  ): Promise<Pinned> => {
    const [name, place] = await placed(table, { [table]: at }, call);
    return { label: `${name}@${at}`, schema, place, id: `${schema}:${place.id}` };
  };

  return {
    pin: ({ tables, versions }, at, call) => {
      for (const name of Object.keys(at)) {
        if (!tables.some((table) => table.toLowerCase() === name.toLowerCase())) {
          const message = `The statement does not read ${name}.`;
          throw new Fault("invalid", message, { details: [{ path: `at.${name}`, message }] });
        }
      }
      return Promise.all([
        ...tables.map((table) => pinTable(table, at, call)),
        ...versions.map((version) => pinVersion(version, call)),
      ]);
    },
    forget: (pinned) => {
      for (const { place } of pinned) {
        const { name, columns, masked } = place.view;
        kept.delete(placeOf(name, place.snapshotId, readSchema(columns), masked));
      }
    },
    listed: async (call) => {
      const all: ListedDataset[] = [];
      const whole = await each(call, LISTED_MAX, ({ name, rows, columns }) => {
        all.push({
          name,
          rows,
          columns: columns.map(({ name: column, type, nullable, doc }) => ({
            name: column,
            type,
            nullable,
            ...(doc === undefined ? {} : { doc }),
          })),
        });
      });
      if (whole) return all;
      throw new Fault(
        "rejected",
        `There are more than ${LISTED_MAX} datasets; list them with GET /v1/catalog/datasets, or with SHOW TABLES.`,
      );
    },
    names,
  };
}

/** A rename changes the schema and not the snapshot. */
function placeOf(
  name: string,
  snapshotId: SnapshotId | null,
  schema: string,
  masked: readonly string[],
): string {
  return `${name} ${snapshotId} ${schema} ${JSON.stringify(masked)}`;
}

/** Names of columns that a caller may not see who sees no personal data. Throws `forbidden` where it is in free text. */
function maskedOf(name: string, columns: Scan["columns"]): string[] {
  const folded = name.toLowerCase();
  if (Object.hasOwn(OWNED_DATASETS, folded) || folded.endsWith("$rejects")) {
    throw new Fault(
      "forbidden",
      `This key sees no personal data, and ${name} holds texts that may have some.`,
      {
        reason: "personal_data",
      },
    );
  }
  return columns.filter(({ personal }) => personal !== undefined).map((column) => column.name);
}

function unknownDataset(table: string, known: readonly string[]): Fault {
  const near = nearest(table, known);
  const hint = Object.hasOwn(OWNED_DATASETS, table.toLowerCase())
    ? "The house itself writes it, some moments after there is something to write."
    : near.length > 0
      ? `Did you mean ${near.join(" or ")}?`
      : known.length === 0
        ? "There are no datasets yet; load one first."
        : "SHOW TABLES lists what there is.";
  return new Fault("not_found", `There is no dataset ${table}. ${hint}`);
}

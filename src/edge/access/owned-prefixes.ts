// What services keep for themselves. A table whose files are changed from outside is a broken table, and a dataset that
// follows from a journal says nothing when others write to it. Calls from outside may read there and nothing else,
// whatever their key. Services reach each other without passing the edge, so they are not meant.

import { catalog } from "#contracts/catalog";
import { OWNED_DATASETS } from "#contracts/owned-datasets";
import { OWNED_PREFIXES, storage } from "#contracts/storage";
import type { AnyOp } from "#rpc/contract";
import { planPath, readPath } from "#rpc/path";
import type { RouteTraits } from "#rpc/route";
import type { Caller } from "#rpc/call";
import { Denied } from "./denied.ts";

/** Throws `forbidden` for a request of an operation that changes an object under an owned prefix, or an owned dataset. */
export type CheckKey = (url: string, caller: Caller) => void;

const CHANGING: ReadonlyMap<string, AnyOp> = new Map<string, AnyOp>([
  ["storaged.put", storage.put],
  ["storaged.remove", storage.remove],
]);

/** Where an operation that changes rows or columns has the dataset's name. */
const CHANGING_ROWS: ReadonlyMap<string, (url: string) => string | undefined> = new Map([
  ["catalogd.append", inPath(catalog.append)],
  ["catalogd.schema", inPath(catalog.schema)],
  ["ingestd.ingest", inQuery],
  ["ingestd.ingestEvents", inQuery],
]);

function inPath({ path }: AnyOp): (url: string) => string | undefined {
  const plan = planPath(path);
  return (url) => readPath(plan, url)["dataset"];
}

function inQuery(url: string): string | undefined {
  return new URLSearchParams(url.slice(url.indexOf("?") + 1)).get("dataset") ?? undefined;
}

/** Undefined for routes that change no object by its key and no dataset by its name. */
export function keyCheckOf(route: RouteTraits): CheckKey | undefined {
  return datasetCheckOf(route) ?? objectCheckOf(route);
}

function datasetCheckOf({ name }: RouteTraits): CheckKey | undefined {
  const datasetIn = CHANGING_ROWS.get(name);
  if (datasetIn === undefined) return undefined;
  return (url, caller) => {
    // SQL folds case.
    const dataset = datasetIn(url)?.toLowerCase();
    for (const [owned, owner] of Object.entries(OWNED_DATASETS)) {
      if (dataset !== owned) continue;
      throw new Denied(
        "owned_dataset",
        `The dataset ${owned} is written by ${owner} alone: it may be read, tagged and dropped. Take another name.`,
        caller,
      );
    }
  };
}

function objectCheckOf({ name }: RouteTraits): CheckKey | undefined {
  const operation = CHANGING.get(name);
  if (operation === undefined) return undefined;
  const plan = planPath(operation.path);
  return (url, caller) => {
    // Folders of some systems take `Warehouse` for `warehouse`.
    const key = (readPath(plan, url)["key"] ?? "").toLowerCase();
    for (const [prefix, owner] of Object.entries(OWNED_PREFIXES)) {
      if (!`${key}/`.startsWith(prefix)) continue;
      throw new Denied(
        "owned_prefix",
        `Objects under ${prefix} are kept by ${owner} alone: they may be read here, and are changed through its own operations. GET /docs shows them.`,
        caller,
      );
    }
  };
}

// What services keep in the object store for themselves: a table whose files are changed from outside is a broken table.
// Calls from outside may read there and nothing else, whatever their key. Services reach storaged without passing
// the edge, so they are not meant.

import { OWNED_PREFIXES, storage } from "#contracts/storage";
import type { AnyOp } from "#rpc/contract";
import { planPath, readPath } from "#rpc/path";
import type { RouteTraits } from "#rpc/route";
import type { Caller } from "#rpc/call";
import { Denied } from "./denied.ts";

/** Throws `forbidden` for a request of an operation that changes an object under an owned prefix. */
export type CheckKey = (url: string, caller: Caller) => void;

const CHANGING: ReadonlyMap<string, AnyOp> = new Map<string, AnyOp>([
  ["storaged.put", storage.put],
  ["storaged.remove", storage.remove],
]);

/** Undefined for routes that change no object by its key. */
export function keyCheckOf({ name }: RouteTraits): CheckKey | undefined {
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

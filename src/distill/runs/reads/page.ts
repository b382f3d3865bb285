// Pages of a list whose items have names in a fixed order: a page begins behind the name that its cursor is.

import { Fault } from "#rpc/fault";

export interface Page<T> {
  readonly items: T[];
  readonly next_cursor?: string;
}

/** `read` gives an item by its name, undefined where it is none of the list. `names` are in the order of the list. */
export async function pageOf<T>(
  names: readonly string[],
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
  read: (name: string) => Promise<T | undefined>,
): Promise<Page<T>> {
  const at = cursor === undefined ? -1 : names.indexOf(cursor);
  if (cursor !== undefined && at === -1) throw wrongCursor();
  const items: T[] = [];
  for (const [n, name] of names.entries()) {
    if (n <= at) continue;
    const item = await read(name);
    if (item !== undefined) items.push(item);
    if (items.length === limit && n < names.length - 1) return { items, next_cursor: name };
  }
  return { items };
}

export function wrongCursor(): Fault {
  return new Fault("invalid", "cursor is not the next_cursor of a page of this list.", {
    details: [{ path: "cursor", message: "must be the next_cursor of a page" }],
  });
}

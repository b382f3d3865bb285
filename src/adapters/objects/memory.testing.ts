// Objects in memory: for tests of code above `Objects`, and the simplest reference of what a backend must do.
// A body is buffered whole before anything changes, so that every write is one assignment.

import { createHash } from "node:crypto";
import {
  bytesOf,
  checkKey,
  conditionFailed,
  type Listing,
  type ListOptions,
  notFound,
  type ObjectHead,
  type Objects,
  readAll,
  resolveRange,
} from "./objects.ts";

interface Stored {
  readonly head: ObjectHead;
  readonly bytes: Uint8Array;
}

export function memoryObjects(): Objects {
  const objects = new Map<string, Stored>();

  const find = (key: string): Stored => {
    const stored = objects.get(checkKey(key));
    if (stored === undefined) throw notFound(key);
    return stored;
  };

  return {
    backend: "memory",
    baseUri: "memory:///",
    put: async (key, body, { ifAbsent, ifMatch } = {}) => {
      checkKey(key);
      const bytes = await readAll(body);
      const current = objects.get(key)?.head;
      if (ifAbsent === true && current !== undefined) throw conditionFailed(key);
      if (ifMatch !== undefined && current?.etag !== ifMatch) throw conditionFailed(key);
      const etag = createHash("sha256").update(bytes).digest("hex");
      const head = { key, size: bytes.byteLength, etag, modifiedAt: Date.now() };
      objects.set(key, { head, bytes });
      return head;
    },
    get: (key, range) =>
      settle(() => {
        const { head, bytes } = find(key);
        const { first, last } = resolveRange(range, head.size);
        return { head, first, last, body: bytesOf(bytes.slice(first, last + 1)) };
      }),
    head: (key) => settle(() => find(key).head),
    remove: (key) => settle(() => void objects.delete(checkKey(key))),
    list: (options) => settle(() => list([...objects.values()], options)),
    path: () => undefined,
  };
}

async function settle<T>(work: () => T): Promise<T> {
  return work();
}

function list(stored: readonly Stored[], { prefix, delimiter, limit, cursor }: ListOptions): Listing {
  const byName = new Map<string, ObjectHead | undefined>();
  for (const { head } of stored) {
    if (!head.key.startsWith(prefix)) continue;
    const cut = delimiter === undefined ? -1 : head.key.indexOf(delimiter, prefix.length);
    if (delimiter === undefined || cut === -1) byName.set(head.key, head);
    else byName.set(head.key.slice(0, cut + delimiter.length), undefined);
  }
  const after = cursor === undefined ? Buffer.alloc(0) : Buffer.from(cursor, "base64url");
  const names = [...byName.keys()]
    .filter((name) => Buffer.compare(Buffer.from(name), after) > 0)
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const page = names.slice(0, limit);
  return {
    objects: page.flatMap((name) => byName.get(name) ?? []),
    prefixes: page.filter((name) => byName.get(name) === undefined),
    ...(names.length > limit ? { cursor: Buffer.from(page.at(-1) ?? "").toString("base64url") } : {}),
  };
}

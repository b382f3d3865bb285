// An object store for tests of vectord: storaged's contract over objects, with what a test wants to know of it.

import { bytesOf, type Objects, readAll } from "#adapters/objects/objects";
import { memoryObjects } from "#adapters/objects/memory.testing";
import { storage } from "#contracts/storage";
import type { Handlers, Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { implement, local } from "#rpc/local";

export interface TestStorage {
  readonly service: Service<typeof storage>;
  readonly handlers: Handlers<typeof storage>;
  /** Keys that were stored, in order. */
  readonly stored: string[];
  keys(): Promise<string[]>;
  /** Puts other bytes in an object's place. */
  change(key: string, changed: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array): Promise<void>;
}

export function testStorage(objects: Objects = memoryObjects()): TestStorage {
  const stored: string[] = [];
  const unused = (): never => {
    throw new Fault("unavailable", "The store of the tests does not do this.");
  };
  const handlers: Handlers<typeof storage> = {
    put: async ({ key, body, if_none_match }) => {
      const head = await objects.put(key, body, if_none_match === undefined ? {} : { ifAbsent: true });
      stored.push(key);
      return { key, size: head.size, etag: head.etag };
    },
    get: async ({ key }) => {
      const { head, body } = await objects.get(key);
      return { status: 200, headers: { "content-length": String(head.size) }, body };
    },
    list: async ({ prefix, delimiter, limit, cursor }) => {
      const page = await objects.list({ prefix, delimiter, limit, cursor });
      return {
        objects: page.objects.map(({ key, size, etag }) => ({ key, size, etag, modified_at: "" })),
        prefixes: [...page.prefixes],
        ...(page.cursor === undefined ? {} : { next_cursor: page.cursor }),
      };
    },
    remove: async ({ key }) => {
      await objects.remove(key);
      return null;
    },
    head: unused,
    locate: unused,
    adopt: unused,
    verify: unused,
    renewChecksums: unused,
    probe: unused,
  };
  return {
    service: local(implement(storage, "storaged", handlers)),
    handlers,
    stored,
    keys: async () => (await objects.list({ prefix: "", limit: 1000 })).objects.map(({ key }) => key).sort(),
    change: async (key, changed) => {
      const bytes = await readAll((await objects.get(key)).body);
      await objects.put(key, bytesOf(changed(bytes)));
    },
  };
}

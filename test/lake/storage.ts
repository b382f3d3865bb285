// A real storaged for tests, over objects in memory unless others are given, with what a test wants to know of them.

import { memoryObjects } from "#adapters/objects/memory.testing";
import { bytesOf, type Objects, readAll } from "#adapters/objects/objects";
import { storage } from "#contracts/storage";
import type { Handlers, Service } from "#rpc/contract";
import { implement, local } from "#rpc/local";
import { storaged } from "#services/storaged/service";

export interface TestStorage {
  readonly service: Service<typeof storage>;
  readonly handlers: Handlers<typeof storage>;
  /** Keys that were stored, in order. */
  readonly stored: string[];
  keys(): Promise<string[]>;
  /** Puts other bytes in an object's place. */
  change(key: string, changed: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array): Promise<void>;
}

export async function openStorage(objects: Objects = memoryObjects()): Promise<TestStorage> {
  const stored: string[] = [];
  const { handlers } = await storaged({
    objects: {
      ...objects,
      put: async (key, body, conditions) => {
        const head = await objects.put(key, body, conditions);
        stored.push(key);
        return head;
      },
    },
  });
  // What it tried the store with.
  stored.length = 0;
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

import { join } from "node:path";
import { diskObjects } from "#adapters/objects/disk/disk";
import { bytesOf, readAll } from "#adapters/objects/objects";
import { storage } from "#contracts/storage";
import type { Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { implement, local } from "#rpc/local";
import { storaged } from "#services/storaged/service";
import { contentOf, onBug, type Writer } from "./writer.ts";

export async function storageIn(folder: string): Promise<Service<typeof storage>> {
  const objects = await diskObjects(join(folder, "objects"));
  return local(implement(storage, "storaged", (await storaged({ objects })).handlers, { onBug }));
}

async function textAt(store: Service<typeof storage>, key: string): Promise<string | undefined> {
  try {
    const { body } = await store.get({ key });
    return body instanceof ReadableStream ? new TextDecoder().decode(await readAll(body)) : undefined;
  } catch (error) {
    if (error instanceof Fault && error.code === "not_found") return undefined;
    throw error;
  }
}

export const storagedWriter: Writer = {
  open: async (folder) => {
    const store = await storageIn(folder);
    return {
      step: async (n) => {
        const body = (): ReadableStream<Uint8Array> => bytesOf(contentOf(n));
        await store.put({ key: `turn/${n % 2}`, body: body() });
        await store.put({ key: `once/${n}`, body: body(), if_none_match: "*" }).catch((error: unknown) => {
          // A step that is tried again may find what its first try has left.
          if (!(error instanceof Fault) || error.code !== "conflict") throw error;
        });
      },
      close: () => Promise.resolve(),
    };
  },
  check: async (folder, acked, tried) => {
    const store = await storageIn(folder);
    const wrong: string[] = [];
    for (let n = 0; n < tried; n += 1) {
      const found = await textAt(store, `once/${n}`);
      if (found === undefined ? acked.includes(n) : found !== contentOf(n))
        wrong.push(`once/${n} is ${found === undefined ? "gone" : "torn"}`);
    }
    for (const parity of [0, 1]) {
      const last = Math.max(-1, ...acked.filter((n) => n % 2 === parity));
      const found = await textAt(store, `turn/${parity}`);
      const allowed = Array.from({ length: tried }, (_, n) => n).filter((n) => n % 2 === parity && n >= last);
      const fits = found === undefined ? last === -1 : allowed.some((n) => contentOf(n) === found);
      if (!fits) wrong.push(`turn/${parity} is not what step ${last} or a later one wrote`);
    }
    return wrong;
  },
};

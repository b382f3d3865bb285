import { join } from "node:path";
import { addKey, readKeys } from "#edge/access/key-file";
import { Fault } from "#rpc/fault";
import type { Writer } from "./writer.ts";

export const keysWriter: Writer = {
  open: (folder) =>
    Promise.resolve({
      step: async (n) => {
        await addKey(join(folder, "keys.json"), { name: `key${n}`, scope: "write" }).catch(
          (error: unknown) => {
            if (!(error instanceof Fault) || error.code !== "conflict") throw error;
          },
        );
      },
      close: () => Promise.resolve(),
    }),
  check: async (folder, acked, tried) => {
    const names = ((await readKeys(join(folder, "keys.json"))) ?? []).map(({ name }) => name);
    const wrong = acked.filter((n) => !names.includes(`key${n}`)).map((n) => `key${n} is gone`);
    if (names.length > tried) wrong.push(`there are ${names.length} keys of ${tried}`);
    return wrong;
  },
};

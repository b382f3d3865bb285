// An index of vectord on disk, with a snapshot, a graph and some writes behind them, one of whose files is
// damaged. Each reading has a copy of the folder, since an index that opens goes on writing to it.

import { cpSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createLog } from "#lib/log";
import { Fault } from "#rpc/fault";
import { openHnsw, readShape } from "#services/vectord/index-folder";
import type { VectorIndex } from "#services/vectord/vector-index";
import type { IndexShape } from "#services/vectord/rows/shape";
import type { Artefact } from "./mutations.ts";

const ROWS = 200;
const ROWS_AFTER_SNAPSHOT = 20;
const shape: IndexShape = { dimension: 8, metric: "cosine", quantization: "f32", fields: { n: "number" } };
const clock = { now: () => 1_800_000_000_000 };

const vectorOf = (n: number): Float32Array =>
  Float32Array.from({ length: 8 }, (_, i) => Math.sin(n * 8 + i) + 2);

/** That a graph was damaged and is built again is no news here. */
const log = createLog({ level: "error", readable: false });

const open = (dir: string): Promise<VectorIndex> => openHnsw({ dir, shape, clock, log });

/** With `killed` the folder is as it is while the index is open, which is what kill -9 leaves. */
export function indexArtefact(
  file: RegExp,
  ending: "closed" | "killed" = "closed",
): (folder: string) => Promise<Artefact> {
  return async (folder) => {
    const [whole, tried, live] = [join(folder, "whole"), join(folder, "tried"), join(folder, "live")];
    const index = await open(live);
    const write = (from: number, count: number): Promise<unknown> =>
      index.upsert(
        Array.from({ length: count }, (_, i) => ({
          id: `id${from + i}`,
          vector: vectorOf(from + i),
          metadata: { n: from + i },
        })),
      );
    await write(0, ROWS);
    await index.rebuild();
    await index.settled();
    await index.snapshot();
    await write(ROWS, ROWS_AFTER_SNAPSHOT);
    if (ending === "killed") cpSync(live, whole, { recursive: true });
    await index.close();
    if (ending === "closed") cpSync(live, whole, { recursive: true });
    const name = readdirSync(whole).find((entry) => file.test(entry)) ?? "missing";
    const ids = Array.from({ length: ROWS + ROWS_AFTER_SNAPSHOT }, (_, n) => `id${n}`);
    return {
      path: join(whole, name),
      read: async () => {
        rmSync(tried, { recursive: true, force: true });
        cpSync(whole, tried, { recursive: true });
        readShape(tried);
        const copy = await open(tried);
        try {
          const rows = (await copy.fetch(ids)).map(({ id, vector, metadata }) => [id, [...vector], metadata]);
          const near = await copy.search({ vector: vectorOf(7), k: 5 });
          return JSON.stringify([copy.count(), rows, near.hits.map(({ id }) => id)]);
        } finally {
          await copy.close();
        }
      },
      named: (error) => error instanceof Fault && error.message.includes(`${name} is damaged`),
      close: () => Promise.resolve(),
    };
  };
}

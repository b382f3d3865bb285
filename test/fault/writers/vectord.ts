import { join } from "node:path";
import { systemClock } from "#lib/clock";
import { openHnsw } from "#services/vectord/index-folder";
import type { IndexShape, Item } from "#services/vectord/rows/shape";
import type { VectorIndex } from "#services/vectord/vector-index";
import type { Writer } from "./writer.ts";

const shape: IndexShape = { dimension: 8, metric: "cosine", quantization: "i8", fields: {} };

function itemOf(n: number): Item {
  return {
    id: `id${n}`,
    vector: Float32Array.from({ length: 8 }, (_, i) => Math.sin(n * 8 + i) + 2),
    metadata: { n },
  };
}

const indexIn = (folder: string): Promise<VectorIndex> =>
  openHnsw({ dir: join(folder, "index"), shape, clock: systemClock });

export const vectorWriter: Writer = {
  open: async (folder) => {
    const index = await indexIn(folder);
    return {
      step: async (n) => {
        await index.upsert([itemOf(n)]);
        if (n % 2 === 1) await index.snapshot();
      },
      close: () => index.close(),
    };
  },
  check: async (folder, acked, tried) => {
    const index = await indexIn(folder);
    const wrong: string[] = [];
    for (let n = 0; n < tried; n += 1) {
      const [found] = await index.fetch([`id${n}`]);
      if (found === undefined ? acked.includes(n) : !Bun.deepEquals(found, itemOf(n)))
        wrong.push(`id${n} is ${found === undefined ? "gone" : "another"}`);
    }
    if (index.count() > tried) wrong.push(`there are ${index.count()} rows of ${tried}`);
    const { failure } = index.stats();
    if (failure !== null) wrong.push(`a file is damaged: ${failure}`);
    await index.close();
    return wrong;
  },
};

import { join } from "node:path";
import { Fault } from "#rpc/fault";
import { emptyWords, newGeneration } from "#services/matrixd/corpus/generation";
import { loadGeneration, saveGeneration } from "#services/matrixd/corpus/generation-files";
import { collectFacts } from "#services/matrixd/corpus/row-facts";
import type { Writer } from "./writer.ts";

const generationNamed = (n: number): string => `corpus.people.${n}`;

export function generationOf(n: number): Parameters<typeof saveGeneration>[1] {
  const words = emptyWords();
  const ids = Array.from({ length: 50 }, (_, row) => `w${n}-${row}`);
  const collected = collectFacts();
  ids.forEach((id, row) => {
    words.put(row, `forklift driver ${id} in Houston`);
    const at = { city: "Houston", state: "TX", point: { lat: 29.8, lon: -95.4 } };
    collected.add({ ...at, title: 0, soc: "53-7051", textHash: BigInt(row) });
  });
  const title = { text: "forklift driver", role: "Forklift Operator", soc: "53-7051", confidence: 1 };
  return newGeneration({
    corpus: "people",
    dataset: "people",
    snapshotId: n,
    index: generationNamed(n),
    model: "m",
    fields: {},
    coded: false,
    meanings: {},
    names: [],
    taxonomy: "t",
    ids,
    words,
    facts: collected.finish(),
    table: { all: [title], vectors: Float32Array.of(0.6, 0.8) },
  });
}

export const generationWriter: Writer = {
  open: (folder) =>
    Promise.resolve({
      step: (n) => saveGeneration(join(folder, "corpora"), generationOf(n)),
      close: () => Promise.resolve(),
    }),
  check: async (folder, acked, tried) => {
    const wrong: string[] = [];
    for (let n = 0; n < tried; n += 1) {
      try {
        const { ids, snapshotId } = await loadGeneration(join(folder, "corpora"), generationNamed(n));
        if (snapshotId !== n || ids.join() !== generationOf(n).ids.join())
          wrong.push(`generation ${n} is another`);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        if (acked.includes(n)) wrong.push(`generation ${n} is gone: ${error.message}`);
      }
    }
    return wrong;
  },
};

// One finished build of a corpus: an index in vectord, the words of its texts in memory, and which snapshot of
// which dataset both were made from. A corpus swaps from one generation to the next as a whole.

import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { LRUCache } from "lru-cache";
import { z } from "zod";
import { type FieldKind, fieldKind } from "#contracts/vector";
import { saveSmallFile } from "#adapters/small-file";
import { Fault } from "#rpc/fault";
import { type Bm25, bm25, restoreBm25 } from "./bm25.ts";
import { termsOf } from "./words.ts";

export interface Generation {
  readonly corpus: string;
  readonly dataset: string;
  readonly snapshotId: number;
  /** vectord's name for the index. */
  readonly index: string;
  readonly model: string;
  readonly fields: Readonly<Record<string, FieldKind>>;
  /** The field that holds a place, if any does. */
  readonly geoField: string | undefined;
  /** Ids by row number of `words`. */
  readonly ids: readonly string[];
  readonly words: Bm25;
  /** At most k rows by words, as shares of the best one's score: by id, best first. Asked again, not searched again. */
  wordScores(question: string, k: number): ReadonlyMap<string, number>;
  /** The words of a question that the row's text has too, as they were asked. */
  termsOf(id: string, question: string): string[];
}

interface GenerationParts {
  readonly corpus: string;
  readonly dataset: string;
  readonly snapshotId: number;
  readonly index: string;
  readonly model: string;
  readonly fields: Readonly<Record<string, FieldKind>>;
}

export function newGeneration(parts: GenerationParts, ids: readonly string[], words: Bm25): Generation {
  let rows: Map<string, number> | undefined;
  const asked = new LRUCache<string, ReadonlyMap<string, number>>({ max: QUESTIONS_KEPT_MAX });
  return {
    ...parts,
    geoField: Object.entries(parts.fields).find(([, kind]) => kind === "geo")?.[0],
    ids,
    words,
    wordScores: (question, k) => {
      const key = `${k} ${question}`;
      const before = asked.get(key);
      if (before !== undefined) return before;
      const found = words.search(question, k);
      const best = found[0]?.score ?? 1;
      const scores = new Map(found.map(({ row, score }) => [ids[row] ?? "", score / best]));
      asked.set(key, scores);
      return scores;
    },
    termsOf: (id, question) => {
      rows ??= new Map(ids.map((one, row) => [one, row]));
      const row = rows.get(id);
      if (row === undefined) return [];
      const matched = new Set(words.explain(question, row).map(({ term }) => term));
      const asked = question.match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
      return [...new Set(asked.filter((word) => matched.has(termsOf(word)[0] ?? word)))];
    },
  };
}

/** Some dozen ids and numbers each. */
const QUESTIONS_KEPT_MAX = 500;

/** An empty index of words: one text a row. */
export function emptyWords(): Bm25 {
  return bm25({ fields: [{ name: "text", weight: 1 }] });
}

const header = z.object({
  corpus: z.string(),
  dataset: z.string(),
  snapshotId: z.int(),
  index: z.string(),
  model: z.string(),
  fields: z.record(z.string(), fieldKind),
  ids: z.array(z.string()),
  wordsSha256: z.string(),
  /** Of everything else in the header, as it was printed. */
  sha256: z.string(),
});

/** Writes the generation's files below `folder`; it is there whole or not at all. */
export async function saveGeneration(folder: string, generation: Generation): Promise<void> {
  const words = generation.words.toBytes();
  const { corpus, dataset, snapshotId, index, model, fields, ids } = generation;
  const described = { corpus, dataset, snapshotId, index, model, fields, ids, wordsSha256: sha256(words) };
  await saveSmallFile(join(folder, `${index}.words`), words);
  const seal = sha256(new TextEncoder().encode(JSON.stringify(described)));
  await saveSmallFile(join(folder, `${index}.json`), JSON.stringify({ ...described, sha256: seal }));
}

/** Reads a generation back. Throws `internal` when one of its files is missing or damaged. */
export async function loadGeneration(folder: string, index: string): Promise<Generation> {
  try {
    const { sha256: seal, ...described } = header.parse(
      JSON.parse(await readFile(join(folder, `${index}.json`), "utf8")),
    );
    // Zod keeps the order of the schema, which is the order of the writer.
    if (sha256(new TextEncoder().encode(JSON.stringify(described))) !== seal)
      throw new Error("the checksum of the header differs");
    const { ids, wordsSha256, ...parts } = described;
    const words = new Uint8Array(await readFile(join(folder, `${index}.words`)));
    if (sha256(words) !== wordsSha256) throw new Error("the checksum of the words differs");
    return newGeneration(parts, ids, restoreBm25(words));
  } catch (error) {
    throw new Fault(
      "internal",
      `The files of ${index} are missing or damaged; the corpus must be built again.`,
      {
        cause: error,
      },
    );
  }
}

export async function removeGeneration(folder: string, index: string): Promise<void> {
  await rm(join(folder, `${index}.json`), { force: true });
  await rm(join(folder, `${index}.words`), { force: true });
}

function sha256(bytes: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

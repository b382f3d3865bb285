// One finished build of a corpus: an index in vectord, and in memory the words of its texts, what ranking knows of its
// rows, and the titles they have; all made from one snapshot of one dataset. A corpus swaps from one generation to
// the next as a whole.

import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { LRUCache } from "lru-cache";
import { z } from "zod";
import { type FieldKind, fieldKind } from "#contracts/vector";
import { writeDurably } from "#lib/durable";
import { Fault } from "#rpc/fault";
import { type Bm25, bm25, restoreBm25 } from "./bm25.ts";
import {
  FACT_ROW_BYTES,
  factBytes,
  type Facts,
  type Located,
  locate,
  NONE,
  readFacts,
  rowsByOccupation,
} from "./facts.ts";
import { type Reading, readQuestion } from "./reading.ts";
import { type OwnTitles, ownTitles, type TitleTable } from "./titles.ts";
import type { Understood } from "./understand.ts";
import { termsOf } from "./words.ts";

export interface Generation extends GenerationParts {
  /** Row numbers by id. */
  readonly rows: ReadonlyMap<string, number>;
  /** Undefined for a corpus whose rows have no titles of jobs. */
  readonly titles: OwnTitles | undefined;
  readonly located: Located;
  /** The number of an occupation, NONE when no row has it. */
  occupation(soc: string): number;
  /** How many rows each occupation has. */
  readonly occupationRows: Uint32Array;
  /** How this corpus reads a question; the same question is read once. */
  read(question: AskedQuestion): Reading;
  /** The words of a question that the row's text has too, as they were asked. */
  termsOf(id: string, question: string): string[];
}

export interface AskedQuestion {
  readonly understood: Understood;
  readonly text: string;
  readonly role: string | undefined;
  readonly mode: "hybrid" | "dense" | "lexical";
  /** Rows that are named by their words. */
  readonly rows: number;
}

export interface GenerationParts {
  readonly corpus: string;
  readonly dataset: string;
  readonly snapshotId: number;
  /** vectord's name for the index. */
  readonly index: string;
  readonly model: string;
  readonly fields: Readonly<Record<string, FieldKind>>;
  /** Occupations were read from a column of codes. */
  readonly coded: boolean;
  /** The taxonomy that its titles were read with. */
  readonly taxonomy: string;
  /** Ids by row number. */
  readonly ids: readonly string[];
  readonly words: Bm25;
  readonly facts: Facts;
  readonly table: TitleTable;
}

export function newGeneration(parts: GenerationParts): Generation {
  const { ids, words, facts, table, coded } = parts;
  const rows = new Map(ids.map((id, row) => [id, row]));
  const occupations = new Map(facts.socs.map((soc, number) => [soc, number]));
  const readings = new LRUCache<string, Reading>({ max: QUESTIONS_KEPT_MAX, ttl: READ_KEPT_MS });
  const generation: Generation = {
    ...parts,
    rows,
    titles: table.all.length === 0 ? undefined : ownTitles(table, facts, coded),
    located: locate(facts),
    occupationRows: rowsByOccupation(facts),
    occupation: (soc) => occupations.get(soc) ?? NONE,
    read: ({ understood, text, role, mode, rows: wanted }) => {
      const key = `${mode} ${wanted} ${role ?? ""}\n${text}`;
      const before = readings.get(key);
      if (before !== undefined) return before;
      const reading = readQuestion(generation, understood, { text, mode, rows: wanted });
      readings.set(key, reading);
      return reading;
    },
    termsOf: (id, question) => {
      const row = rows.get(id);
      if (row === undefined) return [];
      const matched = new Set(words.explain(question, row).map(({ term }) => term));
      const asked = question.match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
      return [...new Set(asked.filter((word) => matched.has(termsOf(word)[0] ?? word)))];
    },
  };
  return generation;
}

/** Numbers for some thousand titles and some dozen rows each: about 10 MB in all. */
const QUESTIONS_KEPT_MAX = 500;
/** As long as what was understood of the question is kept. */
const READ_KEPT_MS = 60_000;

/** An empty index of words: one text a row. */
export function emptyWords(): Bm25 {
  return bm25({ fields: [{ name: "text", weight: 1 }] });
}

/** Another form of the files is another number; what has another one is built again. */
const FORM = 2;

const header = z.object({
  form: z.literal(FORM),
  corpus: z.string(),
  dataset: z.string(),
  snapshotId: z.int(),
  index: z.string(),
  model: z.string(),
  fields: z.record(z.string(), fieldKind),
  coded: z.boolean(),
  taxonomy: z.string(),
  ids: z.array(z.string()),
  titles: z.array(
    z.object({
      text: z.string(),
      role: z.string().nullable(),
      soc: z.string().nullable(),
      confidence: z.number(),
    }),
  ),
  socs: z.array(z.string()),
  places: z.array(z.string()),
  wordsSha256: z.string(),
  /** Of the columns of facts and the vectors of titles behind them. */
  numbersSha256: z.string(),
  /** Of everything else in the header, as it was printed. */
  sha256: z.string(),
});

/** Writes the generation's files below `folder`; it is there whole or not at all. */
export async function saveGeneration(folder: string, generation: GenerationParts): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { corpus, dataset, snapshotId, index, model, fields, coded, taxonomy, ids, facts, table } =
    generation;
  const words = generation.words.toBytes();
  const { buffer, byteOffset, byteLength } = table.vectors;
  const numbers = Buffer.concat([factBytes(facts), new Uint8Array(buffer, byteOffset, byteLength)]);
  const described = {
    form: FORM,
    corpus,
    dataset,
    snapshotId,
    index,
    model,
    fields,
    coded,
    taxonomy,
    ids,
    titles: table.all,
    socs: facts.socs,
    places: facts.places,
    wordsSha256: sha256(words),
    numbersSha256: sha256(numbers),
  };
  await writeDurably(join(folder, `${index}.words`), words);
  await writeDurably(join(folder, `${index}.numbers`), numbers);
  const seal = sha256(new TextEncoder().encode(JSON.stringify(described)));
  await writeDurably(join(folder, `${index}.json`), JSON.stringify({ ...described, sha256: seal }));
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
    const { ids, titles, socs, places, wordsSha256, numbersSha256, ...parts } = described;
    const words = new Uint8Array(await readFile(join(folder, `${index}.words`)));
    if (sha256(words) !== wordsSha256) throw new Error("the checksum of the words differs");
    // A copy of its own: aligned for 64-bit numbers.
    const numbers = Uint8Array.from(await readFile(join(folder, `${index}.numbers`)));
    if (sha256(numbers) !== numbersSha256) throw new Error("the checksum of the numbers differs");
    const vectorsAt = ids.length * FACT_ROW_BYTES;
    return newGeneration({
      ...parts,
      ids,
      words: restoreBm25(words),
      facts: readFacts(numbers.subarray(0, vectorsAt), ids.length, { socs, places }),
      table: { all: titles, vectors: new Float32Array(numbers.buffer, vectorsAt) },
    });
  } catch (error) {
    throw new Fault(
      "internal",
      `The files of ${index} are missing or damaged; the corpus must be built again.`,
      { cause: error },
    );
  }
}

export async function removeGeneration(folder: string, index: string): Promise<void> {
  for (const ending of ["json", "words", "numbers"])
    await rm(join(folder, `${index}.${ending}`), { force: true });
}

function sha256(bytes: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

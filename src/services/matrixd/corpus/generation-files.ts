// A generation on disk: three files, bound together by the checksums in the header, which is written last. What is
// damaged or of another form is built again from its dataset.

import { snapshotId } from "#contracts/shapes";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { saveSmallFile } from "#adapters/small-file";
import { meanings } from "#contracts/matrix";
import { fieldKind } from "#contracts/vector";
import { Fault } from "#rpc/fault";
import { restoreBm25 } from "#domain/lexical/bm25";
import { FACT_ROW_BYTES, factBytes, readFacts } from "./row-facts.ts";
import { type Generation, type GenerationParts, newGeneration } from "./generation.ts";

/** Another form of the files is another number; what has another one is built again. */
const FORM = 3;

const header = z.object({
  form: z.literal(FORM),
  corpus: z.string(),
  dataset: z.string(),
  snapshotId,
  index: z.string(),
  model: z.string(),
  fields: z.record(z.string(), fieldKind),
  coded: z.boolean(),
  meanings,
  taxonomy: z.string(),
  ids: z.array(z.string()),
  names: z.array(z.string()),
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
  statuses: z.array(z.string()),
  certificateSets: z.array(z.string()),
  languageSets: z.array(z.string()),
  wordsSha256: z.string(),
  /** Of the columns of facts and the vectors of titles behind them. */
  numbersSha256: z.string(),
  /** Of everything else in the header, as it was printed. */
  sha256: z.string(),
});

/** Writes the generation's files below `folder`; it is there whole or not at all. */
export async function saveGeneration(folder: string, generation: GenerationParts): Promise<void> {
  const { corpus, dataset, snapshotId, index, model, fields, coded, taxonomy, ids, facts, table } =
    generation;
  const { names, meanings: meant } = generation;
  const { socs, places, statuses, certificateSets, languageSets } = facts;
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
    meanings: meant,
    taxonomy,
    ids,
    names,
    titles: table.all,
    socs,
    places,
    statuses,
    certificateSets,
    languageSets,
    wordsSha256: sha256(words),
    numbersSha256: sha256(numbers),
  };
  await saveSmallFile(join(folder, `${index}.words`), words);
  await saveSmallFile(join(folder, `${index}.numbers`), numbers);
  const seal = sha256(new TextEncoder().encode(JSON.stringify(described)));
  await saveSmallFile(join(folder, `${index}.json`), JSON.stringify({ ...described, sha256: seal }));
}

/** Reads a generation back. Throws `internal` when one of its files is missing or damaged. */
export async function loadGeneration(folder: string, index: string): Promise<Generation> {
  try {
    const text = await readFile(join(folder, `${index}.json`), "utf8");
    const { sha256: seal, ...described } = header.parse(JSON.parse(text));
    // Zod keeps the order of the schema, which is the order of the writer. A number may be written in several ways.
    const printed = JSON.stringify({ ...described, sha256: seal });
    if (printed !== text || sha256(new TextEncoder().encode(JSON.stringify(described))) !== seal)
      throw new Error("the checksum of the header differs");
    const {
      ids,
      titles,
      socs,
      places,
      statuses,
      certificateSets,
      languageSets,
      wordsSha256,
      numbersSha256,
      ...parts
    } = described;
    const words = new Uint8Array(await readFile(join(folder, `${index}.words`)));
    if (sha256(words) !== wordsSha256) throw new Error("the checksum of the words differs");
    // A copy of its own: aligned for 64-bit numbers.
    const numbers = Uint8Array.from(await readFile(join(folder, `${index}.numbers`)));
    if (sha256(numbers) !== numbersSha256) throw new Error("the checksum of the numbers differs");
    const tables = { socs, places, statuses, certificateSets, languageSets };
    const vectorsAt = ids.length * FACT_ROW_BYTES;
    return newGeneration({
      ...parts,
      ids,
      words: restoreBm25(words),
      facts: readFacts(numbers.subarray(0, vectorsAt), ids.length, tables),
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

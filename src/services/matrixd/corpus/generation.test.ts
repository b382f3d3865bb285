import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { openEmbed } from "../../../../test/lake/embed.ts";
import { cityPoint, collectFacts } from "./row-facts.ts";
import { emptyWords, type Generation, newGeneration } from "./generation.ts";
import { loadGeneration, removeGeneration, saveGeneration } from "./generation-files.ts";
import { cachedRelevance, type Relevance } from "../rank/relevance.ts";
import { readTitleTable } from "./title-table.ts";
import { createUnderstanding } from "../query/understand.ts";
import { shippedOnly } from "../taxonomy/titles.testing.ts";

const ROWS = [
  ["w1", "Forklift Operator", "53-7051", "Denver", "CO"],
  ["w2", "Building Service Worker", "title build service worker", "Denver", "CO"],
  ["w3", "Construction Laborer", "47-2061", "Houston", "TX"],
  ["w4", "Line Cook", "35-2014", "Houston", "TX"],
  ["w5", "Warehouse Associate", "53-7062", "Denver", "CO"],
] as const;

const understanding = createUnderstanding(
  (await openEmbed()).service,
  { now: () => Date.parse("2026-11-21T12:00:00Z") },
  shippedOnly(),
);
const model = "hashed-v1";
const INDEX = "corpus.people.1";

async function people(): Promise<Generation> {
  const table = await readTitleTable(
    ROWS.map(([, text]) => ({ text, rows: 1 })),
    undefined,
    { understanding, model },
    {},
  );
  const words = emptyWords();
  const facts = collectFacts();
  for (const [row, [, title, soc, city, state]] of ROWS.entries()) {
    words.put(row, `${title} in ${city}, ${state}`);
    facts.add({ title: row, soc, city, state, point: cityPoint(city, state), textHash: BigInt(row) });
  }
  const ids = ROWS.map(([id]) => id);
  const about = {
    corpus: "people",
    dataset: "people",
    snapshotId: 7,
    index: INDEX,
    model,
    fields: {},
    coded: false,
    meanings: { role: "title" },
    names: [],
    taxonomy: "t",
  };
  return newGeneration({ ...about, ids, words, facts: facts.finish(), table });
}

async function read(generation: Generation, text: string, role?: string): Promise<Relevance> {
  const understood = await understanding.understand({ text, role, now: undefined, model }, {});
  return cachedRelevance(generation, understood, { text, role, mode: "hybrid", rows: 10 });
}

/** What a promise that must fail says. */
function said(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "nothing",
    (error: unknown) => String(error),
  );
}

let generation: Generation;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "generation-"));
  generation = await people();
  await saveGeneration(folder, generation);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("a generation on disk", () => {
  test("reads questions as it did before", async () => {
    const again = await loadGeneration(folder, INDEX);
    for (const text of [
      "2 forklift operators in Denver, CO",
      "building service workers",
      "cook Houston TX",
    ]) {
      const [before, after] = [await read(generation, text), await read(again, text)];
      const seen = ({ role, socs, point, byWords, ...one }: Relevance): unknown => ({
        role,
        socs,
        point,
        byWords,
        rows: ROWS.map((_, row) => [
          one.lexical(row),
          one.title(row),
          one.occupation(row),
          one.standing(row),
        ]),
      });
      expect(seen(after), text).toEqual(seen(before));
    }
    expect([again.snapshotId, again.ids, again.taxonomy]).toEqual([7, generation.ids, "t"]);
  });

  test("is not read when a bit of any of its files is another, or a file is gone", async () => {
    const names = readdirSync(folder);
    expect(names.sort()).toEqual([`${INDEX}.json`, `${INDEX}.numbers`, `${INDEX}.words`]);
    for (const name of names) {
      const path = join(folder, name);
      const whole = await readFile(path);
      const damage = fc.record({ at: fc.nat(whole.length - 1), bit: fc.nat(7) });
      await fc.assert(
        fc.asyncProperty(damage, async ({ at, bit }) => {
          const flipped = Buffer.from(whole);
          flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
          await writeFile(path, flipped);
          expect(await said(loadGeneration(folder, INDEX))).toContain("built again");
        }),
        { numRuns: 40 },
      );
      // The last digit of a number may be another and the number the same.
      const number = /\.[0-9]{16,}/.exec(whole.toString("latin1"));
      if (name.endsWith(".json")) {
        const at = (number?.index ?? 0) + (number?.[0].length ?? 0) - 1;
        for (let bit = 0; bit < 3; bit += 1) {
          const flipped = Buffer.from(whole);
          flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
          await writeFile(path, flipped);
          expect(await said(loadGeneration(folder, INDEX))).toContain("built again");
        }
      }
      rmSync(path);
      expect(await said(loadGeneration(folder, INDEX))).toContain("built again");
      await writeFile(path, whole);
    }
    await loadGeneration(folder, INDEX);
  });

  test("is gone when it is removed, and may be removed twice", async () => {
    const other = mkdtempSync(join(tmpdir(), "generation-"));
    await saveGeneration(other, generation);
    await removeGeneration(other, INDEX);
    await removeGeneration(other, INDEX);
    expect(readdirSync(other)).toEqual([]);
    rmSync(other, { recursive: true });
  });
});

describe("how a corpus reads a question", () => {
  test("people of a role that is sure stand before others, and their occupation is looked in", async () => {
    const reading = await read(generation, "Need 2 forklift operators in Houston, TX");
    expect(reading.socs).toEqual(["53-7051"]);
    expect(ROWS.map((_, row) => reading.standing(row))).toEqual([
      "asked",
      "other",
      "other",
      "other",
      "other",
    ]);
    expect(reading.occupation(0)).toBe(1);
    expect(reading.people).toBe(1);
  });

  test("a title of its own counts although the taxonomy does not have it", async () => {
    const reading = await read(generation, "need 3 building service workers in Denver, CO");
    expect(reading.role).toMatchObject({ source: "dictionary", confidence: 0.95 });
    expect(ROWS.map((_, row) => reading.standing(row))[1]).toBe("asked");
    expect(reading.socs[0]).toBe("title build service worker");
    expect(reading.title(1)).toBeGreaterThan(0.99);
    const given = await read(generation, "for Denver", "Building Service Worker");
    expect(given.role.source).toBe("given");
    expect(await said(read(generation, "for Denver", "wizard of nothing"))).toContain("neither a role");
  });

  test("a role that is not sure leaves all open, and what is near nothing has no occupation", async () => {
    const unsure = await read(generation, "forklfit operatr in Denver, CO");
    expect([unsure.standing(0), unsure.socs[0]]).toEqual(["open", "53-7051"]);
    const nothing = await read(generation, "xqzzv");
    expect([nothing.socs, nothing.occupation(0), nothing.title(0)]).toEqual([[], undefined, undefined]);
  });

  test("every row has its own share of what the words can say", async () => {
    const reading = await read(generation, "laborers or cooks in Houston, TX");
    const shares = ROWS.map((_, row) => reading.lexical(row));
    for (const share of shares) expect(share >= 0 && share <= 1).toBe(true);
    for (const [row, [id]] of ROWS.entries())
      expect(reading.byWords.includes(id), id).toBe((shares[row] ?? 0) > 0);
  });
});

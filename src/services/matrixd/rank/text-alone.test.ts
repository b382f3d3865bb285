// Ranking where rows are texts and nothing else: no place, no title. Every row is measured and scored, as a search does with
// its candidates.

import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { hashedModel } from "#adapters/embed/hashed";
import { readVector } from "#lib/vector-text";
import { emptyWords, type Generation, newGeneration } from "../corpus/generation.ts";
import { collectFacts, NONE } from "../corpus/row-facts.ts";
import { readTitleTable } from "../corpus/title-table.ts";
import { openEmbed } from "../../../../test/lake/embed.ts";
import { createUnderstanding } from "../query/understand.ts";
import { shippedOnly } from "../taxonomy/titles.testing.ts";
import { conditionsOf } from "./conditions.ts";
import { cachedRelevance } from "./relevance.ts";
import { type Mode, STANDARD_WEIGHTS } from "./score.ts";
import { measured, type Scored, scored } from "./scoring.ts";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const MODES: readonly Mode[] = ["hybrid", "lexical", "dense"];
const model = hashedModel();
const understanding = createUnderstanding((await openEmbed()).service, { now: () => NOW }, shippedOnly());

interface TextCorpus {
  readonly generation: Generation;
  readonly vectors: readonly Float32Array[];
}

async function corpusOf(texts: readonly string[]): Promise<TextCorpus> {
  const table = await readTitleTable([], undefined, { understanding, model: model.name }, {});
  const words = emptyWords();
  const facts = collectFacts();
  for (const [row, text] of texts.entries()) {
    words.put(row, text);
    facts.add({
      title: NONE,
      soc: undefined,
      city: undefined,
      state: undefined,
      point: undefined,
      textHash: BigInt(row),
    });
  }
  const generation = newGeneration({
    corpus: "texts",
    dataset: "texts",
    snapshotId: 1,
    index: "texts",
    model: model.name,
    fields: {},
    coded: false,
    meanings: {},
    names: [],
    taxonomy: "t",
    ids: texts.map((_, row) => `t${row}`),
    words,
    facts: facts.finish(),
    table,
  });
  return { generation, vectors: await model.embed(texts) };
}

/** All rows, the best first. */
async function search({ generation, vectors }: TextCorpus, text: string, mode: Mode): Promise<Scored[]> {
  const question = { text, role: undefined, now: NOW, model: model.name };
  const understood = await understanding.understand(question, {});
  const relevance = cachedRelevance(generation, understood, { text, mode, rows: 128 });
  const request = {
    ...question,
    understood,
    k: 10,
    mode,
    filter: undefined,
    near: undefined,
    explain: false,
    now: NOW,
    weights: STANDARD_WEIGHTS,
  };
  const conditions = conditionsOf(generation, request, relevance.socs);
  const asked = readVector(understood.vector) ?? new Float32Array();
  const hits = vectors.map((vector, row) => ({
    rank: row,
    id: `t${row}`,
    distance: 1 - vector.reduce((sum, number, at) => sum + number * (asked[at] ?? 0), 0),
  }));
  const comparison = { understood, relevance, point: relevance.point, conditions, named: new Set<string>() };
  return scored(measured(generation, comparison, hits), mode, STANDARD_WEIGHTS).sort(
    (a, b) => b.score - a.score || a.distance - b.distance,
  );
}

const NOTES = [
  "Cook wanted for a diner in Denver, CO, evenings.",
  "Cook wanted for a diner in Dallas, TX, evenings.",
  "Cook wanted for a diner in Boise, ID, evenings.",
  "Forklift operator for a cold store, nights.",
  "Registered nurse for a clinic, weekdays.",
  "Certified payroll goes out on form WH-347 every week.",
  "Certified payroll for private work needs no form.",
  "Visitors park behind the loading dock and sign in at the gate.",
];

describe("a corpus of texts", () => {
  test("is compared by the names of places too, which no row has as a place", async () => {
    const corpus = await corpusOf(NOTES);
    for (const mode of ["hybrid", "lexical"] as const) {
      const [first, second] = await search(corpus, "need a cook in Dallas, TX", mode);
      expect([first?.id, first?.parts.place]).toEqual(["t1", undefined]);
      expect(first?.parts.lexical).toBeGreaterThan((second?.parts.lexical ?? 1) * 1.3);
    }
  });

  test("is found by what its words say, and by what they mean", async () => {
    const corpus = await corpusOf(NOTES);
    const wanted: readonly (readonly [text: string, id: string])[] = [
      ["WH-347", "t5"],
      ["certified payroll form wh-347", "t5"],
      ["fork lift driver", "t3"],
      ["RN", "t4"],
      ["where do visitors park", "t7"],
    ];
    for (const [text, id] of wanted) expect((await search(corpus, text, "hybrid"))[0]?.id, text).toBe(id);
  });

  test("has scores from 0 to 1, in the order of BM25 in lexical mode", async () => {
    const corpus = await corpusOf(NOTES);
    const text = fc.array(fc.constantFrom(...NOTES.join(" ").split(" "), "xyzzy"), {
      minLength: 1,
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(text, async (words) => {
        const asked = words.join(" ");
        for (const mode of MODES)
          for (const { score } of await search(corpus, asked, mode))
            expect(score >= 0 && score <= 1).toBe(true);
        const found = corpus.generation.words.search(asked, 10).map(({ row }) => `t${row}`);
        const ranked = (await search(corpus, asked, "lexical")).filter(({ score }) => score > 0);
        expect(ranked.map(({ id }) => id).toSorted()).toEqual(found.toSorted());
        for (const [at, { row }] of ranked.entries()) {
          const next = ranked[at + 1];
          if (next === undefined) continue;
          const scoreOf = corpus.generation.words.scoring(asked);
          expect(scoreOf(row)).toBeGreaterThanOrEqual(scoreOf(next.row) - 1e-9);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe("several corpora of texts", () => {
  const COMMON = ["about", "during", "number", "new", "please"];
  const OWN = [
    "boiler gasket valve furnace piping solder flange compressor thermostat duct".split(" "),
    "invoice ledger audit receipt payroll tariff deposit refund escrow voucher".split(" "),
  ] as const;
  const rowsOf = (own: readonly string[], count: number): fc.Arbitrary<string[]> =>
    fc.array(
      fc
        .tuple(fc.subarray([...own], { minLength: 3, maxLength: 6 }), fc.subarray(COMMON, { minLength: 1 }))
        .map(([words, common]) => [...words, ...common].join(" ")),
      { minLength: 2, maxLength: count },
    );

  test("a row that answers the text stands above all rows of another that share a common word with it", async () => {
    const asked = fc.record({
      mine: rowsOf(OWN[0], 5),
      others: rowsOf(OWN[1], 30),
      row: fc.nat(),
      common: fc.subarray(COMMON, { maxLength: 2 }),
    });
    await fc.assert(
      fc.asyncProperty(asked, async ({ mine, others, row, common }) => {
        const answer = (mine[row % mine.length] ?? "").split(" ").slice(0, 3);
        const text = [...answer, ...common].join(" ");
        const [right, wrong] = [await corpusOf(mine), await corpusOf(others)];
        // Cosines alone are as the model makes them.
        for (const mode of ["hybrid", "lexical"] as const) {
          const [best] = await search(right, text, mode);
          const [other] = await search(wrong, text, mode);
          expect(best?.score ?? 0, `${mode}: ${text}`).toBeGreaterThan(other?.score ?? 1);
        }
      }),
      { numRuns: 60 },
    );
  });
});

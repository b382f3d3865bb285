import { describe, expect, test } from "bun:test";
import { systemClock } from "#lib/clock";
import { openEmbed } from "../../../../test/lake/embed.ts";
import { collectFacts, NONE } from "./row-facts.ts";
import { readTitleTable, type Spelling } from "./title-table.ts";
import { type OwnTitles, ownTitles, type TitleTable, titleKey } from "./titles.ts";
import { createUnderstanding, type Understanding } from "../query/understand.ts";
import { shippedOnly } from "../taxonomy/titles.testing.ts";

const { service, asked } = await openEmbed();
const understanding: Understanding = createUnderstanding(service, systemClock, shippedOnly());
const model = "hashed-v1";

function read(
  texts: readonly (readonly [text: string, rows: number])[],
  before?: TitleTable,
): Promise<TitleTable> {
  const spellings = texts.map(([text, rows]): Spelling => ({ text, rows }));
  return readTitleTable(spellings, before, { understanding, model }, {});
}

/** One row a title, with these occupations. */
function own(table: TitleTable, socs: readonly (string | undefined)[], coded = false): OwnTitles {
  const facts = collectFacts();
  for (const [title, soc] of socs.entries())
    facts.add({ title, soc, city: undefined, state: undefined, point: undefined, textHash: 0n });
  return ownTitles(table, facts.finish(), coded);
}

async function nearest(titles: OwnTitles, text: string): Promise<string> {
  const [read] = await understanding.readTitles([text], model, {});
  const near = titles.similarities(text, read?.vector ?? new Float32Array());
  expect(near.every((one) => one >= 0 && one <= 1 + 1e-6)).toBe(true);
  return titles.all[near.indexOf(Math.max(...near))]?.text ?? "";
}

describe("the table of titles", () => {
  test("has each title once, however it is written, with its role where the taxonomy has one", async () => {
    const { all, vectors } = await read([
      ["Forklift Operators", 5],
      ["FORKLIFT OPERATOR", 3],
      ["Building Service Worker", 2],
      ["  ", 9],
    ]);
    expect(all.map(({ text }) => text)).toEqual(["Forklift Operators", "Building Service Worker"]);
    expect(all[0]).toMatchObject({ role: "Forklift Operator", soc: "53-7051" });
    expect(vectors.length).toBe(2 * 768);
  });

  test("is empty for a column that holds no titles of jobs", async () => {
    const papers: [string, number][] = [
      ["On the nature of things", 1],
      ["A survey of deep learning for cooks and machines", 1],
      ["Effects of vitamin D on bone density", 1],
    ];
    expect((await read(papers)).all).toEqual([]);
    expect((await read([])).all).toEqual([]);
  });

  test("takes over what an earlier one read, and asks for the rest alone", async () => {
    const before = await read([
      ["Welder", 1],
      ["Sugar boiler", 1],
    ]);
    asked.length = 0;
    const after = await read(
      [
        ["welders", 4],
        ["Line Cook", 2],
        ["Sugar Boilers", 1],
      ],
      before,
    );
    expect(asked).toEqual(["Line Cook"]);
    expect(after.all.map(({ text }) => text)).toEqual(["Welder", "Line Cook", "Sugar boiler"]);
    expect(after.vectors.subarray(0, 768)).toEqual(before.vectors.subarray(0, 768));
  });
});

describe("a corpus's own titles", () => {
  test("are found exactly by their words and nearest by meaning and words", async () => {
    const titles = own(
      await read([
        ["Forklift Operator", 1],
        ["Building Service Worker", 1],
        ["Construction Laborer", 1],
      ]),
      ["53-7051", "title building service worker", "47-2061"],
    );
    expect(titles.all[titles.exact("building-service workers")]?.text).toBe("Building Service Worker");
    expect(titles.exact("service worker")).toBe(NONE);
    expect(await nearest(titles, "Building Service Workers")).toBe("Building Service Worker");
    expect(await nearest(titles, "forklfit drivers")).toBe("Forklift Operator");
  });

  test("have the occupations of their rows: a column's whole, a reading's by how sure it is", async () => {
    const table = await read([
      ["Welder", 1],
      ["zeppelin housekeeper", 1],
    ]);
    const surenesses = (coded: boolean): number[] => {
      const titles = own(table, ["51-4121", "37-2012"], coded);
      return [0, 1].map((title) => titles.occupationsOf(title)[0]?.[1] ?? 0);
    };
    expect(surenesses(true)).toEqual([1, 1]);
    const [welder = 0, housekeeper = 0] = surenesses(false);
    expect(welder).toBeGreaterThan(0.9);
    expect(housekeeper).toBeLessThan(0.9);
    expect(own(table, [undefined]).occupationsOf(0)).toEqual([]);
  });

  test("keys fold plurals, case, marks and joining words", () => {
    expect(titleKey("Cooks & Servers")).toBe(titleKey("cook server"));
    expect(titleKey("--")).toBe("");
  });
});

import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { bm25, restoreBm25, type Bm25 } from "./bm25.ts";
import { termsOf } from "./terms.ts";

const ORDERS = [
  "Forklift operator in Springfield, IL",
  "Housekeeper in Aspen, CO",
  "Forklift drivers and forklift mechanics in Gary, IN",
  "Line cook in Denver, CO",
];

function indexOf(texts: readonly string[]): Bm25 {
  const index = bm25();
  for (const [row, text] of texts.entries()) index.put(row, text);
  return index;
}

describe("terms", () => {
  test("are stemmed, folded and without function words", () => {
    expect(termsOf("The Operators are operating in Denver")).toEqual(["oper", "oper", "denver"]);
  });

  test("a code in capitals stays where the word would go", () => {
    expect(termsOf("Gary, IN or Bend, OR")).toEqual(["gari", "IN", "bend", "OR"]);
    expect(termsOf("COOKS IN DENVER")).toEqual(["cook", "denver"]);
  });
});

describe("search", () => {
  test("gives the score of the formula", () => {
    const index = bm25({ k1: 1.2, b: 0.75 });
    index.put(1, "welder welder crane");
    index.put(2, "crane");
    const idf = Math.log(1 + (2 - 1 + 0.5) / (1 + 0.5));
    const [hit] = index.search("welders", 1);
    expect(hit?.row).toBe(1);
    expect(hit?.score).toBeCloseTo((idf * 2 * 2.2) / (2 + 1.2 * (0.25 + (0.75 * 3) / 2)), 12);
  });

  test("rows come best first, at most k, and only those that are allowed", () => {
    const index = indexOf(ORDERS);
    expect(index.search("forklift", 10).map(({ row }) => row)).toEqual([2, 0]);
    expect(index.search("forklift", 1).map(({ row }) => row)).toEqual([2]);
    expect(index.search("forklift", 10, (row) => row !== 2).map(({ row }) => row)).toEqual([0]);
    expect(index.search("plumber", 10)).toEqual([]);
    expect(index.search("", 10)).toEqual([]);
  });

  test("equal scores go by row, whatever the order of arrival", () => {
    const index = bm25();
    for (const row of [9, 3, 7, 1]) index.put(row, "cook in Denver");
    expect(index.search("cook", 3).map(({ row }) => row)).toEqual([1, 3, 7]);
  });

  test("an explanation adds up to the score", () => {
    const index = indexOf(["cook, welder needed", "welder"]);
    const text = "welder in the cook house";
    const [best] = index.search(text, 2);
    const matches = index.explain(text, best?.row ?? 0);
    expect(matches.map(({ term }) => term).sort()).toEqual(["cook", "welder"]);
    expect(matches.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(best?.score ?? 0, 12);
    expect(index.explain("welder", 99)).toEqual([]);
  });

  test("so many hits that they are sorted at the end come in the same order", () => {
    const index = indexOf(Array.from({ length: 3000 }, (_, row) => `cook ${"night ".repeat(row % 7)}`));
    const all = index.search("cook night", 3000);
    expect(all).toHaveLength(3000);
    expect(index.search("cook night", 50)).toEqual(all.slice(0, 50));
  });

  test("setups and rows that are mistakes fail loudly", () => {
    expect(() => bm25({ b: 2 })).toThrow("b is between");
    expect(() => indexOf([]).put(-1, "a")).toThrow("row");
    expect(() => indexOf([]).search("a", 0)).toThrow("k");
  });
});

const word = fc.constantFrom("cook", "welder", "forklift", "denver", "night", "IN", "operators");
const document = fc.array(word, { maxLength: 30 }).map((words) => words.join(" "));
const change = fc.record({ row: fc.nat(12), text: fc.option(document, { freq: 3 }) });
describe("a full score", () => {
  test("is that of a row of mean length with each word once, and counts words that no row has", () => {
    const index = indexOf(["crane welder", "crane cook"]);
    expect(index.fullScore("welder crane")).toBeCloseTo(index.scoring("welder crane")(0), 12);
    expect(index.fullScore("zebra")).toBeCloseTo(Math.log(1 + 2.5 / 0.5), 12);
    expect(index.fullScore("the of")).toBe(0);
  });

  test("times k1 + 1 is never reached", () => {
    const words = fc.array(fc.constantFrom("cook", "welder", "crane", "night", "zebra"), { maxLength: 12 });
    fc.assert(
      fc.property(fc.array(words, { minLength: 1, maxLength: 8 }), words, (rows, asked) => {
        const index = indexOf(rows.map((row) => row.join(" ")));
        const text = asked.join(" ");
        for (const { score } of index.search(text, 10))
          expect(score).toBeLessThan(index.fullScore(text) * 2.2);
      }),
    );
  });
});

describe("changes", () => {
  test("any history answers and is written like an index built afresh from what is left", () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), document, (changes, query) => {
        const lived = bm25();
        const left = new Map<number, string>();
        for (const { row, text } of changes) {
          if (text === null) expect(lived.remove(row)).toBe(left.delete(row));
          else {
            lived.put(row, text);
            left.set(row, text);
          }
        }
        const fresh = bm25();
        for (const [row, text] of left) fresh.put(row, text);
        expect(lived.size).toBe(left.size);
        const scoreOf = lived.scoring(query);
        const found = new Map(lived.search(query, 100).map(({ row, score }) => [row, score]));
        for (let row = 0; row <= 13; row++) expect(scoreOf(row)).toBeCloseTo(found.get(row) ?? 0, 9);
        expect(lived.search(query, 5)).toEqual(fresh.search(query, 5));
        expect(Buffer.compare(lived.toBytes(), fresh.toBytes())).toBe(0);
      }),
    );
  });

  test("dead slots are swept out without a change of any answer", () => {
    const index = indexOf([]);
    for (let row = 0; row < 2000; row++) index.put(row, `${row % 2 === 0 ? "cook" : "welder"} number ${row}`);
    for (let row = 0; row < 2000; row++) if (row % 3 !== 0) index.remove(row);
    const fresh = indexOf([]);
    for (let row = 0; row < 2000; row += 3)
      fresh.put(row, `${row % 2 === 0 ? "cook" : "welder"} number ${row}`);
    for (const query of ["cook", "welder number 999", "number"])
      expect(index.search(query, 7)).toEqual(fresh.search(query, 7));
  });
});

describe("bytes", () => {
  test("a restored index answers alike and can be changed", () => {
    fc.assert(
      fc.property(fc.array(document, { maxLength: 12 }), document, (rows, query) => {
        const index = bm25({ k1: 0.9, b: 0.4 });
        for (const [row, text] of rows.entries()) index.put(row * 3, text);
        const restored = restoreBm25(index.toBytes());
        expect(restored.search(query, 5)).toEqual(index.search(query, 5));
        for (const changed of [index, restored]) {
          changed.remove(3);
          changed.put(1, "forklift denver");
        }
        expect(restored.search(query, 5)).toEqual(index.search(query, 5));
      }),
    );
  });

  test("words of any script survive", () => {
    const index = indexOf(["Żółć 漢字 cook", "e\u0301lan", `${"x".repeat(63)}𝒳𝒳`]);
    const restored = restoreBm25(index.toBytes());
    for (const query of ["żółć", "漢字", "élan", `${"x".repeat(63)}𝒳𝒳`]) {
      expect(restored.search(query, 3)).toEqual(index.search(query, 3));
      expect(restored.search(query, 3)).toHaveLength(1);
    }
  });

  test("every damage is found", () => {
    const bytes = indexOf(ORDERS).toBytes();
    const damage = fc.oneof(
      fc.record({ at: fc.nat(bytes.length - 1), bit: fc.nat(7) }).map(({ at, bit }) => {
        const flipped = bytes.slice();
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
        return flipped;
      }),
      fc.nat(bytes.length - 1).map((length) => bytes.slice(0, length)),
    );
    fc.assert(
      fc.property(damage, (damaged) => {
        expect(() => restoreBm25(damaged)).toThrow("built again");
      }),
      { numRuns: 500 },
    );
  });
});

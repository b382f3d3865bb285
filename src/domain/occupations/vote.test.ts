import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { titleIndex, titleKey, type Uses } from "./title-index.ts";
import { mixed, useTable, vote, type Voters } from "./vote.ts";

const COOK = "35-2014";
const DISHWASHER = "35-9021";
const WELDER = "51-4121";

function votersOf(titles: Readonly<Record<string, Uses>>): Voters {
  const keys = Object.keys(titles).map(titleKey);
  const uses = Object.values(titles);
  return {
    index: titleIndex(keys),
    uses: useTable(keys.map((key, at) => ({ key, uses: uses[at] ?? [] }))),
    exact: (key) => uses[keys.indexOf(key)],
  };
}

const voters = votersOf({
  "line cook": [[COOK, 50]],
  "grill cook": [[COOK, 3]],
  dishwasher: [[DISHWASHER, 40]],
  "kitchen helper": [
    [DISHWASHER, 30],
    [COOK, 1],
  ],
  "pipe welder": [[WELDER, 5]],
});

describe("the nearest titles", () => {
  const { index } = voters;

  test("are found whatever the case, the number and the order of the words, and with typing errors", () => {
    for (const text of ["Line Cooks", "COOK, line", "line  cook", "lien cook"])
      expect([text, index.nearest(text, 1)[0]?.title]).toEqual([text, 0]);
    expect(index.nearest("line cook", 1)[0]?.similarity).toBeCloseTo(1, 6);
  });

  test("are none for a text that shares nothing with any title", () => {
    expect(index.nearest("zzz", 5)).toEqual([]);
    expect(index.nearest("", 5)).toEqual([]);
  });

  test("come the nearest first, each once, never more than asked for, and none twice as near as itself", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), fc.integer({ min: 1, max: 5 }), (text, count) => {
        const near = index.nearest(text, count);
        expect(near.length).toBeLessThanOrEqual(count);
        expect(new Set(near.map(({ title }) => title)).size).toBe(near.length);
        for (const [at, { similarity }] of near.entries()) {
          expect(similarity > 0 && similarity <= 1).toBe(true);
          expect(similarity).toBeLessThanOrEqual(near[at - 1]?.similarity ?? 1);
        }
      }),
    );
  });
});

describe("the vote", () => {
  test("follows a title that is written like the text, and then what it was used for most", () => {
    const { shares, exact, similarity } = vote(voters, "Kitchen Helpers");
    expect([shares[0]?.soc, similarity]).toEqual([DISHWASHER, 1]);
    expect(exact).toHaveLength(2);
  });

  test("of a title that nobody has written is for what its words are used for", () => {
    const { shares, exact } = vote(voters, "sous cook");
    expect([shares[0]?.soc, exact]).toEqual([COOK, undefined]);
    expect(vote(voters, "quantum physicist").shares[0]?.p ?? 0).toBeLessThan(1);
  });

  test("is a distribution, for any text", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 100 }), (text) => {
        const { shares } = vote(voters, text);
        const sum = shares.reduce((all, { p }) => all + p, 0);
        expect(shares.every(({ p }) => p > 0 && p <= 1 + 1e-9)).toBe(true);
        if (shares.length > 0) expect(sum).toBeCloseTo(1, 1);
      }),
    );
  });

  test("grows with how often a title was used for an occupation", () => {
    const shareOf = (count: number): number =>
      vote(
        votersOf({
          helper: [
            [COOK, count],
            [WELDER, 5],
          ],
        }),
        "helper",
      ).shares.find(({ soc }) => soc === COOK)?.p ?? 0;
    expect(shareOf(50)).toBeGreaterThan(shareOf(5));
    expect(shareOf(5)).toBeCloseTo(0.5, 6);
  });

  test("is mixed with a reading by what each weighs", () => {
    const shares = mixed(
      [
        { soc: COOK, p: 0.6 },
        { soc: WELDER, p: 0.4 },
      ],
      { soc: WELDER, weight: 1 },
    );
    expect(shares).toEqual([
      { soc: WELDER, p: 0.7 },
      { soc: COOK, p: 0.3 },
    ]);
    expect(mixed([], { soc: COOK, weight: 0.3 })).toEqual([{ soc: COOK, p: 1 }]);
    expect(mixed([], undefined)).toEqual([]);
  });
});

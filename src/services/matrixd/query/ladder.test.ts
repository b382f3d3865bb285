import { describe, expect, test } from "bun:test";
import type { ReadRole } from "#contracts/matrix";
import type { Vote } from "#domain/occupations/vote";
import { climb, NO_ROLE } from "./ladder.ts";

const WELDER = "51-4121";
const HELPER = "51-9198";
const names = {
  nameOf: (soc: string) => (soc === WELDER ? "Welder" : "Production Helper"),
  learnt: 50_000,
  isTaught: false,
};

function voteFor(soc: string, more: Partial<Vote> = {}): Vote {
  const other = soc === WELDER ? HELPER : WELDER;
  const shares = [
    { soc, p: 0.8 },
    { soc: other, p: 0.2 },
  ];
  return { shares, similarity: 0.9, exact: undefined, nearest: [], ...more };
}

function reading(confidence: number): ReadRole {
  return { role: "Welder", soc: WELDER, source: "pattern", confidence };
}

describe("with thousands of titles", () => {
  test("a part of the words that was read gives way to what the titles say, as a guess", () => {
    const { role, shares, candidates } = climb(reading(0.76), [], voteFor(HELPER), names);
    expect(role).toMatchObject({ role: "Production Helper", soc: HELPER, source: "nearest" });
    expect(role.confidence).toBeLessThan(0.9);
    expect([shares[0]?.soc, candidates[0]?.soc]).toEqual([HELPER, HELPER]);
  });

  test("it stays where they agree", () => {
    const { role } = climb(reading(0.76), [], voteFor(WELDER), names);
    expect(role).toEqual(reading(0.76));
  });

  test("a whole title that was read stays, whatever is near it", () => {
    const sure = reading(0.95);
    const { role, candidates } = climb(
      sure,
      [{ role: "Welder", soc: WELDER, p: 0.95 }],
      voteFor(HELPER),
      names,
    );
    expect(role).toEqual(sure);
    expect(candidates[0]?.soc).toBe(WELDER);
  });

  test("a text without a role has the likeliest occupations for candidates, and names none", () => {
    const { role, candidates } = climb(
      NO_ROLE,
      [{ role: "Welder", soc: WELDER, p: 0.5 }],
      voteFor(HELPER),
      names,
    );
    expect(role).toEqual(NO_ROLE);
    expect(candidates.map(({ soc }) => soc)).toEqual([HELPER, WELDER]);
  });

  test("a title that is written like the text, and mostly used for one occupation, is named for sure", () => {
    const exact = [
      [HELPER, 9],
      [WELDER, 1],
    ] as const;
    const { role } = climb(reading(0.76), [], voteFor(HELPER, { exact, similarity: 1 }), names);
    expect(role).toMatchObject({ soc: HELPER, source: "dictionary" });
  });
});

test.each([0, 10])("with %i titles beside those that ship, what the grammar read stays", (learnt) => {
  const { role, candidates } = climb(
    reading(0.76),
    [{ role: "Welder", soc: WELDER, p: 0.76 }],
    voteFor(HELPER),
    {
      ...names,
      learnt,
    },
  );
  expect([role, candidates[0]?.soc]).toEqual([reading(0.76), WELDER]);
});

describe("one title that was learnt", () => {
  const shareOf = (soc: string, more: Partial<Parameters<typeof climb>[3]>): number =>
    climb(reading(0.95), [], voteFor(HELPER), { ...names, ...more }).shares.find((one) => one.soc === soc)
      ?.p ?? 0;

  test("hardly changes how other words are read, and ever more titles change it step by step", () => {
    const counts = [0, 1, 10, 100, 500, 1000, 50_000];
    const shares = counts.map((learnt) => shareOf(WELDER, { learnt }));
    expect(Math.abs((shares[1] as number) - (shares[0] as number))).toBeLessThan(0.001);
    expect(shares).toEqual(shares.toSorted((left, right) => right - left));
    expect(shares.at(-1)).toBe(shares.at(-2) as number);
  });

  test("counts whole for its own words", () => {
    expect(shareOf(HELPER, { learnt: 1, isTaught: true })).toBeGreaterThan(
      shareOf(WELDER, { learnt: 1, isTaught: true }),
    );
  });
});

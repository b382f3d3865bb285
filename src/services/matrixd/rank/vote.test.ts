import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { askedFor, type Ballot, vote } from "./vote.ts";

/** Titles 0 and 1 are of occupation 0, title 2 is of occupation 1, title 3 of both by halves. */
const OCCUPATIONS = [
  [[0, 1]],
  [[0, 1]],
  [[1, 1]],
  [
    [0, 0.5],
    [1, 0.5],
  ],
] as const;

function ballot(similarities: readonly number[], more: Partial<Ballot> = {}): Ballot {
  return {
    similarities: Float32Array.from(similarities),
    occupationsOf: (title) => OCCUPATIONS[title] ?? [],
    occupations: 3,
    shares: [],
    asked: undefined,
    adjacent: [],
    ...more,
  };
}

describe("the vote of the titles", () => {
  test("one very near title outvotes several that are less near", () => {
    const mass = vote(ballot([0.6, 0.6, 0.9, 0]));
    expect(mass[1]).toBeGreaterThan(0.9);
    expect(askedFor(mass)[0]).toBe(1);
  });

  test("a title of two occupations gives to both", () => {
    const mass = vote(ballot([0, 0, 0, 1]));
    expect([...mass]).toEqual([0.5, 0.5, 0]);
    expect(askedFor(mass)).toEqual([0, 1]);
  });

  test("what the ladder says counts more than all own titles together", () => {
    const mass = vote(ballot([1, 1, 0, 0], { shares: [[2, 1]], asked: 2, adjacent: [1] }));
    expect(mass[2]).toBeGreaterThan(0.7);
    expect(mass[0]).toBeLessThan(0.3);
    expect(mass[1]).toBeCloseTo(0.3 * (mass[2] ?? 0), 6);
  });

  test("nobody near, no votes; neighbours that no row has count for nothing", () => {
    expect([...vote(ballot([0, 0, 0, 0]))]).toEqual([0, 0, 0]);
    expect(askedFor(Float32Array.of(0, 0))).toEqual([]);
    const mass = vote(ballot([1, 0, 0, 0], { adjacent: [0xffff_ffff] }));
    expect(mass[0]).toBeCloseTo(1, 6);
  });

  test("votes are shares: none is below 0, and without neighbours all make at most 1", () => {
    const near = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 });
    const ladder = fc.option(fc.tuple(fc.nat(2), fc.double({ min: 0, max: 1, noNaN: true })), {
      nil: undefined,
    });
    fc.assert(
      fc.property(near, ladder, (similarities, share) => {
        const mass = vote(ballot(similarities, { shares: share === undefined ? [] : [share] }));
        expect(mass.every((share) => share >= 0)).toBe(true);
        expect(mass.reduce((sum, share) => sum + share, 0)).toBeLessThanOrEqual(1 + 1e-5);
      }),
    );
  });
});

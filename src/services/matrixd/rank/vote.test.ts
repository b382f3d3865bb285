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
    taxonomy: undefined,
    adjacent: [],
    ...more,
  };
}

describe("the vote of the titles", () => {
  test("one very near title outvotes several that are less near", () => {
    const mass = vote(ballot([0.6, 0.6, 0.9, 0]));
    expect(mass[1]).toBeGreaterThan(0.9);
    expect(askedFor(mass)).toEqual([1]);
  });

  test("a title of two occupations gives to both", () => {
    const mass = vote(ballot([0, 0, 0, 1]));
    expect([...mass]).toEqual([0.5, 0.5, 0]);
    expect(askedFor(mass)).toEqual([0, 1]);
  });

  test("what the taxonomy reads for sure counts twice as much as all titles", () => {
    const taxonomy = { occupation: 2, confidence: 1 };
    const mass = vote(ballot([1, 1, 0, 0], { taxonomy, adjacent: [1] }));
    expect(mass[2]).toBeCloseTo(2 / 3, 6);
    expect(mass[0]).toBeCloseTo(1 / 3, 6);
    expect(mass[1]).toBeCloseTo(0.2, 6);
  });

  test("nobody near, no votes; an occupation that no row has takes its votes along", () => {
    expect([...vote(ballot([0, 0, 0, 0]))]).toEqual([0, 0, 0]);
    expect(askedFor(Float32Array.of(0, 0))).toEqual([]);
    const elsewhere = { occupation: 0xffff_ffff, confidence: 1 };
    const mass = vote(ballot([1, 0, 0, 0], { taxonomy: elsewhere, adjacent: [0xffff_ffff] }));
    expect(mass[0]).toBeCloseTo(1 / 3, 6);
  });

  test("votes are shares: none is below 0, and without neighbours all make at most 1", () => {
    const near = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 });
    const taxonomy = fc.option(
      fc.record({ occupation: fc.nat(2), confidence: fc.double({ min: 0, max: 1, noNaN: true }) }),
      { nil: undefined },
    );
    fc.assert(
      fc.property(near, taxonomy, (similarities, read) => {
        const mass = vote(ballot(similarities, { taxonomy: read }));
        expect(mass.every((share) => share >= 0)).toBe(true);
        expect(mass.reduce((sum, share) => sum + share, 0)).toBeLessThanOrEqual(1 + 1e-5);
      }),
    );
  });
});

import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { type Mode, type Parts, placePart, scoreOf, type Standing } from "./score.ts";

const share = fc.double({ min: 0, max: 1, noNaN: true });
const maybe = fc.option(share, { nil: undefined });
const parts: fc.Arbitrary<Parts> = fc.record({
  dense: share,
  lexical: share,
  title: maybe,
  role: maybe,
  place: maybe,
});
const modes = fc.constantFrom<Mode>("hybrid", "dense", "lexical");
const standings = fc.constantFrom<Standing>("asked", "other", "open");

describe("a score", () => {
  test("is between 0 and 1, in every mode", () => {
    fc.assert(
      fc.property(parts, modes, standings, (one, mode, standing) => {
        const score = scoreOf(one, mode, standing);
        expect(score >= 0 && score <= 1).toBe(true);
      }),
    );
  });

  test("never falls when a part rises", () => {
    const names = fc.constantFrom<keyof Parts>("dense", "lexical", "title", "role", "place");
    fc.assert(
      fc.property(parts, names, share, modes, standings, (one, name, value, mode, standing) => {
        const before = one[name];
        if (before === undefined) return;
        const better = { ...one, [name]: Math.max(before, value) };
        expect(scoreOf(better, mode, standing)).toBeGreaterThanOrEqual(scoreOf(one, mode, standing) - 1e-12);
      }),
    );
  });

  test("puts people of the role that was asked for before all others, whatever else speaks for those", () => {
    fc.assert(
      fc.property(parts, parts, (asked, other) => {
        expect(scoreOf(asked, "hybrid", "asked")).toBeGreaterThanOrEqual(scoreOf(other, "hybrid", "other"));
      }),
    );
  });

  test("is the dense or the lexical part alone where only that counts", () => {
    const one = { dense: 0.3, lexical: 0.7, title: 1, role: 1, place: 1 };
    expect([scoreOf(one, "dense", "other"), scoreOf(one, "lexical", "other")]).toEqual([0.3, 0.7]);
  });

  test("leaves out what the question does not say, and counts what it says and nothing meets", () => {
    const bare = { dense: 0.5, lexical: 0.5, title: undefined, role: undefined, place: undefined };
    expect(scoreOf(bare, "hybrid", "open")).toBe(0.5);
    expect(scoreOf({ ...bare, role: 0 }, "hybrid", "open")).toBeLessThan(0.5);
    expect(scoreOf({ ...bare, place: 0 }, "hybrid", "open")).toBeCloseTo(0.5 / 3, 12);
  });
});

describe("a place", () => {
  test("gives half for the state and half for being near, which 35 miles halve", () => {
    expect(placePart(true, 0)).toBe(1);
    expect(placePart(true, 35)).toBeCloseTo(0.75, 12);
    expect(placePart(false, 35)).toBeCloseTo(0.25, 12);
    expect(placePart(true, undefined)).toBe(0.5);
    expect(placePart(false, undefined)).toBe(0);
  });

  test("is worth less the farther away it is", () => {
    const miles = fc.double({ min: 0, max: 10_000, noNaN: true });
    fc.assert(
      fc.property(fc.boolean(), miles, miles, (state, a, b) => {
        expect(placePart(state, Math.min(a, b))).toBeGreaterThanOrEqual(placePart(state, Math.max(a, b)));
      }),
    );
  });
});

import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import {
  type Mode,
  type Parts,
  placePart,
  rarities,
  scoreOf as scoreWith,
  STANDARD_WEIGHTS,
  type Standing,
} from "./score.ts";

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

function scoreOf(one: Parts, mode: Mode, standing: Standing, rarity = 1): number {
  return scoreWith(one, mode, { standing, qualified: undefined, rarity, nearest: 0.6 }, STANDARD_WEIGHTS);
}

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
    expect(scoreOf({ ...bare, place: 0.2 }, "hybrid", "open")).toBeCloseTo(0.1, 12);
  });

  test("of the likelier occupation beats any words of another one", () => {
    const likely = { dense: 0, lexical: 0, title: 0, role: 0.6, place: undefined };
    const worded = { dense: 1, lexical: 1, title: 1, role: 0.3, place: undefined };
    expect(scoreOf(likely, "hybrid", "open")).toBeGreaterThan(scoreOf(worded, "hybrid", "open"));
  });
});

describe("a list of several occupations that may be meant", () => {
  /** Expected nDCG of a list of occupations, all rows of equal worth. */
  function expected(
    list: readonly string[],
    chance: Record<string, number>,
    rows: Record<string, number>,
  ): number {
    const dcg = (at: readonly number[]): number => at.reduce((sum, rank) => sum + 1 / Math.log2(rank + 2), 0);
    return Object.entries(chance).reduce((sum, [name, p]) => {
      const ranks = list.flatMap((one, rank) => (one === name ? [rank] : []));
      const ideal = dcg(Array.from({ length: Math.min(10, rows[name] ?? 0) }, (_, rank) => rank));
      return sum + (p * dcg(ranks)) / ideal;
    }, 0);
  }

  test("is put together so that no exchange of two rows makes its expected nDCG higher", () => {
    const count = fc.integer({ min: 1, max: 30 });
    fc.assert(
      fc.property(fc.double({ min: 0.05, max: 0.95, noNaN: true }), count, count, (p, many, few) => {
        const chance = { a: p, b: 1 - p };
        const rows = { a: many, b: few };
        const rarity = rarities(
          new Map([
            [0, Array.from({ length: many }, () => 1)],
            [1, Array.from({ length: few }, () => 1)],
          ]),
          1,
        );
        const worth = { a: p * (rarity.get(0) ?? 0), b: (1 - p) * (rarity.get(1) ?? 0) };
        const all = [...Array.from({ length: many }, () => "a"), ...Array.from({ length: few }, () => "b")];
        const list = all.toSorted((x, y) => worth[y as "a" | "b"] - worth[x as "a" | "b"]).slice(0, 10);
        const best = expected(list, chance, rows);
        for (const first of ["a", "b"]) {
          const other = all.toSorted((x, y) => (x === first ? -1 : 0) - (y === first ? -1 : 0)).slice(0, 10);
          expect(best).toBeGreaterThanOrEqual(expected(other, chance, rows) - 1e-9);
        }
      }),
    );
  });

  test("counts the occupation with the fewest rows in full", () => {
    const rarity = rarities(
      new Map([
        [0, [1, 1, 1]],
        [1, [1]],
        [2, []],
      ]),
      1,
    );
    expect(rarity.get(1)).toBe(1);
    expect(rarity.get(0)).toBeLessThan(0.5);
    expect(rarities(new Map(), 1).size).toBe(0);
  });
});

describe("a place", () => {
  test("is worth most nearby, a part in the same state, and little elsewhere", () => {
    const at = (state: boolean, miles?: number): number => placePart(state, miles, STANDARD_WEIGHTS);
    expect(at(true, 0)).toBe(1);
    expect(at(true, 50)).toBeCloseTo(0.9, 12);
    expect(at(true, 1000)).toBeCloseTo(STANDARD_WEIGHTS.state, 3);
    expect(at(false, 1000)).toBeCloseTo(STANDARD_WEIGHTS.elsewhere, 3);
    expect([at(true), at(false)]).toEqual([STANDARD_WEIGHTS.state, STANDARD_WEIGHTS.elsewhere]);
  });

  test("is worth less the farther away it is", () => {
    const miles = fc.double({ min: 0, max: 10_000, noNaN: true });
    fc.assert(
      fc.property(fc.boolean(), miles, miles, (state, a, b) => {
        expect(placePart(state, Math.min(a, b), STANDARD_WEIGHTS)).toBeGreaterThanOrEqual(
          placePart(state, Math.max(a, b), STANDARD_WEIGHTS),
        );
      }),
    );
  });
});

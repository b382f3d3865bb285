import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { boostedScore, decayAt, effectOf, factorOf, weightAt } from "./effect.ts";

const share = fc.double({ min: 0, max: 1, noNaN: true });
const distance = fc.double({ min: 0, max: 2, noNaN: true });

describe("a record", () => {
  test("of score 1 for the same query halves the distance, and what is left of a score to 1", () => {
    const factor = factorOf({ effect: "lift", score: 1, weight: weightAt(0, 0.5), decay: decayAt(0, 1) });
    expect(factor).toBe(0.5);
    expect(0.4449 * factor).toBeCloseTo(0.22245, 10);
    expect(boostedScore(0.6, factor)).toBeCloseTo(0.8, 12);
  });

  test("lifts by at most half and pushes down by at most half, never the other way", () => {
    fc.assert(
      fc.property(share, share, share, (score, weight, decay) => {
        const lift = factorOf({ effect: "lift", score, weight, decay });
        const push = factorOf({ effect: "push_down", score, weight, decay });
        expect(lift >= 0.5 && lift <= 1).toBe(true);
        expect(push >= 1 && push <= 1.5).toBe(true);
        // The mirror: what a score lifts by, its opposite pushes down by.
        const mirrored = factorOf({ effect: "push_down", score: 1 - score, weight, decay });
        expect(mirrored - 1).toBeCloseTo(1 - lift, 12);
      }),
    );
  });

  test("is worth less the farther away its query and the older it is, and nothing from the greatest distance on", () => {
    fc.assert(
      fc.property(distance, distance, distance, (a, b, most) => {
        expect(weightAt(Math.min(a, b), most)).toBeGreaterThanOrEqual(weightAt(Math.max(a, b), most));
        if (most > 0) expect(weightAt(most, most)).toBe(0);
        expect(weightAt(0, most)).toBe(1);
      }),
    );
    expect([decayAt(0, 10), decayAt(10, 10), decayAt(20, 10), decayAt(-5, 10)]).toEqual([1, 0.5, 0.25, 1]);
  });

  test("pushes down when it is bad by score and by result", () => {
    for (const result of ["bad", "no_show", "No-show", "NO SHOW", "rejected", " Rejected "])
      expect(effectOf({ score: 0.2, outcome: { result } }), result).toBe("push_down");
    expect(effectOf({ score: 0.5, outcome: { result: "bad" } })).toBe("lift");
    expect(effectOf({ score: 0, outcome: { result: "filled" } })).toBe("lift");
    expect(effectOf({ score: 0, outcome: undefined })).toBe("lift");
  });
});

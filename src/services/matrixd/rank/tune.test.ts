import { describe, expect, test } from "bun:test";
import { STANDARD_WEIGHTS } from "./score.ts";
import type { Measured } from "./scoring.ts";
import { type JudgedQuery, tune } from "./tune.ts";

function candidate(id: string, parts: Partial<Measured["parts"]>): Measured {
  return {
    id,
    row: 0,
    distance: 0.5,
    metadata: {},
    parts: { dense: 0, lexical: 0, title: undefined, role: undefined, ...parts },
    sameState: false,
    miles: undefined,
    isPlaced: false,
    occupation: 0,
    standing: "open",
    qualified: undefined,
    missing: [],
    isNamed: false,
  };
}

/** The right row is the one with the words, and the vectors say the other. */
const worded = (at: number): JudgedQuery => ({
  measures: {
    occupations: [],
    nearest: 0.9,
    candidates: [candidate(`right ${at}`, { lexical: 0.5 }), candidate(`wrong ${at}`, { dense: 0.9 })],
  },
  grades: new Map([[`right ${at}`, 1]]),
});

describe("tuning", () => {
  test("finds the part that ranks right, and says so of queries it was not learnt from", async () => {
    const { weights, before, after } = await tune(
      Array.from({ length: 20 }, (_, at) => worded(at)),
      STANDARD_WEIGHTS,
    );
    expect(weights.lexical * 0.5).toBeGreaterThan(weights.dense * 0.9);
    expect(before).toBeLessThan(0.7);
    expect(after).toBe(1);
  });

  test("keeps the weights in use where none are better", async () => {
    const right: JudgedQuery = { ...worded(1), grades: new Map([["wrong 1", 1]]) };
    const { weights, before, after } = await tune([right, right], STANDARD_WEIGHTS);
    expect([weights, before, after]).toEqual([STANDARD_WEIGHTS, 1, 1]);
  });

  test("is not fooled by one query: what is learnt from others alone is told", async () => {
    const other: JudgedQuery = { ...worded(1), grades: new Map([["wrong 1", 1]]) };
    const { before, after } = await tune([worded(0), other, other, other, other], STANDARD_WEIGHTS);
    expect(after).toBeLessThanOrEqual(before);
  });
});

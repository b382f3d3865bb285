import { expect, test } from "bun:test";
import { seeded } from "#lib/random";
import {
  mcnemar,
  meanInterval,
  medianOf,
  type PairedCounts,
  pairedDifference,
  studentQuantile,
  wilson,
} from "./statistics.ts";

test("Wilson's interval, as Newcombe gives it for 81 of 263 and for 0 of 20", () => {
  const rounded = (interval: [number, number] | null): number[] =>
    (interval ?? []).map((value) => Number(value.toFixed(4)));
  expect(rounded(wilson(81, 263))).toEqual([0.2553, 0.3662]);
  expect(rounded(wilson(0, 20))).toEqual([0, 0.1611]);
  expect(wilson(0, 0)).toBeNull();
});

test("Student's quantiles, as tables have them", () => {
  const table = { 1: 12.7062, 2: 4.3027, 3: 3.1824, 4: 2.7764, 9: 2.2622, 29: 2.0452, 120: 1.9799 };
  for (const [degrees, expected] of Object.entries(table))
    expect(Math.abs(studentQuantile(Number(degrees)) - expected)).toBeLessThan(0.005);
});

test("McNemar's exact test: 1 against 9 of ten is 22 of 1024", () => {
  expect(mcnemar(1, 9)).toBeCloseTo(22 / 1024, 10);
  expect(mcnemar(9, 1)).toBeCloseTo(22 / 1024, 10);
  expect(mcnemar(0, 0)).toBe(1);
  expect(mcnemar(5, 5)).toBe(1);
  expect(mcnemar(400, 600)).toBeLessThan(1e-9);
});

test("the interval of a paired difference turns with its sides, and holds the difference", () => {
  const random = seeded(3);
  for (let n = 0; n < 500; n += 1) {
    const [both, onlyA, onlyB, neither] = [30, 30, 30, 30].map((most) => random.below(most)) as [
      number,
      number,
      number,
      number,
    ];
    const all = both + onlyA + onlyB + neither;
    if (all === 0) continue;
    const [low, high] = pairedDifference({ both, onlyA, onlyB, neither }) ?? [NaN, NaN];
    const [otherLow, otherHigh] = pairedDifference({ both, onlyA: onlyB, onlyB: onlyA, neither }) ?? [
      NaN,
      NaN,
    ];
    expect(low).toBeCloseTo(-otherHigh, 10);
    expect(high).toBeCloseTo(-otherLow, 10);
    expect(low).toBeLessThanOrEqual((onlyB - onlyA) / all);
    expect(high).toBeGreaterThanOrEqual((onlyB - onlyA) / all);
  }
});

test("it covers the true difference about 95 times of a hundred, for models that agree mostly", () => {
  const random = seeded(11);
  const shares = { both: 0.6, onlyA: 0.1, onlyB: 0.2, neither: 0.1 };
  const rounds = 2000;
  let covered = 0;
  for (let round = 0; round < rounds; round += 1) {
    const counts = { both: 0, onlyA: 0, onlyB: 0, neither: 0 };
    for (let pair = 0; pair < 60; pair += 1) counts[drawn(shares, random.next())] += 1;
    const [low, high] = pairedDifference(counts) ?? [1, -1];
    if (low <= 0.1 && 0.1 <= high) covered += 1;
  }
  expect(covered / rounds).toBeGreaterThan(0.93);
  expect(covered / rounds).toBeLessThan(0.98);
});

function drawn(shares: PairedCounts, at: number): keyof PairedCounts {
  let sum = 0;
  for (const name of ["both", "onlyA", "onlyB"] as const) {
    sum += shares[name];
    if (at < sum) return name;
  }
  return "neither";
}

test("means and medians", () => {
  expect(medianOf([3, 1, 2])).toBe(2);
  expect(medianOf([4, 1, 2, 3])).toBe(2.5);
  expect(medianOf([])).toBeNull();
  expect(meanInterval([1])).toBeNull();
  const [low, high] = meanInterval([1, 2, 3, 4, 5]) ?? [0, 0];
  // 3 ± 2.7764 · sqrt(2.5 / 5)
  expect(low).toBeCloseTo(1.0368, 2);
  expect(high).toBeCloseTo(4.9632, 2);
});

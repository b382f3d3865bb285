// The slope through points that are exact, that are noisy, and among which a few are wild.

import { expect, test } from "bun:test";
import { seeded } from "#lib/random";
import { type Point, slopeOf } from "./slope.ts";

function line(count: number, slope: number, noise: (place: number) => number): Point[] {
  return Array.from({ length: count }, (_, place) => ({ x: place, y: 100 + slope * place + noise(place) }));
}

test("a straight line has its slope and no spread", () => {
  expect(slopeOf(line(20, 3, () => 0))).toEqual({ median: 3, low: 3, high: 3 });
});

test("a level line has none", () => {
  expect(slopeOf(line(20, 0, () => 0)).median).toBe(0);
});

test("points that jump do not bend it, which would bend a fit by squares", () => {
  const wild = line(100, 0.5, (place) => (place > 90 ? 1000 : 0));
  expect(Math.abs(slopeOf(wild).median - 0.5)).toBeLessThan(0.3);
});

test("the spread holds the true slope about every other time", () => {
  const random = seeded(7);
  let held = 0;
  for (let round = 0; round < 100; round += 1) {
    const { low, high } = slopeOf(line(40, 2, () => random.next() * 10));
    if (low <= 2 && 2 <= high) held += 1;
  }
  expect(held).toBeGreaterThan(25);
  expect(held).toBeLessThan(75);
});

test("one moment is no line", () => {
  expect(() => slopeOf([{ x: 1, y: 1 }])).toThrow("two points");
});

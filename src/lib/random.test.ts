import { expect, test } from "bun:test";
import { seeded } from "./random.ts";

test("the same seed gives the same numbers, another seed others, all of them spread evenly", () => {
  const draw = (seed: number): number[] => {
    const random = seeded(seed);
    return Array.from({ length: 20_000 }, () => random.next());
  };
  const numbers = draw(1);
  expect(draw(1)).toEqual(numbers);
  expect(draw(2)).not.toEqual(numbers);
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...numbers)).toBeLessThan(1);
  const tenths = Object.values(Object.groupBy(numbers, (number) => Math.floor(number * 10)));
  expect(tenths).toHaveLength(10);
  for (const tenth of tenths) expect(Math.abs((tenth?.length ?? 0) - 2000)).toBeLessThan(200);
});

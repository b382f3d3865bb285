import { expect, test } from "bun:test";
import { INT8_MAX, Int8Rows, largestFor } from "./int8-rows.ts";
import { present } from "./assert.ts";
import { seeded } from "./random.ts";

const random = seeded(3);
const upTo = (largest: number, width: number): Int16Array =>
  Int16Array.from({ length: width }, () => Math.round((2 * random.next() - 1) * largest));

test("dot products are exact at every width, whatever lies beside the rows", () => {
  for (const width of [1, 5, 16, 37, 8_192]) {
    const rows = present(Int8Rows.create(width), "vector instructions");
    const all = Array.from({ length: 40 }, () => upTo(INT8_MAX, width));
    all.push(new Int16Array(width).fill(INT8_MAX), new Int16Array(width).fill(-INT8_MAX));
    for (const [row, numbers] of all.entries()) expect(rows.put(3 * row, numbers)).toBe(true);
    const largest = largestFor(width);
    for (const query of [upTo(largest, width), new Int16Array(width).fill(largest)]) {
      const expected = all.map((numbers) => dot(numbers, query));
      // In any order, and more than are summed in one call.
      const asked = Array.from({ length: 5_000 }, (_, at) => (at * 7) % all.length);
      const sums = rows.dots(
        query,
        Uint32Array.from(asked, (row) => 3 * row),
      );
      expect([...sums]).toEqual(asked.map((row) => present(expected[row], "a sum")));
    }
  }
});

test("a row that is written again has its new numbers, and one too far away has no memory", () => {
  const rows = present(Int8Rows.create(4), "vector instructions");
  rows.put(0, Int16Array.of(1, 2, 3, 4));
  rows.put(0, Int16Array.of(-1, 0, 0, 1));
  expect([...rows.dots(Int16Array.of(10, 20, 30, 40), Uint32Array.of(0))]).toEqual([30]);
  const { bytes } = rows;
  expect(rows.put(1e9, Int16Array.of(1, 1, 1, 1))).toBe(false);
  expect(rows.bytes).toBe(bytes);
  expect(Int8Rows.create(8_193)).toBeNull();
});

function dot(a: Int16Array, b: Int16Array): number {
  return a.reduce((sum, number, at) => sum + number * (b[at] ?? 0), 0);
}

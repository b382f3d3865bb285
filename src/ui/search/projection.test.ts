import { expect, test } from "bun:test";
import { projected, vectorOf } from "./projection.ts";

test("vectors come as they were sent", () => {
  const sent = new Float32Array([1, -0.5, 0.25]);
  expect(vectorOf(Buffer.from(sent.buffer).toString("base64"))).toEqual(sent);
});

test("two groups are apart on the plane, and the same vectors give the same picture", () => {
  const group = (base: number): Float32Array[] =>
    Array.from({ length: 20 }, (_, index) =>
      Float32Array.from(
        { length: 16 },
        (__, at) => (at % 2 === base ? 1 : 0) + 0.05 * Math.sin(index * 7 + at),
      ),
    );
  const points = projected([...group(0), ...group(1)]);
  const xs = points.map(({ x }) => x);
  const [left, right] = [xs.slice(0, 20), xs.slice(20)];
  expect(Math.max(...left) < Math.min(...right) || Math.max(...right) < Math.min(...left)).toBe(true);
  expect(projected([...group(0), ...group(1)])).toEqual(points);
  expect(points.every(({ x, y }) => x >= 0 && x <= 1 && y >= 0 && y <= 1)).toBe(true);
});

test("vectors that are all the same, one vector, and none have a place, too", () => {
  expect(projected([new Float32Array([1, 2]), new Float32Array([1, 2])])).toEqual([
    { x: 0.5, y: 0.5 },
    { x: 0.5, y: 0.5 },
  ]);
  expect(projected([])).toEqual([]);
});

import { expect, test } from "bun:test";
import { CountedCache } from "./counted-cache.ts";

test("what is found and what is not are counted, and its room is told in its own unit", () => {
  const cache = new CountedCache<string, string>({ max: 2 });
  for (const [key, value] of [
    ["a", "1"],
    ["b", "2"],
    ["c", "3"],
  ] as const)
    cache.set(key, value);
  expect([cache.get("a"), cache.get("c"), cache.get("c"), cache.peek("b")]).toEqual([
    undefined,
    "3",
    "3",
    "2",
  ]);
  expect(cache.figures).toEqual({ used: 2, max: 2, unit: "entries", hits: 2, misses: 1 });
  const sized = new CountedCache<string, Uint8Array>({
    maxSize: 10,
    sizeCalculation: ({ byteLength }) => byteLength,
  });
  sized.set("a", new Uint8Array(6));
  sized.set("b", new Uint8Array(4));
  sized.set("c", new Uint8Array(4));
  expect(sized.figures).toMatchObject({ used: 8, max: 10, unit: "bytes", hits: 0, misses: 0 });
});

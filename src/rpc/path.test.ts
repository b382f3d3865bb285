// Paths that are written from fields: what a URL would resolve is refused.

import { expect, test } from "bun:test";
import { writePath } from "./path.ts";

test("fields fill their places, encoded", () => {
  expect(writePath("/v1/vectors/{index}/search", { index: "a b/c" })).toBe("/v1/vectors/a%20b%2Fc/search");
  expect(writePath("/v1/storage/{key+}", { key: "a/b c.txt" })).toBe("/v1/storage/a/b%20c.txt");
  expect(writePath("/v1/storage/{key+}", { key: "a/..b/.c" })).toBe("/v1/storage/a/..b/.c");
});

test.each(["..", ".", "a/../b", "../a", "a/."])("%s would be another path", (key) => {
  expect(() => writePath("/v1/storage/{key+}", { key })).toThrow("key: . and .. are no names.");
});

test("a segment that is empty would be another path, and the rest of one may be", () => {
  expect(() => writePath("/v1/vectors/{index}/search", { index: "" })).toThrow("index: must not be empty.");
  expect(writePath("/v1/storage/{key+}", { key: "" })).toBe("/v1/storage/");
});

import { expect, test } from "bun:test";
import { listOf, readTable } from "./tsv.ts";

test("rows come by column, comments and empty lines are left out", () => {
  const text = "# about\ncode\tname\nTX\tTexas\n\nNV\t\n";
  expect(readTable(text, ["code", "name"])).toEqual([
    { code: "TX", name: "Texas" },
    { code: "NV", name: "" },
  ]);
});

test("a table with other columns or a torn row is a bug", () => {
  expect(() => readTable("code\nTX\n", ["code", "name"])).toThrow();
  expect(() => readTable("code\tname\nTX\n", ["code", "name"])).toThrow();
});

test("an empty cell is an empty list", () => {
  expect(listOf("")).toEqual([]);
  expect(listOf("a, b c")).toEqual(["a", "b c"]);
});

import { expect, test } from "bun:test";
import fc from "fast-check";
import { sidesOf, typedValue, valueText } from "./sides.ts";
import { wordDiff } from "./word-diff.ts";

const voice = (source: string, value: string | number | boolean | null) => ({
  source,
  value,
  observed_at: "2026-11-30T10:00:00Z",
  confidence: 1,
});

test("each value is a side with those who say it, the likeliest first and then by how many say it", () => {
  const sides = sidesOf({
    value: "a",
    supporting: [voice("ats", "a"), voice("crm", "A")],
    dissenting: [voice("x", "c"), voice("y", "b"), voice("z", "b")],
  });
  expect(sides.map(({ value, voices, holds }) => [value, voices.length, holds])).toEqual([
    ["a", 2, true],
    ["b", 2, false],
    ["c", 1, false],
  ]);
  // A number and its text are told apart.
  expect(sidesOf({ value: 1, supporting: [], dissenting: [voice("x", "1"), voice("y", 1)] })).toHaveLength(3);
  expect([null, true, false, 1.5].map(valueText)).toEqual(["no value", "yes", "no", "1.5"]);
});

test("what is typed is of the sources' kind, or refused", () => {
  const of = (...values: (string | number | boolean | null)[]) =>
    sidesOf({
      value: values[0] ?? null,
      supporting: values.map((value) => voice("s", value)),
      dissenting: [],
    });
  expect([typedValue(" 21 ", of(18.5)), typedValue("a lot", of(18.5)), typedValue("", of(1))]).toEqual([
    21,
    undefined,
    undefined,
  ]);
  expect([typedValue("yes", of(true)), typedValue("No", of(true)), typedValue("maybe", of(false))]).toEqual([
    true,
    false,
    undefined,
  ]);
  expect([typedValue("21", of("18", 18)), typedValue("21", of(null)), typedValue(" ", of("a"))]).toEqual([
    "21",
    "21",
    undefined,
  ]);
});

test("a comparison holds both texts whole, and equal texts have no change", () => {
  const words = fc.array(fc.constantFrom("a", "b", "東京", "to\n", " "), { maxLength: 30 });
  fc.assert(
    fc.property(words, words, (left, right) => {
      const [before, after] = [left.join(" "), right.join(" ")];
      const pieces = wordDiff(before, after);
      const without = (change: string): string =>
        pieces
          .filter((piece) => piece.change !== change)
          .map(({ text }) => text)
          .join("");
      expect([without("added"), without("removed")]).toEqual([before, after]);
      expect(wordDiff(before, before).every(({ change }) => change === "same")).toBe(true);
    }),
  );
  const long = "word ".repeat(2000);
  expect(wordDiff(long, `${long}more`).map(({ change }) => change)).toEqual(["removed", "added"]);
});

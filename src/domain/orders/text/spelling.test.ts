import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { editDistance, letterMask, masksAreFar, nearWords } from "./spelling.ts";

const word = fc.string({ unit: fc.constantFrom("a", "b", "c", "d", "e"), minLength: 1, maxLength: 8 });

/** The textbook's table, without a limit. */
function distance(left: string, right: string): number {
  const rows = Array.from({ length: left.length + 1 }, (_, row) =>
    Array.from({ length: right.length + 1 }, (_, at) => (row === 0 ? at : at === 0 ? row : 0)),
  );
  const cell = (row: number, at: number): number => rows[row]?.[at] ?? 0;
  for (let row = 1; row <= left.length; row++) {
    for (let at = 1; at <= right.length; at++) {
      const same = left[row - 1] === right[at - 1] ? 0 : 1;
      let cost = Math.min(cell(row - 1, at) + 1, cell(row, at - 1) + 1, cell(row - 1, at - 1) + same);
      if (row > 1 && at > 1 && left[row - 1] === right[at - 2] && left[row - 2] === right[at - 1])
        cost = Math.min(cost, cell(row - 2, at - 2) + 1);
      const line = rows[row];
      if (line !== undefined) line[at] = cost;
    }
  }
  return cell(left.length, right.length);
}

test("the distance is the textbook's, cut off at the limit", () => {
  fc.assert(
    fc.property(word, word, fc.integer({ min: 0, max: 3 }), (left, right, most) => {
      expect(editDistance(left, right, most)).toBe(Math.min(distance(left, right), most + 1));
    }),
  );
});

test("masks never rule out a word that is near", () => {
  fc.assert(
    fc.property(word, word, (left, right) => {
      const near = distance(left, right);
      expect(masksAreFar(letterMask(left), letterMask(right), near)).toBe(false);
    }),
  );
});

test("near words are all those with the same first letter, or the first two swapped", () => {
  fc.assert(
    fc.property(fc.uniqueArray(word, { maxLength: 30 }), word, (words, typed) => {
      const found = nearWords(words).within(typed, 2);
      const wanted = words.filter((one) => {
        const starts = one[0] === typed[0] || (one[0] === typed[1] && one[1] === typed[0]);
        return starts && distance(one, typed) <= 2;
      });
      expect(new Set(found.map(({ number }) => words[number]))).toEqual(new Set(wanted));
    }),
  );
});

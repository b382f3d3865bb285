import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { cut, tableLines } from "./table.ts";

const COLUMNS = [{ name: "name" }, { name: "rows", align: "right" as const }];

describe("a table", () => {
  test("aligns text left and numbers right, below their heads", () => {
    const lines = tableLines(
      COLUMNS,
      [
        ["workers", 5000],
        ["o", 12],
      ],
      { width: Infinity },
    );
    expect(lines).toEqual(["name     rows", "workers  5000", "o          12"]);
  });

  test("without rows is its head", () => {
    expect(tableLines(COLUMNS, [], { width: 80 })).toEqual(["name  rows"]);
  });

  test("counts wide characters as the two columns they take", () => {
    const [, first = "", second = ""] = tableLines(
      COLUMNS,
      [
        ["東京", 1],
        ["Rome", 2],
      ],
      { width: Infinity },
    );
    expect(Bun.stringWidth(first)).toBe(Bun.stringWidth(second));
  });

  test("shows no control character: an escape sequence in the data stays text", () => {
    const [, line = ""] = tableLines([{ name: "x" }], [["\u001B[31mred\u001B[0m\nnext\u202Eback"]], {
      width: Infinity,
    });
    // eslint-disable-next-line no-control-regex
    expect(line).not.toMatch(/[\u0000-\u001f\u202e]/);
    expect(line).toContain("\\n");
  });

  test("null can be seen, what is not there is empty, nested values are JSON", () => {
    const columns = [{ name: "a" }, { name: "b" }, { name: "c" }];
    const [, line] = tableLines(columns, [[null, undefined, { c: 1 }]], { width: Infinity });
    expect(line).toBe('NULL     {"c":1}');
  });

  test("fits whatever it is given into the width, as long as each column keeps a little", () => {
    const cell = fc.string({ unit: "grapheme", maxLength: 40 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(cell, cell, cell), { maxLength: 5 }),
        fc.integer({ min: 30, max: 90 }),
        (rows, width) => {
          const columns = [{ name: "first" }, { name: "second" }, { name: "third" }];
          for (const line of tableLines(columns, rows, { width }))
            expect(Bun.stringWidth(line)).toBeLessThanOrEqual(width);
        },
      ),
    );
  });

  test("takes from the widest column first", () => {
    const [, line = ""] = tableLines([{ name: "id" }, { name: "why" }], [["w-1", "x".repeat(60)]], {
      width: 40,
    });
    expect(line.startsWith("w-1  xxx")).toBe(true);
    expect(line.endsWith("…")).toBe(true);
  });
});

describe("cut", () => {
  test("leaves what fits, and ends in an ellipsis what does not", () => {
    expect(cut("abcdef", 6)).toBe("abcdef");
    expect(cut("abcdefg", 6)).toBe("abcde…");
  });

  test("does not cut a character in two", () => {
    expect(cut("👩‍🚒👩‍🚒👩‍🚒", 4)).toBe("👩‍🚒…");
  });
});

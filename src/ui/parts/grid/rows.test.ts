import { expect, test } from "bun:test";
import fc from "fast-check";
import { csvText } from "../csv.ts";
import { compareCells } from "./cells.ts";
import { type Column, filteredBy, nextSort, rangeInSight, sortedBy } from "./rows.ts";

type Row = Readonly<Record<string, unknown>>;

const column = (key: string): Column<Row> => ({ key, title: key, value: (row) => row[key] });
const COLUMNS = [column("name"), column("pay")];
const ROWS: readonly Row[] = [
  { name: "Zoë", pay: "9.5" },
  { name: "ann", pay: "10.25" },
  { name: "Łukasz", pay: null },
  { name: "item 10", pay: 3 },
  { name: "item 9", pay: -1 },
];
const names = (rows: readonly Row[]): unknown[] => rows.map(({ name }) => name);

test("numbers are sorted by size, also as text, and what is missing is last in both orders", () => {
  expect(names(sortedBy(ROWS, COLUMNS, "pay"))).toEqual(["item 9", "item 10", "Zoë", "ann", "Łukasz"]);
  expect(names(sortedBy(ROWS, COLUMNS, "-pay"))).toEqual(["ann", "Zoë", "item 10", "item 9", "Łukasz"]);
  expect(names(sortedBy(ROWS, COLUMNS, "name")).slice(0, 3)).toEqual(["ann", "item 9", "item 10"]);
  expect(sortedBy(ROWS, COLUMNS, "none")).toBe(ROWS);
});

test("a header goes from up to down to the order of the rows", () => {
  expect([undefined, "pay", "-pay", "name"].map((sort) => nextSort(sort, "pay"))).toEqual([
    "pay",
    "-pay",
    undefined,
    "pay",
  ]);
});

test("every word has to stand in a row, or in the column it names", () => {
  expect(names(filteredBy(ROWS, COLUMNS, "ITEM 10"))).toEqual(["item 10"]);
  expect(names(filteredBy(ROWS, COLUMNS, "name:9"))).toEqual(["item 9"]);
  expect(names(filteredBy(ROWS, COLUMNS, "pay:9"))).toEqual(["Zoë"]);
  expect(filteredBy(ROWS, COLUMNS, "  ")).toBe(ROWS);
});

test("any two values have an order, and it is the same from both sides", () => {
  const cell = fc.oneof(
    fc.string(),
    fc.double({ noNaN: true }),
    fc.constant(null),
    fc.boolean(),
    fc.object(),
  );
  fc.assert(
    fc.property(cell, cell, (a, b) => {
      expect(Math.sign(compareCells(a, b, 1)) + Math.sign(compareCells(b, a, 1))).toBe(0);
    }),
  );
});

test("the rows that are drawn hold those in sight, however far a person scrolls", () => {
  fc.assert(
    fc.property(
      fc.nat(4_000_000),
      fc.integer({ min: 30, max: 2000 }),
      fc.nat(100_000),
      (top, height, count) => {
        const { first, end } = rangeInSight(top, height, 30, count);
        expect(first).toBeGreaterThanOrEqual(0);
        expect(end).toBeLessThanOrEqual(Math.max(count, first));
        expect(end - first).toBeLessThanOrEqual(height / 30 + 27);
        const seen = Math.floor(top / 30);
        if (seen < count) expect(first <= seen && seen < end).toBe(true);
      },
    ),
  );
});

test("an export quotes what a spreadsheet would run, and nothing else", () => {
  expect(
    csvText(
      ["a", "b"],
      [
        ["=1+1", -3],
        ['say "hi"', null],
        ["line\nbreak", { x: 1 }],
      ],
    ),
  ).toBe('a,b\r\n\'=1+1,-3\r\n"say ""hi""",\r\n"line\nbreak","{""x"":1}"\r\n');
});

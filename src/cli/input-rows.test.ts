import { expect, test } from "bun:test";
import fc from "fast-check";
import { UsageProblem } from "./failure.ts";
import { rowsIn, rowsOf } from "./input-rows.ts";

test("a list, one object and an object on each line are rows, whatever the values", () => {
  const row = fc.dictionary(fc.string({ minLength: 1 }), fc.oneof(fc.string(), fc.boolean(), fc.integer()), {
    noNullPrototype: true,
  });
  fc.assert(
    fc.property(fc.array(row, { minLength: 1 }), (rows) => {
      const plain = JSON.parse(JSON.stringify(rows)) as typeof rows;
      expect(rowsIn(JSON.stringify(rows, null, 2), "rows")).toEqual(plain);
      expect(rowsIn(rows.map((one) => JSON.stringify(one)).join("\r\n"), "rows")).toEqual(plain);
      expect(rowsIn(JSON.stringify(rows[0]), "rows")).toEqual(plain.slice(0, 1));
    }),
  );
});

test("a number that would be rounded stays the text that was written", () => {
  const text =
    '{"id":9007199254740993,"deep":{"n":[-18446744073709551615]},"p":0.1234567890123456789,"m":15.50,"n":7}';
  expect(rowsIn(text, "rows")).toEqual([
    {
      id: "9007199254740993",
      deep: { n: ["-18446744073709551615"] },
      p: "0.1234567890123456789",
      m: 15.5,
      n: 7,
    },
  ]);
  expect(rowsIn('{"n":1e999}', "rows")).toEqual([{ n: "1e999" }]);
});

test.each([
  ["", "is empty"],
  ["[]", "is an empty list"],
  ["[1]", "row 1: a row is an object"],
  ['{"a":1}\n{"a":', "row 2 is not valid JSON"],
  ["id,name\n1,Ann\n", "row 1 is not valid JSON"],
])("%p is refused with its place", (text, problem) => {
  expect(() => rowsIn(text, "rows.json")).toThrow(UsageProblem);
  expect(() => rowsIn(text, "rows.json")).toThrow(problem);
});

test("more than an append takes is a file", async () => {
  expect(() => rowsIn('{"a":1}\n'.repeat(10_001), "rows")).toThrow("lakehouse ingest");
  const endless = new ReadableStream<Uint8Array>({ pull: (to) => to.enqueue(new Uint8Array(2 ** 20)) });
  expect(rowsOf(endless, "stdin")).rejects.toThrow("lakehouse ingest");
});

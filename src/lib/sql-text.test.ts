import { expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import fc from "fast-check";
import { quoteIdentifier, quoteLiteral } from "./sql-text.ts";

/** What breaks out of quotes when it may, and letters. */
const text = fc
  .oneof(
    fc.string({ unit: fc.constantFrom("'", '"', "\\", ";", "-", "/", "*", "a", " ", "\n", "é", "😀") }),
    fc.string(),
  )
  .filter((one) => one.isWellFormed() && !one.includes("\0"));

test("whatever a text holds, a literal of it is that text", () => {
  const database = new Database(":memory:");
  fc.assert(
    fc.property(text, (value) => {
      const rows = database.query(`SELECT ${quoteLiteral(value)} AS value`).all();
      expect(rows).toEqual([{ value }]);
    }),
  );
});

test("whatever a name holds, a column of it has that name", () => {
  const database = new Database(":memory:");
  fc.assert(
    fc.property(text, (name) => {
      const [row] = database.query(`SELECT 1 AS ${quoteIdentifier(`c${name}`)}`).all() as [object];
      expect(Object.entries(row)).toEqual([[`c${name}`, 1]]);
    }),
  );
});

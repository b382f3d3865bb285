import { expect, test } from "bun:test";
import { FUNCTIONS, HISTOGRAMS, TABLE_FUNCTIONS } from "#services/queryd/guard/functions";
import { OFFERED_FUNCTIONS } from "./functions.ts";

/** Written in SQL's own grammar: the guard sees no function there. */
const GRAMMAR = new Set(["coalesce", "nullif", "current_date"]);

test("the editor offers no function that a statement may not call", () => {
  const refused = OFFERED_FUNCTIONS.filter(
    ({ name }) =>
      !FUNCTIONS.has(name) && !TABLE_FUNCTIONS.has(name) && !HISTOGRAMS.has(name) && !GRAMMAR.has(name),
  );
  expect(refused).toEqual([]);
});

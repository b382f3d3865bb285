import { expect, test } from "bun:test";
import { weights } from "#contracts/tuning";
import { judgementsIn, WEIGHT_MAX, WEIGHT_WORDS, withJudgement } from "./search-words.ts";

test("every weight of the contract has its words and its bounds", () => {
  const names = Object.keys(weights.shape).sort();
  expect(Object.keys(WEIGHT_WORDS).sort()).toEqual(names);
  const largest = Object.fromEntries(names.map((name) => [name, WEIGHT_MAX[name] ?? 1]));
  expect(weights.safeParse(largest).success).toBe(true);
  for (const name of names)
    expect(weights.safeParse({ ...largest, [name]: (largest[name] ?? 0) + 1 }).success).toBe(false);
});

test("judged queries are read from a spreadsheet, and the first wrong line is named", () => {
  const { judgements, problem } = judgementsIn(
    'query_text,id,grade\n"cook, Aspen ""CO""",w-1,3\nforklift Springfield IL,w-2,0\n\n',
  );
  expect(problem).toBeUndefined();
  expect(judgements).toEqual([
    { query_text: 'cook, Aspen "CO"', id: "w-1", grade: 3 },
    { query_text: "forklift Springfield IL", id: "w-2", grade: 0 },
  ]);
  expect(judgementsIn("cook\tw-1\t2").judgements.length).toBe(1);
  expect(judgementsIn("cook,w-1,3\ncook,w-2,lots").problem).toStartWith("Line 2");
});

test("the last grade of a pair counts", () => {
  const first = { query_text: "cook", id: "w-1", grade: 3 };
  expect(withJudgement(withJudgement([], first), { ...first, grade: 0 })).toEqual([{ ...first, grade: 0 }]);
});

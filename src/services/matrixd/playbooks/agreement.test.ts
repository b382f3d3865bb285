import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { type AgreementQuery, agreedAnswers } from "./agreement.ts";
import { newLibrary } from "./library.ts";
import { type Playbook, playbookIdOf } from "./playbook.ts";

const WORDS = "3 tower monkeys in Reno for May 4";

interface Said {
  readonly answer: string;
  readonly role?: string | null;
  readonly text?: string;
  readonly score?: number;
  readonly result?: string;
}

function playbook({
  answer: answerId,
  role = null,
  text: queryText = WORDS,
  score = 1,
  result,
}: Said): Playbook {
  const key = { corpus: "people", queryText, role, answerId, actor: "ana" };
  const outcome = result === undefined ? undefined : { result };
  const rest = { tags: undefined, expiresAt: undefined, recordedBy: "local" };
  const version = { version: 1, score, outcome, recordedAt: 0, ...rest };
  const none = { changes: [], replays: new Map(), exposures: 0, lastExposedAt: undefined };
  return { ...key, id: playbookIdOf(key), versions: [version], ...none };
}

/** People by id: "r-welder-1" has the role that its id says, "t-..." a title that nobody knows. */
const roleIn = (id: string): string | null | undefined =>
  id.startsWith("r-welder")
    ? "Welder"
    : id.startsWith("r-cook")
      ? "Line Cook"
      : id.startsWith("t-")
        ? "Rigger II"
        : null;

function agreed(said: readonly Said[], more: Partial<AgreementQuery> = {}, distance = 0): string[] {
  const library = newLibrary();
  const playbooks = said.map(playbook);
  for (const one of playbooks) library.put(one);
  const near = [...library.queries("people").values()].map((recorded) => ({ recorded, distance }));
  const query: AgreementQuery = {
    text: WORDS,
    role: null,
    gate: "strict",
    at: 1,
    personRole: roleIn,
    personCode: () => undefined,
    ...more,
  };
  return [...agreedAnswers(near, library, query)].sort();
}

const codes = (byId: Readonly<Record<string, string>>): Partial<AgreementQuery> => ({
  personCode: (id) => byId[id],
});

describe("people who were recorded for words that nobody could read", () => {
  const two = [{ answer: "t-1" }, { answer: "t-2" }];

  test("may be brought in when there are two at least, of one title or of one code", () => {
    expect(agreed(two)).toEqual(["t-1", "t-2"]);
    expect(
      agreed([{ answer: "a" }, { answer: "t-1" }], codes({ a: "49-9081", "t-1": "49-9081" })),
    ).toHaveLength(2);
    expect(agreed(two.slice(0, 1))).toEqual([]);
  });

  test("may not when one of them is of another occupation, or of none that is known", () => {
    expect(agreed([...two, { answer: "r-cook-1" }])).toEqual([]);
    expect(agreed([...two, { answer: "x" }])).toEqual([]);
    expect(agreed(two, codes({ "t-1": "49-9081", "t-2": "35-2014" }))).toEqual([]);
    const known = [{ answer: "r-welder-1" }, { answer: "r-cook-1" }];
    expect(agreed(known, codes({ "r-welder-1": "51-4121", "r-cook-1": "51-4121" }))).toEqual([]);
  });

  test("may not where a role is known, of the query or of a record, nor with an open gate", () => {
    expect(agreed(two, { role: "Welder" })).toEqual([]);
    expect(agreed([...two, { answer: "t-3", role: "Welder" }])).toEqual([]);
    expect(agreed(two, { gate: "off" })).toEqual([]);
  });

  test("are those of the same words, whatever the numbers in them are, and of no others that are near", () => {
    expect(agreed(two, { text: "12 Tower Monkeys in RENO, for May 9" }, 0.03)).toHaveLength(2);
    expect(agreed(two, { text: "3 tower monkeys in Elko for May 4" }, 0.03)).toEqual([]);
    expect(agreed(two, { text: "12 tower monkeys in Reno for May 9" }, 0.06)).toEqual([]);
  });

  test("are those who did well", () => {
    const bad = { answer: "r-cook-1", score: 0, result: "no_show" };
    expect(agreed([...two, bad])).toEqual(["t-1", "t-2"]);
    expect(agreed([two[0] as Said, { answer: "t-2", score: 0.1, result: "rejected" }])).toEqual([]);
  });

  test("are never of two occupations, whoever was recorded", () => {
    const people = fc.array(fc.constantFrom("t-1", "t-2", "r-welder-1", "r-welder-2", "r-cook-1", "x"), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(people, (ids) => {
        const found = agreed(ids.map((answer) => ({ answer })));
        expect(new Set(found.map(roleIn)).size).toBeLessThan(2);
        expect(found).not.toContain("x");
      }),
    );
  });
});

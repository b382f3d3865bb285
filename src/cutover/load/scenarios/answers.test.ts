import { describe, expect, test } from "bun:test";
import type { MatrixHit, Searched } from "#contracts/matrix";
import { present } from "#lib/assert";
import { orderAt } from "../material/orders.ts";
import { countAt, idOf, type LoadRoster, nthAt, numberOf, workerAt } from "../material/roster.ts";
import { checkHits, checkReading, checkSame } from "./answers.ts";
import { WrongAnswer } from "./scenario.ts";

const roster: LoadRoster = { seed: 7, workers: 3000 };
const corpus = "people";
const order = orderAt(roster.seed, 4);

/** The answer that a right house gives. */
function rightHits(k: number): MatrixHit[] {
  const people = Array.from({ length: 20 }, (_, nth) => nthAt(roster, order.roleAt, order.placeAt, nth))
    .filter((number) => number !== undefined && workerAt(roster, number).status === "active")
    .slice(0, k);
  return people.map((number, rank) => hitOf(present(number, "a person"), rank));
}

function hitOf(number: number, rank: number, more: Partial<MatrixHit> = {}): MatrixHit {
  const { worker_id: id, name, role, city, state, status } = workerAt(roster, number);
  return {
    rank,
    base_rank: rank,
    id,
    corpus,
    cite: `${corpus}@1#${id}`,
    distance: 0.1,
    distance_raw: 0.1,
    score: 0.9,
    metadata: { name, role, city, state, status },
    ...more,
  };
}

function failedCheck(hits: readonly MatrixHit[], k = 10, degraded = false): string {
  try {
    checkHits({ hits: [...hits], degraded }, order, { roster, corpus }, k);
    return "";
  } catch (thrown) {
    if (thrown instanceof WrongAnswer) return thrown.check;
    throw thrown;
  }
}

const elsewhere = present(nthAt(roster, order.roleAt, order.placeAt + 1, 0), "somebody elsewhere");
const otherRole = present(nthAt(roster, order.roleAt + 1, order.placeAt, 0), "somebody of another role");
const banned = present(nthAt(roster, order.roleAt, order.placeAt, 7), "somebody who must not be sent");
const replaced = (hit: MatrixHit): MatrixHit[] => rightHits(10).map((one, at) => (at === 3 ? hit : one));
const boost = { factor: 0.5, playbook_id: "pb_1", version: 1, query_distance: 0 };

describe("hits of a search", () => {
  test("the right ones pass, also with somebody of the role whom a playbook brought", () => {
    expect(failedCheck(rightHits(10))).toBe("");
    expect(failedCheck(replaced(hitOf(elsewhere, 3, { boost })))).toBe("");
  });

  test.each([
    ["people of the role at the place", replaced(hitOf(elsewhere, 3))],
    ["people of the role at the place", replaced(hitOf(otherRole, 3))],
    ["people of the role at the place", rightHits(9)],
    ["people of the role at the place", []],
    ["playbooks lift their role alone", replaced(hitOf(otherRole, 3, { boost }))],
    ["only people who may be sent", replaced(hitOf(banned, 3))],
    ["hits are of the roster", replaced(hitOf(elsewhere, 3, { id: idOf(roster.workers) }))],
    ["people as the roster has them", replaced({ ...hitOf(elsewhere, 3), id: idOf(otherRole) })],
    ["hits cite their row", replaced({ ...present(rightHits(4)[3], "a hit"), cite: "people@1#load-1" })],
    ["hits cite their row", replaced({ ...present(rightHits(4)[3], "a hit"), corpus: "others" })],
    ["scores in order", replaced({ ...present(rightHits(4)[3], "a hit"), score: 0.95 })],
    ["ranks in order", replaced({ ...present(rightHits(4)[3], "a hit"), rank: 4 })],
    ["each person once", replaced({ ...present(rightHits(4)[2], "a hit"), rank: 3 })],
  ])("%s is found", (name, hits) => {
    expect(failedCheck(hits)).toBe(name);
  });

  test("more than k and a degraded answer are found", () => {
    expect(failedCheck(rightHits(10), 9)).toBe("k hits at most");
    expect(failedCheck(rightHits(10), 10, true)).toBe("not degraded");
  });

  test("another answer to the same question is found", () => {
    const hits = rightHits(10);
    expect(() => checkSame({ hits }, { hits: rightHits(10) }, "")).not.toThrow();
    const moved = hits.map((hit, at) => (at === 9 ? { ...hit, score: hit.score - 1e-6 } : hit));
    expect(() => checkSame({ hits }, { hits: moved }, "")).toThrow(WrongAnswer);
  });
});

test("each slot that was read wrongly is found", () => {
  const { place, headcount, shift, pay, role } = order;
  const slots: Searched["query"]["slots"] = { city: place.city, state: place.state, headcount, shift, pay };
  const read = (change: Partial<typeof slots>, of: string | null = role): (() => void) => {
    return () => checkReading({ role: { role: of }, slots: { ...slots, ...change } }, order);
  };
  expect(read({})).not.toThrow();
  for (const wrong of [
    read({}, "Welder"),
    read({}, null),
    read({ state: "OR" }),
    read({ headcount: headcount + 1 }),
    read({ shift: "00:00-08:00" }),
    read({ pay: pay + 1 }),
  ])
    expect(wrong).toThrow(WrongAnswer);
});

test("the roster's arithmetic is that of its rows", () => {
  const rows = Array.from({ length: roster.workers }, (_, number) => workerAt(roster, number));
  expect(new Set(rows.map(({ worker_id }) => worker_id)).size).toBe(roster.workers);
  for (const [roleAt, placeAt] of [
    [0, 0],
    [5, 19],
    [3, 7],
  ] as const) {
    const one = workerAt(roster, present(nthAt(roster, roleAt, placeAt, 0), "somebody"));
    const same = rows.filter(({ role, city }) => role === one.role && city === one.city);
    for (const status of ["active", "inactive", "do_not_hire"] as const)
      expect(countAt(roster, roleAt, placeAt, status)).toBe(
        same.filter((worker) => worker.status === status).length,
      );
  }
  expect([
    numberOf(roster, "load-0002999"),
    numberOf(roster, "load-0003000"),
    numberOf(roster, "w-1"),
  ]).toEqual([2999, undefined, undefined]);
});

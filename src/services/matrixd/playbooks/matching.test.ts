import { describe, expect, test } from "bun:test";
import { newLibrary } from "./library.ts";
import type { OrderPlace } from "./order-place.ts";
import { matchesAmong, type MatchQuery } from "./matching.ts";
import { type Change, type Playbook, playbookIdOf, standingAt } from "./playbook.ts";

const DAY_MS = 86_400_000;
const NOW = 1000 * DAY_MS;

interface Said {
  readonly answer?: string;
  readonly actor?: string;
  readonly key?: string;
  readonly score?: number;
  readonly result?: string;
  readonly role?: string | null;
  readonly text?: string;
  readonly at?: number;
  readonly expiresAt?: number;
  readonly changes?: readonly Change[];
  readonly place?: OrderPlace;
}

function playbook({
  answer: answerId = "w1",
  actor = "ana",
  key: recordedBy = "local",
  score = 1,
  result,
  role = "Welder",
  text: queryText = "welders",
  at: recordedAt = NOW,
  expiresAt,
  changes = [],
  place,
}: Said): Playbook {
  const key = { corpus: "people", queryText, role, answerId, actor };
  const outcome = result === undefined ? undefined : { result };
  const version = { version: 1, score, outcome, tags: undefined, recordedAt, expiresAt, recordedBy };
  const rest = { changes, replays: new Map(), exposures: 0, lastExposedAt: undefined };
  return { ...key, id: playbookIdOf(key), place, versions: [version], ...rest };
}

function matches(said: readonly Said[], more: Partial<MatchQuery> = {}, perActorMax = 3, distance = 0) {
  const library = newLibrary();
  const playbooks = said.map(playbook);
  for (const one of playbooks) library.put(one);
  const near = [...library.queries("people").values()].map((recorded) => ({ recorded, distance }));
  const query: MatchQuery = {
    text: "welders",
    role: "Welder",
    place: {},
    gate: "strict",
    distanceMax: 0.5,
    at: NOW,
    personRole: () => "Welder",
    personCode: () => undefined,
    ...more,
  };
  return matchesAmong(near, library, query, { halfLifeMs: 100 * DAY_MS, perActorMax });
}

describe("of the records on one answer", () => {
  test("the strongest counts, and never the product", () => {
    const actors = Array.from({ length: 20 }, (_, at) => ({ actor: `a${at}`, score: 1 - at / 100 }));
    const { lifts, matched } = matches(actors);
    expect([lifts.length, lifts[0]?.factor, matched]).toEqual([1, 0.5, 20]);
  });

  test("what pushes down goes before what lifts as much", () => {
    const { lifts, pushes } = matches([{}, { actor: "bo", score: 0, result: "no_show" }]);
    expect([lifts.length, pushes[0]?.factor]).toEqual([0, 1.5]);
    const weaker = matches([{}, { actor: "bo", score: 0.4, result: "bad" }]);
    expect([weaker.lifts[0]?.factor, weaker.pushes.length]).toEqual([0.5, 0]);
  });

  test("one actor is heard a few times, and so is one key, whatever names it gives", () => {
    const texts = Array.from({ length: 10 }, (_, at) => ({ text: `welders ${at}` }));
    expect(matches(texts).matched).toBe(3);
    const named = texts.map((one, at) => ({ ...one, actor: `a${at}`, key: "robot" }));
    expect(matches(named).matched).toBe(3);
    expect(matches(named, {}, 5).matched).toBe(5);
    // Without keys everybody is the same caller.
    expect(matches(named.map((one) => ({ ...one, key: "local" }))).matched).toBe(10);
  });
});

describe("a record", () => {
  test("acts half as strongly after a half-life, and not at all when it is over, off or of later", () => {
    expect(matches([{ at: NOW - 100 * DAY_MS }]).lifts[0]?.factor).toBeCloseTo(0.75, 12);
    const change = (to: Change["to"], at = NOW): Change => ({ at, to, by: "x", reason: "" });
    const idle: Said[] = [
      { expiresAt: NOW },
      { at: NOW + 1 },
      { changes: [change("disabled")] },
      { changes: [change("removed")] },
    ];
    for (const one of idle) expect(matches([one]).matched, JSON.stringify(one)).toBe(0);
    expect(matches([{ changes: [change("disabled", NOW - 1), change("enabled")] }]).matched).toBe(1);
    expect(matches([{ changes: [change("disabled", NOW + 1)] }]).matched).toBe(1);
  });

  test("of another role is counted as held back, and one on nobody as nothing", () => {
    expect(matches([{ role: "Line Cook" }])).toMatchObject({ matched: 0, blocked: 1, lifts: [] });
    expect(matches([{}], { personRole: () => undefined }).lifts).toEqual([]);
    expect(matches([{}], { personRole: () => "Line Cook" }).lifts).toEqual([]);
  });

  test("that is recorded again after its removal acts again, and the past keeps what it was", () => {
    const before = playbook({ changes: [{ at: NOW + 5, to: "removed", by: "x", reason: "" }] });
    const [first] = before.versions;
    if (first === undefined) throw new Error("a playbook has a version");
    const again = { ...before, versions: [first, { ...first, version: 2, recordedAt: NOW + 9 }] };
    const states = [NOW - 1, NOW, NOW + 5, NOW + 9].map((at) => standingAt(again, at)?.state);
    expect(states).toEqual([undefined, "active", "removed", "active"]);
  });
});

describe("a record of another place", () => {
  const [austin, reno] = [{ point: { lat: 30.3, lon: -97.7 } }, { point: { lat: 39.5, lon: -119.8 } }];
  const factorOf = (place: OrderPlace | undefined, wanted: OrderPlace, distance: number): number =>
    matches([place === undefined ? {} : { place }], { place: wanted }, 3, distance).lifts[0]?.factor ?? 1;

  test("does not act on a query like it", () => {
    expect(factorOf(austin, reno, 0.1)).toBe(1);
    expect(factorOf(austin, austin, 0.1)).toBeLessThan(1);
  });

  test("acts whole on the same query, wherever its caller wants people", () => {
    expect(factorOf(austin, reno, 0)).toBe(0.5);
  });

  test("acts by its words alone when its place was never kept", () => {
    expect(factorOf(undefined, reno, 0.1)).toBe(factorOf(austin, austin, 0.1));
  });
});

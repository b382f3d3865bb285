import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Belief, Decision, TruthRule, TruthValue } from "#contracts/truth";
import { comparisonOf } from "./comparison.ts";
import { reconcile } from "./reconcile.ts";
import type { StatedClaim } from "./voices.ts";

const DAY_MS = 86_400_000;
const NOW_MS = Date.parse("2026-11-21T12:00:00Z");

const said = (source: string, value: TruthValue, daysAgo: number, confidence = 1): StatedClaim => ({
  source,
  value,
  observedMs: NOW_MS - daysAgo * DAY_MS,
  confidence,
});

const decided = (value: TruthValue, daysAgo: number): Decision => ({
  decision_id: "d1",
  entity: "worker:1",
  attribute: "phone",
  value,
  actor: "Dana",
  reason: "Called",
  at: new Date(NOW_MS - daysAgo * DAY_MS).toISOString(),
});

async function believed(
  claims: readonly StatedClaim[],
  rule: Omit<TruthRule, "attribute"> = {},
  decision?: Decision,
): Promise<Belief> {
  const whole = { attribute: "phone", ...rule };
  return reconcile({ claims, rule: whole, comparison: await comparisonOf(whole), decision, nowMs: NOW_MS });
}

const outcome = ({ value, status, rule }: Belief): unknown => [value, status, rule];

describe("what holds", () => {
  test("one source, several that agree, and several that do not", async () => {
    expect(outcome(await believed([said("crm", "a", 1)]))).toEqual(["a", "agreed", "single"]);
    expect(outcome(await believed([said("crm", "a", 1), said("hr", "a", 2)]))).toEqual([
      "a",
      "agreed",
      "agreement",
    ]);
    const torn = await believed([said("crm", "a", 1), said("hr", "b", 2)]);
    expect(outcome(torn)).toEqual(["a", "conflict", "none"]);
    expect(torn.dissenting.map(({ source }) => source)).toEqual(["hr"]);
  });

  test("a source speaks once, by its newest claim, and null withdraws it", async () => {
    expect(
      outcome(await believed([said("crm", "old", 9), said("crm", "new", 1), said("hr", "new", 5)])),
    ).toEqual(["new", "agreed", "agreement"]);
    expect(outcome(await believed([said("crm", "a", 9), said("crm", null, 1), said("hr", "b", 5)]))).toEqual([
      "b",
      "agreed",
      "single",
    ]);
    expect(outcome(await believed([said("crm", "a", 9), said("crm", null, 1)]))).toEqual([
      null,
      "agreed",
      "single",
    ]);
  });

  test("a source that says two things at once contradicts itself", async () => {
    expect((await believed([said("crm", "a", 1), said("crm", "b", 1)])).status).toBe("conflict");
    expect(
      (await believed([said("crm", "a", 1), said("crm", "b", 1)], { sources: ["crm"], majority: true }))
        .status,
    ).toBe("conflict");
  });

  test("the ranking decides first, then the majority, then recency", async () => {
    const claims = [said("payroll", "p", 40), said("crm", "c", 1), said("ats", "c", 2)];
    const all = { sources: ["payroll"], majority: true, half_life_days: 10 };
    expect(outcome(await believed(claims, all))).toEqual(["p", "stale", "sources"]);
    expect(outcome(await believed(claims, { ...all, half_life_days: 30 }))).toEqual([
      "p",
      "resolved",
      "sources",
    ]);
    expect(outcome(await believed(claims, { majority: true }))).toEqual(["c", "resolved", "majority"]);
    expect(outcome(await believed([said("a", "x", 30), said("b", "y", 1)], { half_life_days: 10 }))).toEqual([
      "y",
      "resolved",
      "half_life",
    ]);
    expect((await believed([said("a", "x", 5), said("b", "y", 1)], { half_life_days: 10 })).status).toBe(
      "conflict",
    );
    expect((await believed([said("a", "x", 5), said("b", "y", 1)], { majority: true })).status).toBe(
      "conflict",
    );
  });

  test("time alone makes a value stale, and neither makes nor ends a conflict", async () => {
    const rule = { attribute: "phone", half_life_days: 10 };
    const claims = [said("a", "x", 5), said("b", "y", 1)];
    const comparison = await comparisonOf(rule);
    for (const days of [0, 10, 1000, 100_000]) {
      const later = NOW_MS + days * DAY_MS;
      const at = (claims: readonly StatedClaim[]): Belief =>
        reconcile({ claims, rule, comparison, decision: undefined, nowMs: later });
      expect(at(claims).status).toBe("conflict");
      expect(at(claims.slice(0, 1)).status).toBe(days <= 10 ? "agreed" : "stale");
    }
  });

  test("numbers within the tolerance agree, also as text", async () => {
    const near = [said("a", 18.5, 1), said("b", "$18.75", 2), said("c", "18.6", 3)];
    expect(outcome(await believed(near, { tolerance: 0.25 }))).toEqual([18.5, "agreed", "agreement"]);
    expect((await believed(near, { tolerance: 0.2 })).status).toBe("conflict");
    expect((await believed([said("a", 0.1 + 0.2, 1), said("b", 0.3, 1)], { tolerance: 0 })).status).toBe(
      "agreed",
    );
  });

  test("a value is shown as the most trusted source spells it", async () => {
    const claims = [said("crm", "JOHN O'NEIL", 1), said("hr", "O’Neil, John", 5)];
    expect((await believed(claims, { normaliser: "name", sources: ["hr"] })).value).toBe("O’Neil, John");
    expect((await believed(claims, { normaliser: "name" })).value).toBe("JOHN O'NEIL");
  });

  test("since is the start of the unbroken run of a source that supports it", async () => {
    const claims = [
      said("a", "x", 50),
      said("a", "y", 40),
      said("a", "x", 30),
      said("a", "x", 1),
      said("b", "x", 20),
    ];
    expect((await believed(claims)).since).toBe(new Date(NOW_MS - 30 * DAY_MS).toISOString());
  });
});

describe("a decision", () => {
  const claims = [said("crm", "a", 10), said("hr", "b", 9)];

  test("settles a conflict, and is kept when nothing newer contradicts it", async () => {
    const belief = await believed(claims, {}, decided("a", 5));
    expect(outcome(belief)).toEqual(["a", "decided", "decision"]);
    expect(belief.decision?.actor).toBe("Dana");
    expect((await believed([...claims, said("ats", "a", 1)], {}, decided("a", 5))).status).toBe("decided");
    expect((await believed([...claims, said("crm", null, 1)], {}, decided("a", 5))).status).toBe("decided");
    // Recorded late, and observed before it.
    expect((await believed([...claims, said("ats", "c", 6)], {}, decided("a", 5))).status).toBe("decided");
  });

  test("is reopened by what was observed after it, until that source takes it back", async () => {
    const newer = [...claims, said("ats", "c", 4)];
    const belief = await believed(newer, { sources: ["ats"] }, decided("a", 5));
    expect(outcome(belief)).toEqual(["c", "conflict", "none"]);
    expect(belief.reopened?.value).toBe("a");
    expect((await believed([...newer, said("ats", "a", 1)], {}, decided("a", 5))).status).toBe("decided");
  });

  test("of no value is contradicted by any", async () => {
    expect(outcome(await believed(claims, {}, decided(null, 1)))).toEqual([null, "decided", "decision"]);
    expect((await believed(claims, {}, decided(null, 9.5))).status).toBe("conflict");
  });

  test("compares as the rule does", async () => {
    const phones = [said("crm", "217.555.0134", 1)];
    const belief = await believed(phones, { normaliser: "phone" }, decided("(217) 555-0134", 5));
    expect(outcome(belief)).toEqual(["+12175550134", "decided", "decision"]);
    expect((await believed([said("a", 10, 1)], { tolerance: 1 }, decided(10.9, 5))).status).toBe("decided");
  });
});

describe("the order of arrival", () => {
  const value = fc.oneof(
    fc.constantFrom<TruthValue>(
      null,
      "a",
      "A ",
      "217-555-0134",
      "(217) 555-0134",
      "+1 217 555 0134",
      "Lee, Ann",
      "ann lee",
    ),
    fc.constantFrom<TruthValue>(10, 10.4, "10.8", "$11.20", true),
  );
  const claim = fc.record({
    source: fc.constantFrom("a", "b", "c", "d"),
    value,
    // Few moments, so that many are equal.
    observedMs: fc.integer({ min: 0, max: 4 }).map((day) => NOW_MS - day * DAY_MS),
    confidence: fc.constantFrom(1, 0.5, 0.3, 0),
    evidence: fc.constantFrom(undefined, "row 1", "row 2"),
  });
  const rule = fc.record({
    attribute: fc.constant("x"),
    sources: fc.constantFrom(undefined, ["b"], ["c", "a"]),
    half_life_days: fc.constantFrom(undefined, 1, 100),
    majority: fc.constantFrom(undefined, true),
    tolerance: fc.constantFrom(undefined, 0, 0.5),
    normaliser: fc.constantFrom(
      undefined,
      "none" as const,
      "text" as const,
      "phone" as const,
      "name" as const,
    ),
  });
  const shuffled = fc
    .tuple(fc.array(claim, { minLength: 1, maxLength: 12 }), fc.infiniteStream(fc.nat()))
    .map(([claims, keys]) => {
      const keyed = claims.map((claim) => ({ claim, key: keys.next().value ?? 0 }));
      return { claims, other: keyed.sort((a, b) => a.key - b.key).map(({ claim }) => claim) };
    });

  test("changes no byte of the result, over 10,000 permutations", async () => {
    let changed = 0;
    await fc.assert(
      fc.asyncProperty(
        shuffled,
        rule,
        fc.constantFrom(undefined, 0, 2, 9),
        async ({ claims, other }, rule, daysAgo) => {
          // Fields that are undefined are those that were left out.
          const whole = rule as TruthRule;
          const comparison = await comparisonOf(whole);
          const decision = daysAgo === undefined ? undefined : decided("a", daysAgo);
          const of = (claims: readonly StatedClaim[]): string =>
            JSON.stringify(reconcile({ claims, rule: whole, comparison, decision, nowMs: NOW_MS }));
          if (claims.some((claim, at) => claim !== other[at])) changed += 1;
          expect(of(other)).toBe(of(claims));
        },
      ),
      { numRuns: 12_000 },
    );
    expect(changed).toBeGreaterThan(10_000);
  });
});

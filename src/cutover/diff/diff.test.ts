// Replies compared by meaning: what is the same, what is explained, what is a difference, and what is noise.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { compare } from "./compare.ts";
import { cosine, isClose, kendall, norm, overlapAt } from "./measures.ts";
import { createNoise } from "./noise.ts";

const kinds = (there: unknown, here: unknown): string[] =>
  compare(there, here).map(({ path, kind, explained }) => `${path} ${kind}${explained ? " explained" : ""}`);

describe("compare", () => {
  test("a reply has no difference from itself, whatever it is", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => expect(compare(value, structuredClone(value))).toEqual([])),
    );
  });

  test("any two replies are compared without an error, and no value is shown", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (there, here) => {
        for (const { detail } of compare(
          { name: `Ann ${JSON.stringify(there)}` },
          { name: JSON.stringify(here) },
        )) {
          expect(detail).not.toContain("Ann");
        }
        expect(Array.isArray(compare(there, here))).toBe(true);
      }),
    );
  });

  test("absent and zero are two things, and each zero is named", () => {
    for (const zero of [0, "", false, null, []]) {
      const [difference] = compare({}, { line_offset: zero });
      expect(difference?.detail).toBe(`absent there, ${JSON.stringify(zero)} here`);
    }
    expect(compare({ a: "Ann" }, {})[0]?.detail).toBe("a value there, absent here");
  });

  test("times and ids of calls are ignored, other ids are not", () => {
    const here = { took_ms: 2, created_at: "b", request_id: "y", id: "2" };
    expect(kinds({ took_ms: 1, created_at: "a", request_id: "x", id: "1" }, here)).toEqual(["id value"]);
  });

  test("numbers are the same but for rounding", () => {
    expect(kinds({ a: 0.1 + 0.2, b: 1e9 }, { a: 0.3, b: 1e9 + 1 })).toEqual([]);
    expect(kinds({ a: 1 }, { a: 1.001 })).toEqual(["a value"]);
  });

  test("sets have no order, and count", () => {
    expect(kinds({ tags: ["a", "b", "b"] }, { tags: ["b", "a", "b"] })).toEqual([]);
    expect(kinds({ tags: ["a", "b", "b"] }, { tags: ["a", "a", "b"] })).toEqual(["tags set"]);
  });

  test("a vector of another length is explained, one in another direction is not", () => {
    const direction = fc.array(fc.double({ min: 0.1, max: 1, noNaN: true }), { minLength: 8, maxLength: 64 });
    fc.assert(
      fc.property(direction, fc.double({ min: 2, max: 50, noNaN: true }), (unit, factor) => {
        const longer = unit.map((value) => value * factor);
        expect(kinds({ vectors: [longer] }, { vectors: [unit] })).toEqual(["vectors[] vector explained"]);
        const turned = unit.map((value, at) => (at % 2 === 0 ? value : -value));
        expect(kinds({ vectors: [turned] }, { vectors: [unit] })).toEqual(["vectors[] vector"]);
      }),
    );
  });

  test("rankings: those that are equally near may swap, others may not, and hits are compared by their id", () => {
    const hit = (id: string, distance: number, rank: number) => ({ id, distance, rank, role: "Welder" });
    const there = [hit("a", 0.1, 0), hit("b", 0.2, 1), hit("c", 0.2, 2)];
    expect(kinds({ hits: there }, { hits: [hit("a", 0.1, 0), hit("c", 0.2, 1), hit("b", 0.2, 2)] })).toEqual(
      [],
    );
    expect(
      kinds({ hits: there }, { hits: [hit("b", 0.05, 0), hit("a", 0.1, 1), hit("c", 0.2, 2)] }),
    ).toContain("hits ranking");
    expect(kinds({ hits: there }, { hits: there.slice(0, 2) })).toEqual(["hits ranking"]);
    const other = there.map((one) => ({ ...one, role: "Cook" }));
    expect(kinds({ hits: there }, { hits: other })).toEqual(["hits[].role value"]);
  });

  test("a key that may be of a person is hashed in the path", () => {
    expect(compare({ by: { "Ann Lee": 1 } }, { by: { "Ann Lee": 2 } })[0]?.path).toMatch(
      /^by\.#[0-9a-f]{8}$/,
    );
  });
});

describe("measures", () => {
  const ids = fc.uniqueArray(fc.string(), { maxLength: 12 });

  test("overlap and Kendall are 1 for the same list and symmetric", () => {
    fc.assert(
      fc.property(ids, ids, (a, b) => {
        const scores = (list: readonly string[]) => new Map(list.map((id, at) => [id, at]));
        expect(overlapAt(a, a, 10)).toBe(1);
        expect(kendall(scores(a), scores(a))).toBe(1);
        expect(overlapAt(a, b, 10)).toBe(overlapAt(b, a, 10));
        expect(kendall(scores(a), scores(b))).toBeCloseTo(kendall(scores(b), scores(a)), 9);
        const reversed = a.toReversed();
        if (a.length > 1) expect(kendall(scores(a), scores(reversed))).toBe(-1);
      }),
    );
  });

  test("cosine and norm", () => {
    expect([norm([3, 4]), cosine([1, 0], [0, 1]), cosine([2, 0], [5, 0]), cosine([0, 0], [1, 0])]).toEqual([
      5, 0, 1, 0,
    ]);
    expect([isClose(0, 1e-10), isClose(1, 1.1)]).toEqual([true, false]);
  });
});

describe("noise", () => {
  test("a path that differs among repetitions is noise after three, and counts again when it has become stable", () => {
    const noise = createNoise();
    noise.learn(["at", "at"], 0);
    noise.learn(["at"], 0);
    expect(noise.isNoise("at", 0)).toBe(false);
    noise.learn([], 0);
    expect([noise.isNoise("at", 0), noise.isNoise("other", 0)]).toEqual([true, false]);
    const later = 10 * 3_600_000;
    for (let count = 0; count < 10; count += 1) noise.learn([], later);
    expect(noise.isNoise("at", later)).toBe(false);
  });
});

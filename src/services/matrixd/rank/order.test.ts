import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { boostedScore } from "../playbooks/effect.ts";
import { byScore, type Orderable, placed } from "./order.ts";

const share = fc.double({ min: 0, max: 1, noNaN: true });
const hits = fc
  .array(
    fc.record({
      raw: share,
      factor: fc.oneof(fc.constant(1), fc.double({ min: 0.5, max: 1.5, noNaN: true })),
    }),
    {
      maxLength: 60,
    },
  )
  .map((drawn) =>
    drawn.map(({ raw, factor }, at): Orderable => ({
      id: `w${at}`,
      distance: factor * (1 - raw),
      score: boostedScore(raw, factor),
      scoreRaw: raw,
      isLifted: factor < 1,
    })),
  );

/** Hits of a prefix that stand before one which would be better without playbooks and is not in it yet. */
function owing(all: readonly Orderable[], prefix: readonly Orderable[]): number {
  let owed = 0;
  for (const [place, hit] of prefix.entries()) {
    const before = new Set(prefix.slice(0, place + 1));
    const better = all.some((one) => !before.has(one) && !one.isLifted && one.score > hit.scoreRaw);
    if (hit.isLifted && better) owed += 1;
  }
  return owed;
}

describe("the order of hits", () => {
  test("is the order of scores where nothing is lifted", () => {
    fc.assert(
      fc.property(hits, (all) => {
        const plain = all.map((one) => ({ ...one, isLifted: false }));
        expect(placed(plain, all.length).map(({ one }) => one.id)).toEqual(
          plain.toSorted(byScore).map(({ id }) => id),
        );
      }),
    );
  });

  test("of fewer hits is the beginning of the order of more, and holds every hit once", () => {
    fc.assert(
      fc.property(hits, fc.nat(60), fc.nat(60), (all, a, b) => {
        const [few, many] = [Math.min(a, b), Math.max(a, b)];
        const first = placed(all, few).map(({ one, score }) => [one.id, score]);
        expect(
          placed(all, many)
            .map(({ one, score }) => [one.id, score])
            .slice(0, few),
        ).toEqual(first);
        expect(new Set(placed(all, all.length).map(({ one }) => one.id)).size).toBe(all.length);
      }),
    );
  });

  test("owes at most half of every prefix to playbooks, and scores never rise", () => {
    fc.assert(
      fc.property(hits, (all) => {
        const order = placed(all, all.length);
        for (let length = 1; length <= order.length; length++) {
          const prefix = order.slice(0, length).map(({ one }) => one);
          expect(owing(all, prefix)).toBeLessThanOrEqual(Math.ceil(length / 2));
        }
        const scores = order.map(({ score }) => score);
        expect(scores).toEqual(scores.toSorted((a, b) => b - a));
      }),
      { numRuns: 300 },
    );
  });

  test("ten lifted strangers take five of the first ten places, and the best of old keep theirs", () => {
    const old = Array.from({ length: 10 }, (_, at): Orderable => {
      return {
        id: `old${at}`,
        distance: 0.5,
        score: 0.6 - at / 100,
        scoreRaw: 0.6 - at / 100,
        isLifted: false,
      };
    });
    const lifted = Array.from({ length: 10 }, (_, at): Orderable => {
      return { id: `new${at}`, distance: 0.2, score: 0.9, scoreRaw: 0.1, isLifted: true };
    });
    const ids = placed([...old, ...lifted], 10).map(({ one }) => one.id);
    expect(ids.filter((id) => id.startsWith("new"))).toHaveLength(5);
    expect(ids.filter((id) => id.startsWith("old"))).toEqual(["old0", "old1", "old2", "old3", "old4"]);
  });

  test("those that were the best already stay, however many of them are lifted", () => {
    const all = Array.from({ length: 6 }, (_, at): Orderable => {
      const scoreRaw = 0.9 - at / 10;
      return { id: `w${at}`, distance: 0.5, score: boostedScore(scoreRaw, 0.5), scoreRaw, isLifted: at < 5 };
    });
    expect(placed(all, 6).map(({ one }) => one.id)).toEqual(["w0", "w1", "w2", "w3", "w4", "w5"]);
  });
});

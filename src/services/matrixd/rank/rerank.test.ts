import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import type { MatrixHit } from "#contracts/matrix";
import { reordered } from "./rerank.ts";

const hit = (rank: number, more: Partial<MatrixHit> = {}): MatrixHit => ({
  rank,
  base_rank: rank,
  id: `p${rank}`,
  corpus: "people",
  cite: "",
  distance: 0.1,
  distance_raw: 0.1,
  score: 0.9 - rank / 100,
  metadata: {},
  ...more,
});
const idsOf = (hits: readonly MatrixHit[]): string[] => hits.map(({ id }) => id);

describe("hits in a model's order", () => {
  const three = [hit(0), hit(1), hit(2)];

  test("have the ranks and scores of their new places, and tell the former", () => {
    const found = reordered(three, [2, 0, 1], false);
    expect(idsOf(found)).toEqual(["p2", "p0", "p1"]);
    expect(found.map(({ rank, score }) => [rank, score])).toEqual(
      three.map(({ rank, score }) => [rank, score]),
    );
    expect(found.map((one) => one.reranked_from)).toEqual([2, 0, 1]);
  });

  test("keep theirs where the model says nothing of them, and count once", () => {
    expect(idsOf(reordered(three, [1, 1], false))).toEqual(["p1", "p0", "p2"]);
    const [, , last] = reordered(three, [1], false);
    expect(last?.reranked_from).toBeUndefined();
  });

  test("never put who lacks something, or is of another role, before who does not", () => {
    const people = [
      hit(0),
      hit(1),
      hit(2, { missing: ["TWIC"] }),
      hit(3, { score: 0.3 }),
      hit(4, { score: 0.2 }),
    ];
    const found = reordered(people, [4, 3, 2, 1, 0], true);
    expect(idsOf(found)).toEqual(["p1", "p0", "p2", "p4", "p3"]);
  });

  test("are the same people, whatever the model answers", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(30), { maxLength: 40 }),
        fc.integer({ min: 0, max: 20 }),
        (order, count) => {
          const hits = Array.from({ length: count }, (_, rank) => hit(rank));
          const found = reordered(hits, order, false);
          expect(idsOf(found).toSorted()).toEqual(idsOf(hits).toSorted());
          expect(found.map(({ rank }) => rank)).toEqual(hits.map(({ rank }) => rank));
        },
      ),
    );
  });
});

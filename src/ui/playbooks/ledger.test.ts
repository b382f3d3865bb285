import { expect, test } from "bun:test";
import type { MatrixHit } from "#contracts/matrix";
import { rolesOf, sideBySide } from "./ledger.ts";

const hit = (id: string, rank: number): MatrixHit => ({
  id,
  rank,
  base_rank: rank,
  corpus: "workers",
  cite: `workers@1#${id}`,
  distance: 0,
  distance_raw: 0,
  score: 1 - rank / 10,
  metadata: {},
});

test("two rankings stand side by side, and nobody who fell out is lost", () => {
  const moved = sideBySide([hit("a", 0), hit("b", 1), hit("c", 2)], [hit("b", 0), hit("a", 1), hit("d", 2)]);
  expect(moved.map(({ id, before, after }) => [id, before, after])).toEqual([
    ["b", 2, 1],
    ["a", 1, 2],
    ["d", undefined, 3],
    ["c", 3, undefined],
  ]);
});

test("roles are told by how much was learnt, those without a role, too", () => {
  expect(rolesOf([{ role: "Cook" }, { role: null }, { role: "Packer" }, { role: "Cook" }])).toEqual([
    { role: "Cook", count: 2 },
    { role: "", count: 1 },
    { role: "Packer", count: 1 },
  ]);
});

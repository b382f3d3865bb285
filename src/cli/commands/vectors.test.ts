import { expect, test } from "bun:test";
import { repairLines } from "./vectors.ts";

const index = { name: "papers", count: 148 } as Parameters<typeof repairLines>[1]["index"];

test("a repair names the lost writes by their sequences, the lost rows, and where the damaged files are", () => {
  const lines = repairLines("papers", {
    index,
    repaired: true,
    damage: ["wal-3 is cut off at byte 512."],
    lost: [
      { from: 151, to: 152 },
      { from: 160, to: 160 },
    ],
    rows_lost: 2,
    kept_as: "papers.damaged-1",
  });
  expect(lines).toEqual([
    "wal-3 is cut off at byte 512.",
    "papers answers again, with 148 rows.",
    "Lost writes, by sequence: 151 to 152, 160.",
    "Lost of the last snapshot: 2 rows.",
    "The damaged files are kept as vectors/papers.damaged-1.",
  ]);
});

test("a repair that lost nothing says so, and one that had nothing to do as well", () => {
  const none = { index, damage: [], lost: [], rows_lost: 0 };
  expect(repairLines("papers", { ...none, repaired: true }).at(-1)).toBe("No write was lost.");
  expect(repairLines("papers", { ...none, repaired: false })).toEqual([
    "Every file of papers verifies: nothing was changed.",
  ]);
});

import { expect, test } from "bun:test";
import { firewall, killRuns } from "./distill.ts";

test("no export has a barred row, of a few thousand that are generated", async () => {
  const { rows, barred, wrong } = await firewall(1, 2400, ["trl", "native"]);
  expect(wrong).toEqual([]);
  expect(barred / rows).toBeGreaterThan(0.5);
});

test("a run that is killed at 5 moments, and run again, leaves the bytes of an undisturbed one", async () => {
  expect((await killRuns(6, 5)).wrong).toEqual([]);
});

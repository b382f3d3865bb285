import { expect, test } from "bun:test";
import { firewall, killRuns } from "./distill.ts";

/** Seconds on a quiet machine; writes are flushed, and wait for those of others. */
const MS_MAX = 240_000;

test(
  "no export has a barred row, of a thousand that are generated",
  async () => {
    const { rows, barred, wrong } = await firewall(1, 1200, ["native"]);
    expect(wrong).toEqual([]);
    expect(barred / rows).toBeGreaterThan(0.5);
  },
  MS_MAX,
);

test(
  "a run that is killed at 4 moments, and run again, leaves the bytes of an undisturbed one",
  async () => {
    expect((await killRuns(6, 4)).wrong).toEqual([]);
  },
  MS_MAX,
);

// The numbers of the gates against known values, and what each gate says of a comparison.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { seeded } from "#lib/random";
import { newTally, noteOutcome, noteShape } from "../shadow/tally.ts";
import { createWatch } from "../rollback.ts";
import { admitFlip } from "./admit.ts";
import { gatesOf } from "./gates.ts";
import { limitsOf } from "./limits.ts";
import { p99RatioUpper, type Pair, quantile, wilsonUpper } from "./statistics.ts";

describe("statistics", () => {
  test("Wilson's upper bound: 3,000 calls without a difference show 0.1 %, and none shows nothing", () => {
    expect(wilsonUpper(0, 3000)).toBeLessThan(0.001);
    expect(wilsonUpper(0, 2600)).toBeGreaterThan(0.001);
    // By the formula with z = 1.6449: (0.1 + 0.013528 + 1.6449 sqrt(0.0009 + 0.00006764)) / 1.027055.
    expect(wilsonUpper(10, 100)).toBeCloseTo(0.1604, 3);
    expect([wilsonUpper(0, 0), wilsonUpper(5, 5)]).toEqual([1, 1]);
    fc.assert(
      fc.property(fc.nat(1000), fc.integer({ min: 1, max: 1000 }), (a, b) => {
        const hits = Math.min(a, b);
        expect(wilsonUpper(hits, b)).toBeGreaterThanOrEqual(hits / b - 1e-12);
        expect(wilsonUpper(hits, b)).toBeGreaterThanOrEqual(wilsonUpper(hits, b + 100) - 1e-12);
      }),
    );
  });

  test("quantiles by rank", () => {
    expect([quantile([3, 1, 2], 0.5), quantile([1], 0.99), quantile([], 0.5)]).toEqual([2, 1, NaN]);
  });

  test("the ratio of p99: twice as slow is about 2, and its upper end is not below what was measured", async () => {
    const random = seeded(7);
    const pairs = Array.from({ length: 500 }, (): Pair => {
      const there = 10 + random.next();
      return [there, there * 2];
    });
    const upper = await p99RatioUpper(pairs, random);
    expect(upper).toBeGreaterThan(1.9);
    expect(upper).toBeLessThan(2.3);
    expect(await p99RatioUpper([], random)).toBe(Infinity);
  });
});

function tallyOf(calls: number, differing: number): ReturnType<typeof newTally> {
  const tally = newTally("go:embed.embed", "", 0);
  for (let call = 0; call < calls; call += 1) {
    noteShape(tally, "a");
    const difference = { path: "a", kind: "value", explained: false, detail: "" } as const;
    noteOutcome(
      tally,
      {
        shape: "a",
        differences: call < differing ? [difference] : [],
        there: { status: 200, ms: 10 },
        here: { status: 200, ms: 10 },
      },
      0,
    );
  }
  return tally;
}

const HOUR_MS = 3_600_000;

describe("gates", () => {
  test("hold after 3,000 equal calls in an hour, and each fails by its own", async () => {
    const random = seeded(1);
    const failing = async (tally: ReturnType<typeof newTally>, now = HOUR_MS): Promise<string[]> =>
      (await gatesOf(tally, limitsOf(), now, random)).filter(({ ok }) => !ok).map(({ name }) => name);
    const clean = tallyOf(3000, 0);
    expect(await failing(clean)).toEqual([]);
    expect(await failing(clean, HOUR_MS - 1)).toEqual(["hours"]);
    noteShape(clean, "rare");
    expect(await failing(clean)).toEqual(["shapes"]);
    expect(await failing(tallyOf(3000, 1))).toEqual(["differences"]);
    expect(await failing(tallyOf(100, 0))).toEqual(["differences"]);
    const slow = tallyOf(3000, 0);
    for (const pair of slow.pairs.keys()) slow.pairs[pair] = [10, 12];
    expect(await failing(slow)).toEqual(["latency"]);
    const broken = tallyOf(3000, 0);
    broken.errors.here = 1;
    expect(await failing(broken)).toEqual(["errors"]);
    expect(await failing(newTally("go:embed.embed", "", 0))).toEqual(["differences", "latency", "shapes"]);
  });

  test("explained differences and noise do not count as differences", () => {
    const tally = tallyOf(0, 0);
    for (let times = 0; times < 4; times += 1) tally.noise.learn(["noisy"], 0);
    const outcome = (path: string, explained: boolean) => ({
      shape: "a",
      differences: [{ path, kind: "value" as const, explained, detail: "" }],
      there: { status: 200, ms: 1 },
      here: { status: 200, ms: 1 },
    });
    noteOutcome(tally, outcome("noisy", false), 0);
    noteOutcome(tally, outcome("known", true), 0);
    noteOutcome(tally, outcome("real", false), 0);
    expect([tally.compared, tally.noisy, tally.explained, tally.different]).toEqual([3, 1, 1, 1]);
  });

  test("without an upstream nothing is refused; with one a flip needs what was compared, or force and a reason", async () => {
    const flip = { route: "go:embed.embed", to: "primary", actor: "a", reason: "", force: false } as const;
    const ledger = { upstreams: [], entries: [] };
    const random = seeded(1);
    await admitFlip(flip, [], ledger, 0, random);
    const older = { ...ledger, upstreams: [{ name: "go", dialect: "go" as const, url: "http://a" }] };
    const refusal = (given: Parameters<typeof admitFlip>[0], tallies = [tallyOf(3000, 0)]): Promise<string> =>
      admitFlip(given, tallies, older, HOUR_MS, random).then(
        () => "",
        (error: Error) => error.message,
      );
    expect(await refusal(flip, [])).toContain("nothing was compared");
    expect(await refusal(flip)).toBe("");
    expect(await refusal(flip, [tallyOf(3000, 30)])).toContain("30 of 3000 compared calls differ");
    expect(await refusal({ ...flip, route: "go:*" }, [tallyOf(3000, 30)])).toContain(
      "go:embed.embed: 30 of 3000",
    );
    expect(await refusal({ ...flip, force: true }, [])).toContain("why");
    expect(await refusal({ ...flip, force: true, reason: "a drill" }, [])).toBe("");
    expect(await refusal({ ...flip, to: "canary", route: "rust:embed.embed" }, [])).toBe("");
  });
});

describe("rollback", () => {
  const noteMany = (watch: ReturnType<typeof createWatch>, count: number, failed: number, ms = 5): void => {
    for (let call = 0; call < count; call += 1) watch.note({ at: 1000, failed: call < failed, ms });
  };

  test("a few failures are none, a share of them is one once it lasts", () => {
    const watch = createWatch(undefined);
    noteMany(watch, 200, 4);
    expect([watch.verdict(1000), watch.verdict(1300)]).toEqual([undefined, undefined]);
    noteMany(watch, 20, 20);
    expect(watch.verdict(1300)).toBeUndefined();
    expect(watch.verdict(1400)).toBeUndefined();
    expect(watch.verdict(1500)).toMatch(/calls failed here, above 5 %/);
  });

  test("what came back inside before it was confirmed begins again; it is inside below half of the limit", () => {
    const watch = createWatch(undefined);
    noteMany(watch, 100, 6);
    expect(watch.verdict(1000)).toBeUndefined();
    // 6 of 150: below the limit, above its half.
    noteMany(watch, 50, 0);
    expect(watch.verdict(1300)).toMatch(/6 of the last 150/);
    const other = createWatch(undefined);
    noteMany(other, 100, 6);
    expect(other.verdict(1000)).toBeUndefined();
    noteMany(other, 200, 0);
    expect(other.verdict(1100)).toBeUndefined();
    noteMany(other, 20, 20);
    expect(other.verdict(1300)).toBeUndefined();
  });

  test("old calls are forgotten", () => {
    const watch = createWatch(undefined);
    noteMany(watch, 20, 20);
    expect([watch.verdict(40_000), watch.verdict(41_000)]).toEqual([undefined, undefined]);
  });

  test("a p99 beyond twice the upstream's and 50 ms leaves the band", () => {
    const watch = createWatch(20);
    noteMany(watch, 150, 0, 85);
    expect([watch.verdict(1000), watch.verdict(1300)]).toEqual([undefined, undefined]);
    noteMany(watch, 150, 0, 120);
    expect(watch.verdict(1400)).toBeUndefined();
    expect(watch.verdict(1700)).toContain("p99 here is 120 ms, above 90 ms");
  });
});

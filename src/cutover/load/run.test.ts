import { expect, test } from "bun:test";
import type { WireReply } from "./caller.ts";
import { systemLoadClock } from "./clock/load-clock.ts";
import { CLASSES, classAt, PROFILE_NAMES, PROFILES } from "./profiles.ts";
import { asMarkdown, failuresOf, remarksOf, reportOf } from "./report/load-report.ts";
import { type LoadRun, type LoadSurroundings, runPhases } from "./run.ts";

const RUN: LoadRun = {
  classes: ["search"],
  clients: 4,
  seconds: 0.2,
  closed: true,
  rate: undefined,
  roster: { seed: 1, workers: 0 },
  corpus: "",
  path: "/v1/matrix/search",
  run: 1,
};

/** A house of one reply. */
function around(reply: () => Omit<WireReply, "ms">, stop = new AbortController()): LoadSurroundings {
  return {
    clock: systemLoadClock,
    call: async () => {
      await Bun.sleep(1);
      return { ...reply(), ms: 1 };
    },
    signal: stop.signal,
    cpuUs: () => 0,
    houseCpuUs: () => null,
    progress: () => undefined,
  };
}

const HEAD = {
  profile: "baseline",
  url: "http://house",
  workers: 0,
  seed: 1,
  clients: 4,
  started_at: "2026-01-01T00:00:00Z",
  left_out: [],
};
const MACHINE = { processors: 2, loadAverage: 0, interrupted: false };

test("profiles have the classes, clients and times that were agreed", () => {
  expect(PROFILE_NAMES.map((name) => [name, PROFILES[name].clients, PROFILES[name].seconds])).toEqual([
    ["baseline", 1, 10],
    ["sustained", 10, 30],
    ["multitier", 50, 300],
  ]);
  const { classes, workers } = PROFILES.multitier;
  expect([classes.length, workers]).toEqual([6, 100_000]);
  expect(new Set([...classes, "search"])).toEqual(new Set(Object.keys(CLASSES)));
  // Each class as often as the others.
  const turns = Array.from({ length: 60 }, (_, turn) => classAt(classes, turn));
  for (const name of classes) expect(turns.filter((one) => one === name)).toHaveLength(10);
});

test("an open loop without a rate finds the peak first, and runs below it", async () => {
  const right = around(() => ({ status: 200, body: { hits: [] } }));
  const { peak, load } = await runPhases({ ...RUN, closed: false }, right);
  const report = reportOf(HEAD, peak, load, MACHINE);
  expect(peak?.tally.done).toBeGreaterThan(0);
  expect(report?.rate).toBeLessThan(report?.peak?.per_second ?? 0);
  expect([report?.failed, report?.not_started, report?.loop]).toEqual([0, 0, "open"]);
});

test("refusals and wrong answers are failures, by status, fault and check", async () => {
  const refused = await runPhases(
    RUN,
    around(() => ({ status: 503, fault: "unavailable", body: {} })),
  );
  const report = reportOf(HEAD, refused.peak, refused.load, MACHINE);
  expect(report?.done).toBe(0);
  expect(report?.failed).toBeGreaterThan(0);
  const [call] = report?.calls ?? [];
  expect(call?.statuses).toEqual({ 503: report?.failed ?? 0 });
  expect(call?.faults).toEqual({ unavailable: report?.failed ?? 0 });
  expect(Object.keys(report?.classes[0]?.failures ?? {})).toEqual([
    "POST /v1/matrix/search: 503 unavailable instead of 200",
  ]);
  expect(report === null ? 0 : failuresOf(report)).toBe(report?.failed ?? -1);
  expect(report === null ? "" : asMarkdown(report)).toContain("## Failures");

  for (const body of [{}, "no JSON", null]) {
    const { load } = await runPhases(
      { ...RUN, seconds: 0.02 },
      around(() => ({ status: 200, body })),
    );
    expect([load?.tally.done, (load?.tally.failed ?? 0) > 0]).toEqual([0, true]);
  }
});

test("a load that is stopped tells the figures so far", async () => {
  const stop = new AbortController();
  let calls = 0;
  const stopping = around(() => {
    calls += 1;
    if (calls === 20) stop.abort();
    return { status: 200, body: { hits: [] } };
  }, stop);
  const { peak, load } = await runPhases({ ...RUN, seconds: 600 }, stopping);
  const report = reportOf(HEAD, peak, load, { ...MACHINE, interrupted: true });
  expect(report?.ended).toBe("interrupted");
  expect(report?.done).toBeGreaterThanOrEqual(20);
  expect(report?.failed).toBe(0);
  expect(report === null ? [] : remarksOf(report)).toContainEqual(expect.stringContaining("Interrupted"));
});

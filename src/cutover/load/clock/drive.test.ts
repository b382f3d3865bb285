import { describe, expect, test } from "bun:test";
import { createLatencies, type Latency } from "../report/latency.ts";
import { closedLoop, openLoop } from "./arrivals.ts";
import { drive } from "./drive.ts";
import type { LoadClock } from "./load-clock.ts";

const never = new AbortController().signal;

/** Time that moves only when everything waits for it. */
function madeClock(): LoadClock & { run(work: Promise<unknown>): Promise<void> } {
  let time = 0;
  const waiting: { at: number; wake: () => void }[] = [];
  return {
    now: () => time,
    until: (at) => new Promise((wake) => void waiting.push({ at, wake })),
    run: async (work) => {
      let done = false;
      const ended = work.finally(() => {
        done = true;
      });
      for (;;) {
        // All that can go on without time goes on first.
        await Bun.sleep(0);
        if (done) return void (await ended);
        waiting.sort((a, b) => a.at - b.at);
        const [first] = waiting;
        if (first === undefined) throw new Error("nothing waits for time, and the work has not ended");
        time = Math.max(time, first.at);
        for (const { wake } of waiting.splice(0, waiting.filter(({ at }) => at <= time).length)) wake();
      }
    },
  };
}

const STALL = { from: 1000, to: 2000 };
const WORK_MS = 5;

interface Measured {
  readonly latency: Latency;
  readonly late: Latency;
  readonly done: number;
  readonly notStarted: number;
  readonly mostAtOnce: number;
}

/** Four clients for four seconds of a server that answers in 5 ms and stands still for the second of them. */
async function measured(open: boolean, rate = 100): Promise<Measured> {
  const clock = madeClock();
  const latencies = createLatencies();
  const late = createLatencies();
  let done = 0;
  let atOnce = 0;
  let mostAtOnce = 0;
  let notStarted = 0;
  const load = drive({
    arrivals: open ? openLoop(0, rate, 4 * rate) : closedLoop(4000, Infinity),
    clients: 4,
    rampMs: 0,
    clock,
    giveUpAt: open ? 6000 : 4000,
    signal: never,
    work: async ({ dueAt, lateMs }) => {
      atOnce += 1;
      mostAtOnce = Math.max(mostAtOnce, atOnce);
      late.record(lateMs);
      const now = clock.now();
      const stalled = now >= STALL.from && now < STALL.to;
      await clock.until(stalled ? STALL.to + WORK_MS : now + WORK_MS, never);
      latencies.record(clock.now() - dueAt);
      done += 1;
      atOnce -= 1;
    },
  }).then((left) => {
    notStarted = left;
  });
  await clock.run(load);
  return { latency: latencies.summary(), late: late.summary(), done, notStarted, mostAtOnce };
}

describe("a server that stands still for a second", () => {
  test("shows in the percentiles of an open loop", async () => {
    const { latency, done, notStarted, late } = await measured(true);
    expect({ done, notStarted }).toEqual({ done: 400, notStarted: 0 });
    // A quarter of all was due in that second, and half of those waited for more than half of it.
    expect(latency.p50_ms).toBeLessThan(10);
    expect(latency.p95_ms).toBeGreaterThan(700);
    expect(latency.p99_ms).toBeGreaterThan(900);
    expect(latency.max_ms).toBeGreaterThanOrEqual(1000);
    // The house was what lagged, and not the generator.
    expect(late.max_ms).toBeLessThan(1);
  });

  test("hides from those of a closed loop, but for its maximum", async () => {
    const { latency, notStarted } = await measured(false);
    expect(notStarted).toBe(0);
    expect(latency.p99_ms).toBeLessThan(10);
    expect(latency.max_ms).toBeGreaterThan(900);
  });
});

test("never more at once than there are clients, and what is due without one is counted", async () => {
  const { mostAtOnce, done, notStarted } = await measured(true, 2000);
  expect(mostAtOnce).toBe(4);
  expect(notStarted).toBeGreaterThan(0);
  expect(done + notStarted).toBe(8000);
});

test("a generator that is late says so", async () => {
  const clock = madeClock();
  const late: number[] = [];
  const slow: LoadClock = { now: clock.now, until: (at, signal) => clock.until(at + 30, signal) };
  await clock.run(
    drive({
      arrivals: openLoop(0, 10, 5),
      clients: 1,
      rampMs: 0,
      clock: slow,
      giveUpAt: 10_000,
      signal: never,
      work: async ({ lateMs }) => void late.push(lateMs),
    }),
  );
  expect(late).toEqual([0, 30, 30, 30, 30]);
});

test("a drive that is ended begins nothing further, and counts nothing as owed", async () => {
  const clock = madeClock();
  const stop = new AbortController();
  let begun = 0;
  const left = drive({
    arrivals: openLoop(0, 100, 1000),
    clients: 2,
    rampMs: 0,
    clock,
    giveUpAt: 100_000,
    signal: stop.signal,
    work: async () => {
      begun += 1;
      if (begun === 10) stop.abort();
    },
  });
  await clock.run(left);
  expect([begun, await left]).toEqual([10, 0]);
});

test("clients of a closed loop begin one after the other", async () => {
  const clock = madeClock();
  const begun: number[] = [];
  await clock.run(
    drive({
      arrivals: closedLoop(1000, Infinity),
      clients: 4,
      rampMs: 400,
      clock,
      giveUpAt: 1000,
      signal: never,
      work: async () => {
        begun.push(clock.now());
        await clock.until(1000, never);
      },
    }),
  );
  expect(begun).toEqual([0, 100, 200, 300]);
});

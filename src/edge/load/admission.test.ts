// Which requests find room, wait, are refused: with a lag probe whose lateness a test sets.

import { afterEach, describe, expect, test } from "bun:test";
import { createLog } from "#lib/log";
import { present } from "#lib/assert";
import type { AnyOp } from "#rpc/contract";
import { type Route, traitsOf } from "#rpc/route";
import { house } from "#contracts/house";
import { type Admission, createAdmission, type ConcurrencyLimit, isLarge } from "./admission.ts";
import { type LagProbe, openLagProbe } from "./lag-probe.ts";

const said: string[] = [];
const log = createLog({ level: "warn", readable: true, write: (line) => void said.push(line) });
const request = (): Request => new Request("http://here/");
const route = (name: string, operation: AnyOp): Route => ({
  ...traitsOf(name, operation),
  handle: () => Promise.resolve(new Response("")),
  fault: () => new Response(""),
});
const search = route("vectord.search", house.vectord.search);
const sql = route("queryd.sql", house.queryd.sql);

/** As late as it is told. */
function lateProbe(): LagProbe & { late: number } {
  return {
    late: 0,
    pendingMs() {
      return this.late;
    },
    get lastMs() {
      return this.late;
    },
    close: () => undefined,
  };
}

/** Takes all the room there is; gives how much that was. */
function fill(limit: ConcurrencyLimit): number {
  let taken = 0;
  while (limit.enter()) taken += 1;
  return taken;
}

describe("a concurrency limit", () => {
  const admission = (): Admission => createAdmission(lateProbe(), log);

  test("has room, and again when a request leaves", () => {
    const limit = admission().limit(search, "quick", "");
    expect(fill(limit)).toBeGreaterThan(16);
    limit.leave();
    expect([limit.enter(), limit.enter()]).toEqual([true, false]);
  });

  test("is told by service and kind of work, and of those of all callers the fullest", () => {
    const all = admission();
    all.limit(search, "stream", "ann");
    expect(all.limit(search, "quick", "").enter()).toBe(true);
    const [one, other] = ["ann", "bob"].map((caller) => all.limit(sql, "bulk", caller));
    expect([one?.enter(), other?.enter(), other?.enter()]).toEqual([true, true, true]);
    const running = Object.entries(all.queues()).map(([queue, figures]) => [queue, figures.running]);
    expect(running).toEqual([
      ["requests while it is late", undefined],
      ["requests to vectord", 1],
      ["long work of queryd", 2],
    ]);
  });

  test("lets the newest of those that wait in, and none whose client has gone", async () => {
    const limit = admission().limit(search, "quick", "");
    const room = fill(limit);
    const left = new AbortController();
    const order: string[] = [];
    const waiting = async (at: ConcurrencyLimit, name: string, by = request()): Promise<void> => {
      const admitted = await present(at.wait(by), "room to wait");
      order.push(`${name} ${admitted}`);
    };
    const waits = [
      waiting(limit, "first"),
      waiting(limit, "second"),
      waiting(limit, "gone", new Request("http://here/", { signal: left.signal })),
    ];
    left.abort();
    limit.leave();
    limit.leave();
    await Promise.all(waits);
    expect(order).toEqual(["gone false", "second true", "first true"]);
    // Their room was handed on, and is all there is.
    expect(limit.enter()).toBe(false);
    for (let one = 0; one < room; one += 1) limit.leave();
    expect(fill(limit)).toBe(room);
  });

  test("refuses what waited in vain, and what it cannot even let wait", async () => {
    const limit = admission().limit(search, "quick", "");
    fill(limit);
    expect(await limit.wait(request())).toBe(false);
    let waiting = 0;
    while (!limit.full) {
      void limit.wait(request());
      waiting += 1;
    }
    expect(waiting).toBeGreaterThan(0);
    expect(limit.wait(request())).toBeUndefined();
  });

  test("is one for all callers of quick work, and one for each of costly work; services do not share", () => {
    const one = admission();
    const gate = one.limit(search, "quick", "anna");
    expect(one.limit(search, "quick", "ben")).toBe(gate);
    expect(one.limit(route("embedd.models", house.embedd.models), "quick", "")).not.toBe(gate);
    fill(one.limit(sql, "bulk", "anna"));
    expect(one.limit(sql, "bulk", "anna").enter()).toBe(false);
    expect(one.limit(sql, "bulk", "ben").enter()).toBe(true);
  });
});

describe("a request that comes while the process lags", () => {
  const lagging = (): { probe: ReturnType<typeof lateProbe>; admission: Admission } => {
    const probe = lateProbe();
    const admission = createAdmission(probe, log);
    expect(admission.lags(0)).toBe(false);
    probe.late = 100;
    expect(admission.lags(0)).toBe(true);
    return { probe, admission };
  };
  const crowd = (admission: Admission, length: number): Promise<boolean>[] =>
    Array.from({ length }, () => present(admission.defer(request()), "room to wait"));

  test("is let in all the same when hardly another does", async () => {
    const { admission } = lagging();
    expect(await admission.defer(request())).toBe(true);
  });

  test("is deferred with the others, and let in when it has caught up", async () => {
    const { probe, admission } = lagging();
    const waiting = crowd(admission, 200);
    await waiting.at(-1);
    probe.late = 0;
    expect(new Set(await Promise.all(waiting))).toEqual(new Set([true]));
  });

  test("is not refused for a turn in which nobody could be let in", async () => {
    const { admission } = lagging();
    const waits = crowd(admission, 40);
    const until = performance.now() + 1000;
    while (performance.now() < until);
    expect(await Promise.all(waits)).not.toContain(false);
  });

  test("is refused when it does not catch up, but for a few", async () => {
    const { admission } = lagging();
    const answers = await Promise.all(crowd(admission, 2000));
    const admitted = answers.filter(Boolean).length;
    expect(admitted).toBeGreaterThan(0);
    expect(admitted).toBeLessThan(answers.length / 2);
  });
});

test("refusals are counted by route, and said once for many", () => {
  said.length = 0;
  const admission = createAdmission(lateProbe(), log);
  for (let one = 0; one < 1000; one += 1) admission.refused("queryd.sql");
  expect(admission.refusals.get("queryd.sql")).toBe(1000);
  expect(said.length).toBe(1);
});

test("a body is large when its length is, or when nobody says it", () => {
  expect(isLarge(new Headers({ "content-length": "100" }))).toBe(false);
  expect(isLarge(new Headers({ "content-length": String(1024 * 1024) }))).toBe(true);
  expect(isLarge(new Headers({ "transfer-encoding": "chunked" }))).toBe(true);
  expect(isLarge(new Headers())).toBe(false);
});

describe("the event-loop lag probe", () => {
  let probe: LagProbe | undefined;
  afterEach(() => probe?.close());

  const probed = async (): Promise<number> => {
    const one = present(probe, "a probe");
    const before = one.lastMs;
    for (;;) {
      if (one.lastMs !== before) return one.lastMs;
      await Bun.sleep(1);
    }
  };

  test("takes as long as this process is busy", async () => {
    probe = await openLagProbe();
    const now = performance.now();
    expect(probe.pendingMs(now)).toBe(0);
    while (performance.now() < now + 60);
    expect(probe.pendingMs(performance.now())).toBeGreaterThan(50);
    expect(await probed()).toBeGreaterThan(50);
    // Somebody asked meanwhile, so there is another, and then it rests until the next question.
    expect(await probed()).toBeLessThan(50);
    const last = probe.lastMs;
    await Bun.sleep(50);
    expect(probe.lastMs).toBe(last);
  });
});

// Who finds room, who waits, who is refused: with a pulse whose lateness a test sets.

import { afterEach, describe, expect, test } from "bun:test";
import { createLog } from "#lib/log";
import { present } from "#lib/assert";
import type { AnyOp } from "#rpc/contract";
import { type Route, traitsOf } from "#rpc/route";
import { house } from "#contracts/house";
import { type Admission, createAdmission, type Gate, isLarge } from "./admission.ts";
import { openPulse, type Pulse } from "./pulse.ts";

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
function latePulse(): Pulse & { late: number } {
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
function fill(gate: Gate): number {
  let taken = 0;
  while (gate.enter()) taken += 1;
  return taken;
}

describe("a gate", () => {
  const admission = (): Admission => createAdmission(latePulse(), log);

  test("has room, and again when somebody leaves", () => {
    const gate = admission().gate(search, "quick", "");
    expect(fill(gate)).toBeGreaterThan(16);
    gate.leave();
    expect([gate.enter(), gate.enter()]).toEqual([true, false]);
  });

  test("lets the newest of those who wait in, and none who has gone", async () => {
    const gate = admission().gate(search, "quick", "");
    const room = fill(gate);
    const left = new AbortController();
    const order: string[] = [];
    const waiting = async (at: Gate, name: string, by = request()): Promise<void> => {
      const come = await present(at.wait(by), "room to wait");
      order.push(`${name} ${come}`);
    };
    const waits = [
      waiting(gate, "first"),
      waiting(gate, "second"),
      waiting(gate, "gone", new Request("http://here/", { signal: left.signal })),
    ];
    left.abort();
    gate.leave();
    gate.leave();
    await Promise.all(waits);
    expect(order).toEqual(["gone false", "second true", "first true"]);
    // Their room was handed on, and is all there is.
    expect(gate.enter()).toBe(false);
    for (let one = 0; one < room; one += 1) gate.leave();
    expect(fill(gate)).toBe(room);
  });

  test("refuses who waited in vain, and whom it cannot even let wait", async () => {
    const gate = admission().gate(search, "quick", "");
    fill(gate);
    expect(await gate.wait(request())).toBe(false);
    let waiting = 0;
    while (!gate.full) {
      void gate.wait(request());
      waiting += 1;
    }
    expect(waiting).toBeGreaterThan(0);
    expect(gate.wait(request())).toBeUndefined();
  });

  test("is one for all callers of quick work, and one for each of dear work; services do not share", () => {
    const one = admission();
    const gate = one.gate(search, "quick", "anna");
    expect(one.gate(search, "quick", "ben")).toBe(gate);
    expect(one.gate(route("embedd.models", house.embedd.models), "quick", "")).not.toBe(gate);
    fill(one.gate(sql, "bulk", "anna"));
    expect(one.gate(sql, "bulk", "anna").enter()).toBe(false);
    expect(one.gate(sql, "bulk", "ben").enter()).toBe(true);
  });
});

describe("who comes while the process lags", () => {
  const lagging = (): { pulse: ReturnType<typeof latePulse>; admission: Admission } => {
    const pulse = latePulse();
    const admission = createAdmission(pulse, log);
    expect(admission.lags(0)).toBe(false);
    pulse.late = 100;
    expect(admission.lags(0)).toBe(true);
    return { pulse, admission };
  };
  const crowd = (admission: Admission, length: number): Promise<boolean>[] =>
    Array.from({ length }, () => present(admission.putAside(request()), "room to wait"));

  test("is let in all the same when hardly anybody else does", async () => {
    const { admission } = lagging();
    expect(await admission.putAside(request())).toBe(true);
  });

  test("is put aside with the others, and let in when it has caught up", async () => {
    const { pulse, admission } = lagging();
    const waiting = crowd(admission, 200);
    await waiting.at(-1);
    pulse.late = 0;
    expect(new Set(await Promise.all(waiting))).toEqual(new Set([true]));
  });

  test("is refused when it does not catch up, but for a few", async () => {
    const { admission } = lagging();
    const answers = await Promise.all(crowd(admission, 2000));
    const come = answers.filter(Boolean).length;
    expect(come).toBeGreaterThan(0);
    expect(come).toBeLessThan(answers.length / 2);
  });
});

test("refusals are counted by route, and said once for many", () => {
  said.length = 0;
  const admission = createAdmission(latePulse(), log);
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

describe("the pulse", () => {
  let pulse: Pulse | undefined;
  afterEach(() => pulse?.close());

  const beat = async (): Promise<number> => {
    const one = present(pulse, "a pulse");
    const before = one.lastMs;
    for (;;) {
      if (one.lastMs !== before) return one.lastMs;
      await Bun.sleep(1);
    }
  };

  test("takes as long as this process is busy", async () => {
    pulse = await openPulse();
    const now = performance.now();
    expect(pulse.pendingMs(now)).toBe(0);
    while (performance.now() < now + 60);
    expect(pulse.pendingMs(performance.now())).toBeGreaterThan(50);
    expect(await beat()).toBeGreaterThan(50);
    // Somebody asked meanwhile, so there is another, and then it rests until the next question.
    expect(await beat()).toBeLessThan(50);
    const last = pulse.lastMs;
    await Bun.sleep(50);
    expect(pulse.lastMs).toBe(last);
  });
});

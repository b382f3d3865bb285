// Shadow comparison never costs the caller: a full queue, a hung side and an error are counted and nothing more; only calls that
// read are made twice, and memory stays flat.

import { describe, expect, test } from "bun:test";
import { systemClock } from "#lib/clock";
import { seeded } from "#lib/random";
import type { ForeignCall } from "#rpc/backend";
import type { Entry } from "../ledger/ledger.ts";
import type { Passed } from "../pass-through.ts";
import { createShadow, type Shadow, type ShadowOptions } from "./shadow.ts";
import { shapeOf } from "./shape.ts";

const entry = (id: string, state: Entry["state"] = "shadow"): Entry => ({
  id,
  route: "go:embed.embed",
  state,
  actor: "a",
  reason: "",
  at: "2026-01-01T00:00:00.000Z",
});
const bytesOf = (value: unknown): ArrayBuffer => new TextEncoder().encode(JSON.stringify(value)).buffer;
const replyOf = (value: unknown, status = 200): Response =>
  new Response(JSON.stringify(value), { status, headers: { "content-type": "application/json" } });

function passedOf(there: unknown, sent: unknown = {}): Passed {
  return { response: replyOf(there), ms: 1, sent: bytesOf(sent), received: bytesOf(there) };
}

function callOf(here: (request: Request) => Promise<Response>, reads = true): ForeignCall {
  return {
    route: "go:embedd.embed",
    reads,
    request: new Request("http://h/_go/v1/embed", { method: "POST", headers: { "x-a": "1" } }),
    exchange: { requestId: "one", seal: () => undefined },
    native: here,
  };
}

/** Without rests, unless a test is about them. */
const shadowOf = (options: Partial<ShadowOptions> = {}): Shadow =>
  createShadow({ clock: systemClock, random: seeded(1), timeShare: 1, paceMs: 0, ...options });
const again = (there: unknown) => () => Promise.resolve(passedOf(there));
const never = (): Promise<never> => new Promise(() => undefined);

describe("shadow", () => {
  test("compares what the caller got with what this house says, given the same request", async () => {
    const shadow = shadowOf();
    const seen: string[] = [];
    const native = async (request: Request): Promise<Response> => {
      seen.push(`${request.headers.get("x-a")} ${await request.text()}`);
      return replyOf({ a: 2 });
    };
    shadow.offer(
      "go:embed.embed",
      entry("1"),
      callOf(native),
      passedOf({ a: 1 }, { texts: [] }),
      again({ a: 1 }),
    );
    await shadow.idle();
    expect(seen).toEqual(['1 {"texts":[]}']);
    const [tally] = shadow.tallies();
    expect([tally?.compared, tally?.different, [...(tally?.listed.keys() ?? [])]]).toEqual([
      1,
      1,
      ["a value"],
    ]);
  });

  test("behind a reply of this house asks the upstream, and this house again for its noise", async () => {
    const shadow = shadowOf();
    const asked: string[] = [];
    let time = 0;
    const native = (): Promise<Response> => Promise.resolve(replyOf({ a: 1, now: (time += 1) }));
    const primary: Entry = { ...entry("1", "primary"), shadow: "upstream" };
    for (let one = 0; one < 10; one += 1) {
      const response = replyOf({ a: 1, now: (time += 1) });
      const answered = { response: response.clone() as Response, ms: 1 };
      const request = new Request("http://h/_go/v1/embed", { method: "POST", body: '{"texts":[]}' });
      shadow.offerOwn(
        "go:embed.embed",
        primary,
        callOf(native),
        () => ({ ...answered, request }),
        async (sent) => {
          asked.push(await sent.text());
          return passedOf({ a: 2, now: -1 });
        },
      );
      await shadow.idle();
      // The caller's own is not read.
      expect(await response.json()).toMatchObject({ a: 1 });
    }
    expect(asked).toEqual(Array.from({ length: 10 }, () => '{"texts":[]}'));
    const [tally] = shadow.tallies();
    expect([tally?.compared, tally?.different]).toEqual([10, 10]);
    expect(tally?.noise.paths(systemClock.now())).toEqual(["now"]);
    expect(tally?.listed.get("a value")?.detail).toBeDefined();
    const large = replyOf("x".repeat(300_000));
    shadow.offerOwn(
      "go:embed.embed",
      primary,
      callOf(native),
      () => ({ request: callOf(native).request, response: large, ms: 1 }),
      again({}),
    );
    await shadow.idle();
    expect(tally?.dropped.large).toBe(1);
  });

  test("learns what the upstream says differently by itself", async () => {
    const shadow = shadowOf();
    let time = 0;
    for (let call = 0; call < 10; call += 1) {
      const other = (): Promise<Passed> => Promise.resolve(passedOf({ now: (time += 1) }));
      shadow.offer(
        "go:a.b",
        entry("1"),
        callOf(() => Promise.resolve(replyOf({ now: -1 }))),
        passedOf({ now: (time += 1) }),
        other,
      );
      await shadow.idle();
    }
    const [tally] = shadow.tallies();
    expect([tally?.compared, tally?.different]).toEqual([10, 2]);
    expect(tally?.noisy).toBe(8);
  });

  test("what is not compared is counted by its reason, and the queue has an end", async () => {
    const shadow = shadowOf({ queueMax: 5, deadlineMs: 30 });
    const hung = callOf(never);
    for (let call = 0; call < 20; call += 1)
      shadow.offer("go:a.b", entry("1"), hung, passedOf({}), again({}));
    const [tally] = shadow.tallies();
    const streamed: Passed = { ...passedOf({}), received: undefined };
    shadow.offer("go:a.b", entry("1"), hung, streamed, again({}));
    shadow.offer("go:a.b", entry("1"), callOf(never, false), passedOf({}), again({}));
    await shadow.idle();
    expect(tally?.dropped.large).toBe(1);
    // One is under way, and five wait.
    expect(tally?.dropped.full).toBe(14);
    expect((tally?.dropped.deadline ?? 0) + (tally?.dropped.lagging ?? 0)).toBe(6);
    expect(tally?.compared).toBe(0);
    shadow.offer(
      "go:a.b",
      entry("1"),
      callOf(() => Promise.reject(new Error("x"))),
      passedOf({}),
      again({}),
    );
    await shadow.idle();
    expect((tally?.dropped.failed ?? 0) + (tally?.dropped.lagging ?? 0)).toBeGreaterThanOrEqual(1);
  });

  test("another flip to shadow begins again, a canary goes on", async () => {
    const shadow = shadowOf();
    const same = callOf(() => Promise.resolve(replyOf({})));
    const offer = async (one: Entry): Promise<number | undefined> => {
      shadow.offer("go:a.b", one, same, passedOf({}), again({}));
      await shadow.idle();
      return shadow.tallies()[0]?.compared;
    };
    expect([await offer(entry("1")), await offer(entry("1")), await offer(entry("2", "canary"))]).toEqual([
      1, 2, 3,
    ]);
    expect(await offer(entry("3"))).toBe(1);
  });

  test("samples a share, and the first of each shape always", async () => {
    const shadow = shadowOf({ share: () => 0, queueMax: 1000 });
    const same = callOf(() => Promise.resolve(replyOf({})));
    for (let call = 0; call < 100; call += 1) {
      shadow.offer("go:a.b", entry("1"), same, passedOf({}, { texts: [] }), again({}));
      await shadow.idle();
    }
    shadow.offer("go:a.b", entry("1"), same, passedOf({}, { rare: 1 }), again({}));
    await shadow.idle();
    const [tally] = shadow.tallies();
    expect([...(tally?.shapes.values() ?? [])].map(({ seen }) => seen)).toEqual([100, 1]);
    expect((tally?.compared ?? 0) + (tally?.dropped.lagging ?? 0)).toBe(21);
  });

  test("what comes faster than it can be looked at is counted, and not read", async () => {
    const shadow = shadowOf();
    const same = callOf(() => Promise.resolve(replyOf({})));
    for (let call = 0; call < 100; call += 1)
      shadow.offer("go:a.b", entry("1"), same, passedOf({}, { [`field_${call}`]: 1 }), again({}));
    const [tally] = shadow.tallies();
    // With the caller's reply nothing has been read yet.
    expect([tally?.shapes.size, tally?.dropped.full]).toEqual([0, 36]);
    await shadow.idle();
    expect(tally?.shapes.size).toBe(64);
  });

  test("a rare shape takes the place of a common one in a full queue", async () => {
    const shadow = shadowOf({ queueMax: 30 });
    const gate = Promise.withResolvers<undefined>();
    const same = callOf(() => gate.promise.then(() => replyOf({})));
    const offer = (sent: unknown): void =>
      shadow.offer("go:a.b", entry("1"), same, passedOf({}, sent), again({}));
    for (let call = 0; call < 40; call += 1) offer({ texts: [] });
    offer({ rare: 1 });
    const [tally] = shadow.tallies();
    while ((tally?.dropped.full ?? 0) < 10) await Bun.sleep(1);
    gate.resolve(undefined);
    await shadow.idle();
    // One is under way, thirty wait.
    expect(tally?.dropped.full).toBe(10);
    expect([...(tally?.shapes.values() ?? [])].map(({ compared }) => compared)).toEqual([30, 1]);
  });

  test("rests for longer than it works", async () => {
    const shadow = shadowOf({ timeShare: 0.2 });
    const slow = callOf(() => Bun.sleep(5).then(() => replyOf({})));
    const started = performance.now();
    for (let call = 0; call < 5; call += 1) shadow.offer("go:a.b", entry("1"), slow, passedOf({}), again({}));
    await shadow.idle();
    // Five times 5 ms of work, and four times as long a rest after each.
    expect(performance.now() - started).toBeGreaterThan(5 * 5 * 5 - 10);
  });

  test("100,000 calls leave memory where it was", async () => {
    const shadow = shadowOf();
    const here = callOf(() => Promise.resolve(replyOf({ a: Math.random() })));
    const some = async (calls: number): Promise<number> => {
      for (let call = 0; call < calls; call += 1) {
        shadow.offer(
          `go:a.b`,
          entry("1"),
          here,
          passedOf({ a: 1 }, { [`field_${call}`]: 1 }),
          again({ a: 1 }),
        );
        if (call % 50 === 0) await shadow.idle();
      }
      await shadow.idle();
      Bun.gc(true);
      return process.memoryUsage().rss;
    };
    const before = await some(20_000);
    const after = await some(80_000);
    expect((after - before) / 1024 / 1024).toBeLessThan(64);
  }, 120_000);
});

test("a shape has fields and types, and no value", () => {
  const shape = shapeOf("http://h/x?b=1&a=2&a=3", { texts: ["Ann Lee"], k: 1, more: { "Ann Lee": null } });
  expect(shape).toBe("?a&b {k:number,more:{*:null},texts:[string]}");
});

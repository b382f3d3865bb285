// What only a house apart can show: a daemon that dies, hangs, or dies repeatedly, while the others go on.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { op } from "#rpc/contract";
import { listen, type Listener } from "#rpc/listen";
import { implement } from "#rpc/local";
import { remote } from "#rpc/remote";
import { routes } from "#rpc/serve";
import { codeOf, startHouse, type TestHouse } from "./house.ts";
import { load } from "./kept-connections.ts";

/** Daemons are found by name in /proc. */
const noProc = process.platform !== "linux";

/** The process of a daemon of this house. */
function pidOf(service: string, data: string): number | undefined {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      const at = words.indexOf("serve");
      if (at === -1 || words[at + 1] !== service) continue;
      if (readFileSync(`/proc/${pid}/environ`, "utf8").includes(`LAKEHOUSE_DATA=${data}\0`))
        return Number(pid);
    } catch {
      // It ended while we looked.
    }
  }
  return undefined;
}

/** The platform cuts a connection that is silent for 10 s, and checks every 4 s. */
const PLATFORM_IDLE_MS = 14_000;

const silence = {
  wait: op({
    method: "POST",
    path: "/silence",
    summary: "Answer after a silence",
    input: z.strictObject({ ms: z.int() }),
    output: z.object({ done: z.boolean() }),
    errors: [],
    scope: "read",
    timeoutMs: 60_000,
  }),
  watch: op({
    method: "GET",
    path: "/silence",
    summary: "One event, and another after a silence",
    reply: "events",
    input: z.strictObject({ ms: z.int() }),
    output: z.object({ event: z.string() }),
    errors: [],
    scope: "read",
  }),
};

/** Begins with the file and is awaited by its last test, so that the silence costs no time of its own. */
function beginSilence(at: { unix: string }): { daemon: Listener; outcome: Promise<unknown[]> } {
  const implementation = implement(silence, "silenced", {
    wait: async ({ ms }) => {
      await Bun.sleep(ms);
      return { done: true };
    },
    watch: async function* ({ ms }) {
      yield { event: "first" };
      await Bun.sleep(ms);
      yield { event: "last" };
    },
  });
  const daemon = listen({ origin: "silenced", at, routes: routes(implementation) });
  const service = remote(silence, at, { origin: "silenced" });
  const ms = PLATFORM_IDLE_MS;
  const outcome = Promise.allSettled([
    service.wait({ ms }),
    Array.fromAsync(service.watch({ ms }), ({ event }) => event),
  ]);
  return { daemon, outcome };
}

const sockets = mkdtempSync(join(tmpdir(), "silence-"));
const silent = beginSilence({ unix: join(sockets, "s") });
afterAll(async () => {
  await silent.daemon.stop(0);
  rmSync(sockets, { recursive: true, force: true });
});

describe.skipIf(noProc)("a house apart, a daemon of which is killed (needs /proc)", () => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await startHouse("apart", {}, { processes: true });
  }, 240_000);
  afterAll(() => house.close(), 240_000);

  test.each([
    ["embedd", "/v1/embed/models", "/v1/catalog/datasets"],
    ["catalogd", "/v1/catalog/datasets", "/v1/embed/models"],
    ["matrixd", "/v1/matrix/corpora", "/v1/storage"],
    ["storaged", "/v1/storage", "/v1/embed/models"],
  ])(
    "%s: its routes answer 503, the others go on, and it is back within seconds",
    async (service, its, another) => {
      const pid = pidOf(service, house.settings.data);
      expect(pid).toBeGreaterThan(0);
      process.kill(pid ?? 0, "SIGKILL");
      const killed = performance.now();
      let refusals = 0;
      for (;;) {
        const [mine, other] = await Promise.all([house.ask(its), house.ask(another)]);
        expect(other.status).toBe(200);
        if (mine.status === 200 && pidOf(service, house.settings.data) !== pid) break;
        if (mine.status !== 200) {
          expect([mine.status, await codeOf(mine)]).toEqual([503, "unavailable"]);
          expect(Number(mine.headers.get("retry-after"))).toBeGreaterThan(0);
          refusals += 1;
        }
        expect(performance.now() - killed).toBeLessThan(120_000);
        await Bun.sleep(5);
      }
      const awayMs = performance.now() - killed;
      expect(refusals).toBeGreaterThan(0);
      // A bar that is measured in quiet; here only that it comes back by itself, and soon.
      expect(awayMs).toBeLessThan(60_000);
      console.info(`${service} was away for ${Math.round(awayMs)} ms`);
      const health = await house.json<{ services: Record<string, { status: string }> }>("/v1/health");
      expect(health.services[service]?.status).toBe("ok");
    },
  );

  test("one that hangs fails its liveness probes and is restarted, and the others serve all along", async () => {
    const pid = pidOf("embedd", house.settings.data) ?? 0;
    const others = load({ url: house.url, clients: 4, path: "/v1/catalog/datasets", pauseMs: 5 });
    process.kill(pid, "SIGSTOP");
    const hung = performance.now();
    const codes = new Set<string>();
    for (;;) {
      const reply = await house.ask("/v1/embed/models");
      if (reply.status === 200) break;
      expect(Number(reply.headers.get("retry-after"))).toBeGreaterThan(0);
      codes.add(await codeOf(reply));
      expect(performance.now() - hung).toBeLessThan(180_000);
      await Bun.sleep(10);
    }
    console.info(`embedd hung and was back after ${Math.round(performance.now() - hung)} ms`);
    expect([...codes]).toEqual(["unavailable"]);
    expect(pidOf("embedd", house.settings.data)).not.toBe(pid);
    expect(house.logged.join("\n")).toContain("embedd fails its liveness probes");
    const { failures, answered } = await others.stop();
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(100);
  }, 240_000);

  test("one that dies repeatedly comes back each time, and the others serve all along", async () => {
    const others = load({ url: house.url, clients: 4, path: "/v1/catalog/datasets", pauseMs: 5 });
    let last = 0;
    for (let deaths = 0; deaths < 3; deaths += 1) {
      const until = performance.now() + 180_000;
      let pid = pidOf("queryd", house.settings.data) ?? last;
      while (pid === last && performance.now() < until) {
        await Bun.sleep(10);
        pid = pidOf("queryd", house.settings.data) ?? last;
      }
      expect(pid).not.toBe(last);
      process.kill(pid, "SIGKILL");
      last = pid;
    }
    const died = performance.now();
    const sql = (): Promise<Response> =>
      house.ask("/v1/sql", { method: "POST", body: '{"sql":"select 1 as one"}' });
    for (let reply = await sql(); reply.status !== 200; reply = await sql()) {
      expect([reply.status, await codeOf(reply)]).toEqual([503, "unavailable"]);
      expect(performance.now() - died).toBeLessThan(180_000);
      await Bun.sleep(10);
    }
    const { failures, answered } = await others.stop();
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(20);
  }, 240_000);

  test("the daemons end with their house", async () => {
    const data = house.settings.data;
    const before = pidOf("queryd", data);
    expect(before).toBeGreaterThan(0);
    house = await house.restart();
    expect(pidOf("queryd", data)).not.toBe(before);
  }, 240_000);
});

test("over a unix socket a request and a stream outlast the platform's idle limit", async () => {
  expect(await silent.outcome).toEqual([
    { status: "fulfilled", value: { done: true } },
    { status: "fulfilled", value: ["first", "last"] },
  ]);
}, 240_000);

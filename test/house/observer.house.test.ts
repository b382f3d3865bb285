// The recorder through a whole house: what the gateway reports, what goes out to a collector, and that a house in which it is
// dead, hangs or cannot write serves as if nothing were.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ObservedEvent } from "#contracts/observe";
import { type Collector, startCollector } from "#services/observerd/export/collector.testing";
import { startHouse, type TestHouse, TOPOLOGIES } from "./house.ts";

interface Page {
  readonly events: readonly ObservedEvent[];
}

const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

describe.each(TOPOLOGIES)("the recorder of a house %s", (topology) => {
  let house: TestHouse;
  let collector: Collector;
  beforeAll(async () => {
    collector = startCollector();
    house = await startHouse(topology, { otlp_endpoint: collector.url }, { processes: true });
  }, 240_000);
  afterAll(async () => {
    await house.close();
    await collector.stop();
  }, 240_000);

  const requests = async (): Promise<readonly ObservedEvent[]> =>
    (await house.json<Page>("/v1/observer/events?source=gateway&limit=1000")).events;

  test("has every request counted, sampled, with its trace, and sends it on", async () => {
    const many = 40;
    for (let at = 0; at < many; at += 1) {
      await house.json("/v1/catalog/datasets");
    }
    await house.ask("/v1/catalog/datasets/none", { headers: { traceparent: TRACEPARENT } });
    const counted = async (): Promise<number> =>
      (await requests())
        .filter(({ data }) => data["route"] === "catalogd.datasets")
        .reduce((sum, { data }) => sum + Number(data["count"]), 0);
    // The last ones of a second are told with the first of the next.
    while ((await counted()) < many) {
      await Bun.sleep(300);
      await house.json("/v1/catalog/datasets");
    }
    const failed = (await requests()).find(({ data }) => data["status"] === 404);
    expect(failed).toMatchObject({
      kind: "request",
      level: "info",
      data: {
        route: "catalogd.dataset",
        trace_id: "0af7651916cd43dd8448eb211c80319c",
        parent_span_id: "b7ad6b7169203331",
      },
    });
    while (!collector.spans.some(({ name }) => name === "catalogd.dataset")) await Bun.sleep(50);
    expect(collector.spans.find(({ name }) => name === "catalogd.dataset")).toMatchObject({
      traceId: "0af7651916cd43dd8448eb211c80319c",
      parentSpanId: "b7ad6b7169203331",
      kind: 2,
    });
    expect(collector.requests.every(({ status }) => status === 200)).toBe(true);
  }, 240_000);

  test("that cannot write is told by its own numbers, and by nothing else", async () => {
    const folder = join(house.settings.data, "observer");
    house = await house.restart(() => {
      renameSync(folder, `${folder}.aside`);
      writeFileSync(folder, "in the way");
    });
    expect((await house.ask("/v1/catalog/datasets")).status).toBe(200);
    const problem = async (): Promise<string | undefined> =>
      (await house.json<{ disk: { problem?: string } }>("/v1/observer/stats")).disk.problem;
    while ((await problem()) === undefined) await Bun.sleep(50);
    expect((await house.ask("/v1/observer/rules")).status).toBe(500);
    house = await house.restart(() => {
      rmSync(folder);
      renameSync(`${folder}.aside`, folder);
    });
    expect((await requests()).length).toBeGreaterThan(0);
    expect(await problem()).toBeUndefined();
  }, 120_000);

  test.skipIf(topology === "together" || !existsSync("/proc/self/environ"))(
    "that is dead or hangs costs nobody else a request (apart, needs /proc)",
    async () => {
      const pid = pidOf(house, "observerd");
      const served = async (many: number): Promise<number[]> => {
        const took: number[] = [];
        for (let at = 0; at < many; at += 1) {
          const started = performance.now();
          expect((await house.ask("/v1/catalog/datasets")).status).toBe(200);
          took.push(performance.now() - started);
        }
        return took;
      };
      await served(20);
      process.kill(pid, "SIGSTOP");
      try {
        await served(100);
      } finally {
        process.kill(pid, "SIGCONT");
      }
      process.kill(pid, "SIGKILL");
      await served(100);
      // It is back, and takes events.
      while ((await house.ask("/v1/observer/stats")).status !== 200) await Bun.sleep(50);
      const reply = await house.json<{ dropped: boolean }>(
        "/v1/observer/events",
        { source: "test", kind: "back" },
        202,
      );
      expect(reply.dropped).toBe(false);
    },
    120_000,
  );
});

/** A daemon of a house, by its command and its folder. */
function pidOf(house: TestHouse, service: string): number {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      if (!words.includes("serve") || !words.includes(service)) continue;
      if (readFileSync(`/proc/${pid}/environ`, "utf8").includes(`LAKEHOUSE_DATA=${house.settings.data}\0`))
        return Number(pid);
    } catch {
      // Gone meanwhile.
    }
  }
  throw new Error(`There is no process of ${service}.`);
}

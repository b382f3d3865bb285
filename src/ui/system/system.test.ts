import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { ObservedEvent } from "#contracts/observe";
import type { HouseHealth } from "../wire/house.ts";
import { adviceOf } from "./advice.ts";
import { cachesOf, queuesOf } from "./figures.ts";
import { processesOf, quantileOf, samplesIn, sumOf, trafficOf } from "./metrics.ts";
import { eventsOfRequest, type ReadEvents } from "./request-log.ts";

const TEXT = `# HELP lakehouse_requests_total Requests answered
# TYPE lakehouse_requests_total counter
lakehouse_requests_total{service="gateway",route="queryd.sql",status="200"} 8
lakehouse_requests_total{service="gateway",route="queryd.sql",status="404"} 1
lakehouse_requests_total{service="gateway",route="queryd.sql",status="503"} 1
lakehouse_request_seconds_bucket{service="gateway",route="queryd.sql",le="0.01"} 5
lakehouse_request_seconds_bucket{service="gateway",route="queryd.sql",le="0.1"} 9
lakehouse_request_seconds_bucket{service="gateway",route="queryd.sql",le="+Inf"} 10
lakehouse_request_seconds_sum{service="gateway",route="queryd.sql"} 2
lakehouse_request_seconds_count{service="gateway",route="queryd.sql"} 10
lakehouse_resident_bytes{service="gateway"} 1000
lakehouse_denied_total{service="gateway",reason="scope",caller="a \\"quoted\\" key"} 2
`;

describe("metrics", () => {
  test("are read with their labels, and summed over those that are not named", () => {
    const samples = samplesIn(TEXT);
    expect(samples.at(-1)?.labels["caller"]).toBe('a "quoted" key');
    expect(sumOf(samples, "lakehouse_requests_total")).toBe(10);
    expect(sumOf(samples, "lakehouse_requests_total", { status: "404" })).toBe(1);
    expect(sumOf(samples, "none")).toBeUndefined();
    expect(processesOf(samples)).toEqual([
      { service: "gateway", resident_bytes: 1000, heap_bytes: null, cpu_s: null, uptime_s: null },
    ]);
  });

  test("give for each route what was asked, what failed, and how long it took", () => {
    expect(trafficOf(samplesIn(TEXT))).toEqual([
      {
        service: "gateway",
        route: "queryd.sql",
        requests: 10,
        failed: 1,
        refused: 1,
        p50_ms: 10,
        // The tenth took longer than the last bound: that bound is all that is known.
        p99_ms: 100,
        mean_ms: 200,
      },
    ]);
  });

  test("a quantile lies in the bucket that holds it, and grows with what is asked for", () => {
    expect([quantileOf([], 0.5), quantileOf([[1, 0]], 0.5)]).toEqual([null, null]);
    fc.assert(
      fc.property(
        fc.array(fc.nat(50), { minLength: 1, maxLength: 12 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (counts, a, b) => {
          let sum = 0;
          const buckets = counts.map((count, at): [number, number] => [at + 1, (sum += count)]);
          const [low, high] = [quantileOf(buckets, Math.min(a, b)), quantileOf(buckets, Math.max(a, b))];
          if (low === null || high === null) {
            expect(sum).toBe(0);
            return;
          }
          expect(low).toBeLessThanOrEqual(high);
          const within = buckets.find(([, count]) => count >= Math.max(a, b) * sum)?.[0] ?? Infinity;
          expect(high).toBeLessThanOrEqual(within);
          expect(high).toBeGreaterThanOrEqual(within - 1);
        },
      ),
    );
  });
});

describe("advice", () => {
  const well: HouseHealth = {
    status: "ok",
    topology: "together",
    version: "1",
    services: { queryd: { status: "ok", latency_ms: 1 } },
    gateway: { queues: {} },
    probes: { object_store: { status: "ok" } },
  };

  test("is none for a house that is well, and worst first with its command for one that is not", () => {
    expect(adviceOf(well, [], undefined)).toEqual([]);
    const ill: HouseHealth = {
      ...well,
      services: {
        queryd: {
          status: "ok",
          latency_ms: 1,
          detail: "Failed in the background since the start: sweep (2).",
        },
        vectord: { status: "degraded", latency_ms: 1, detail: "Damaged: index a." },
        chatd: { status: "down", latency_ms: 500 },
      },
    };
    const advice = adviceOf(ill, samplesIn(TEXT), {
      dropped: 3,
      unwritten: 0,
      disk: { damaged_lines: 0 },
      alerts_firing: 0,
    });
    expect(advice.map(({ tone }) => tone)).toEqual(["bad", "bad", "warn", "warn", "info"]);
    expect(advice[0]?.what).toStartWith("chatd does not answer");
    expect(advice[1]).toMatchObject({ command: "lakehouse repair" });
    expect(advice[4]?.what).toContain("2 calls were refused");
  });
});

test("a request is found however far back it is, and by the beginning of its id", async () => {
  const all = Array.from({ length: 4500 }, (_, at): ObservedEvent => {
    const request_id = at === 120 ? "r-7~1i" : `r-${at + 9000}`;
    return { seq: at + 1, at: "", source: "gateway", kind: "request", level: "info", data: { request_id } };
  });
  const read: ReadEvents = async ({ after, limit }) => ({
    events: after === undefined ? all.slice(-limit) : all.slice(after, after + limit),
  });
  const found = await eventsOfRequest("r-7", read);
  expect(found.events.map(({ seq }) => seq)).toEqual([121]);
  const none = await eventsOfRequest("nothing", read);
  expect(none).toEqual({ events: [], searched: 4500, more: false });
});

test("queues come with the fullest first, the gateway's among them; a cache that nobody asked has no rate", () => {
  const queue = (waiting: number) => ({ waiting, waiting_max: 100, running: 1, running_max: 2 });
  const cache = { used: 1, max: 2, unit: "entries" as const };
  const house: HouseHealth = {
    status: "ok",
    topology: "apart",
    version: "1",
    services: {
      queryd: { status: "ok", latency_ms: 1, queues: { statements: queue(1) } },
      ingestd: { status: "ok", latency_ms: 1, queues: { files: queue(90) } },
      matrixd: {
        status: "ok",
        latency_ms: 1,
        caches: { read: { ...cache, hits: 3, misses: 1 }, near: { ...cache, hits: 0, misses: 0 } },
      },
    },
    gateway: { queues: { "requests to filld": queue(50) } },
    probes: { object_store: { status: "ok" } },
  };
  expect(queuesOf(house).map(({ service, full }) => [service, full])).toEqual([
    ["ingestd", 0.9],
    ["gateway", 0.5],
    ["queryd", 0.01],
  ]);
  expect(cachesOf(house).map(({ hit_rate, asked }) => [hit_rate, asked])).toEqual([
    [0.75, 4],
    [null, 0],
  ]);
});

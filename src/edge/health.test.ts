import { expect, test } from "bun:test";
import { houseHealth } from "./health.ts";
import { figureMetrics, metricsText } from "./meter.ts";

const noQueues = () => ({});
const storage = { probe: () => Promise.resolve({ status: "ok" }) } as never;

test("background failures are told and degrade nothing; damage and a service that does not answer do", async () => {
  const pings = {
    vectord: () => Promise.resolve({ failures: { snapshot: 3, "graph build": 1 } }),
    queryd: () => Promise.resolve({}),
  };
  const { status, services } = await houseHealth(
    { topology: "together", version: "1", pings, storage },
    noQueues,
  );
  expect(status).toBe("ok");
  expect(services["vectord"]?.detail).toBe(
    "Failed in the background since the start: snapshot (3), graph build (1).",
  );
  expect(services["queryd"]).not.toHaveProperty("detail");
  const damaged = { vectord: () => Promise.resolve({ damaged: ["index a"], failures: { snapshot: 1 } }) };
  const hurt = await houseHealth({ topology: "apart", version: "1", pings: damaged, storage }, noQueues);
  expect([hurt.status, hurt.services["vectord"]?.status]).toEqual(["degraded", "degraded"]);
  expect(hurt.services["vectord"]?.detail).toBe(
    "Damaged: index a. lakehouse repair says what can be done. Failed in the background since the start: snapshot (1).",
  );
  const broken = { ...pings, queryd: () => Promise.reject(new Error("away")) };
  const health = await houseHealth({ topology: "together", version: "1", pings: broken, storage }, noQueues);
  expect([health.status, health.services["queryd"]?.status]).toEqual(["degraded", "down"]);
});

test("queues and caches of services and of the gateway are told as they are", async () => {
  const queues = { statements: { waiting: 3, waiting_max: 512, running: 2, running_max: 3 } };
  const caches = { "orders read": { used: 4, max: 1000, unit: "entries" as const, hits: 9, misses: 4 } };
  const pings = {
    queryd: () => Promise.resolve({ queues }),
    matrixd: () => Promise.resolve({ caches }),
    truthd: () => Promise.resolve({}),
  };
  const late = { late: { waiting: 1, waiting_max: 4096 } };
  const { services, gateway } = await houseHealth(
    { topology: "apart", version: "1", pings, storage },
    () => late,
  );
  expect([services["queryd"]?.queues, services["matrixd"]?.caches, gateway.queues]).toEqual([
    queues,
    caches,
    late,
  ]);
  expect(services["truthd"]).not.toHaveProperty("queues");
});

test("the same figures are metrics, labelled with service and queue or cache", async () => {
  const queues = { imports: { waiting: 2, waiting_max: 8 } };
  const caches = { manifests: { used: 10, max: 100, unit: "bytes" as const, hits: 3, misses: 1 } };
  const text = await metricsText([figureMetrics("a", { queues }), figureMetrics("b", { caches }), []]);
  expect(text).toContain('lakehouse_queue_waiting{service="a",queue="imports"} 2');
  expect(text).toContain('lakehouse_cache_hits_total{service="b",cache="manifests",unit="bytes"} 3');
  expect(text).not.toContain("lakehouse_queue_running{");
});

import { expect, test } from "bun:test";
import { houseHealth } from "./health.ts";

const storage = { probe: () => Promise.resolve({ status: "ok" }) } as never;

test("background failures are told and degrade nothing; a service that does not answer does", async () => {
  const pings = {
    vectord: () => Promise.resolve({ failures: { snapshot: 3, "graph build": 1 } }),
    queryd: () => Promise.resolve({}),
  };
  const { status, services } = await houseHealth({ topology: "together", version: "1", pings, storage });
  expect(status).toBe("ok");
  expect(services["vectord"]?.detail).toBe(
    "failed in the background since the start: snapshot (3), graph build (1)",
  );
  expect(services["queryd"]).not.toHaveProperty("detail");
  const broken = { ...pings, queryd: () => Promise.reject(new Error("away")) };
  const health = await houseHealth({ topology: "together", version: "1", pings: broken, storage });
  expect([health.status, health.services["queryd"]?.status]).toEqual(["degraded", "down"]);
});

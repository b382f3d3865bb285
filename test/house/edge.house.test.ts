// The gateway: what it says of the house, which calls it lets in, and what every route refuses.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { join } from "node:path";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { readSettings } from "#config";
import { wire as contracts } from "#contracts/house";
import { SERVICE_NAMES } from "#contracts/services";
import type { HouseHealth } from "#edge/health";
import { createLog } from "#lib/log";
import type { AnyOp, Contract } from "#rpc/contract";
import { servedOps } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { writePath } from "#rpc/path";
import { startTogether } from "#topology/together";
import { codeOf, startHouse, type TestHouse, TOPOLOGIES } from "./house.ts";

const silent = createLog({ level: "error", readable: false, write: () => undefined });

/** Every routed operation with a path that names nothing that is there. */
const routed = (Object.values(contracts) as Contract[])
  .flatMap((contract) => servedOps(contract))
  .filter(([, operation]) => operation.internal !== true)
  .map(([name, operation]): [string, AnyOp] => [
    `${operation.method} ${operation.path} (${name})`,
    operation,
  ]);
const pathOf = ({ path }: AnyOp): string =>
  writePath(path, { key: "no/such", dataset: "nobody", index: "nobody", corpus: "nobody" });

describe.each([...TOPOLOGIES])("the gateway of a house %s", (topology) => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await startHouse(topology);
  }, 240_000);
  afterAll(() => house.close(), 240_000);

  test("reports the health of every service", async () => {
    expect(await house.json("/health")).toEqual({ status: "ok", service: "gateway" });
    const health = await house.json("/v1/health");
    expect(health).toMatchObject({
      status: "ok",
      topology,
      probes: {
        object_store: {
          backend: "disk",
          status: "ok",
          if_none_match: true,
          if_match: true,
          suffix_ranges: true,
        },
      },
    });
    expect(Object.keys(health["services"] as object).sort()).toEqual([...SERVICE_NAMES].sort());
  });

  test("tells the queues and the caches of its services and its own, and the same as metrics", async () => {
    await house.json("/v1/sql", { sql: "SELECT 1" });
    await house.json("/v1/embed", { texts: ["forklift operator"] });
    const { services, gateway } = (await house.json("/v1/health")) as unknown as HouseHealth;
    const { statements } = services["queryd"]?.queues ?? {};
    expect(statements).toMatchObject({ waiting: 0, running: 0 });
    expect(statements?.waiting_max).toBeGreaterThan(0);
    expect(services["embedd"]?.caches?.["vectors of texts"]).toMatchObject({ unit: "bytes", misses: 1 });
    expect(gateway.queues["long work of queryd"]).toMatchObject({ waiting: 0 });
    const text = await (await house.ask("/metrics")).text();
    expect(text).toContain('lakehouse_queue_waiting{service="queryd",queue="statements"} 0');
    expect(text).toContain(
      'lakehouse_cache_misses_total{service="embedd",cache="vectors of texts",unit="bytes"} 1',
    );
    expect(text).toContain('lakehouse_queue_running{service="gateway",queue="long work of queryd"}');
  });

  test("every reply says its request id and how long it took", async () => {
    const reply = await house.ask("/v1/embed/models", { headers: { "x-request-id": "mine-1" } });
    expect(reply.headers.get("x-request-id")).toBe("mine-1");
    expect(reply.headers.get("server-timing")).toMatch(/^up;dur=[\d.]+, own;dur=[\d.]+$/);
    const missing = await house.ask("/v1/nothing");
    expect([missing.status, missing.headers.has("x-request-id")]).toEqual([404, true]);
  });

  test("counts its replies", async () => {
    await house.ask("/v1/embed/models");
    const text = await (await house.ask("/metrics")).text();
    expect(text).toMatch(/lakehouse_requests_total\{[^}]*route="embedd\.models"[^}]*\} \d+/);
    // What counts up is a counter and ends in _total, and nothing else does.
    const metrics = [...text.matchAll(/^# TYPE (\S+) (\w+)$/gm)].map(
      ([, name = "", type]) => [name, type] as const,
    );
    expect(metrics.length).toBeGreaterThan(20);
    for (const [name, type] of metrics)
      expect([name, type === "counter"]).toEqual([name, name.endsWith("_total")]);
    expect(text).toMatch(/lakehouse_request_seconds_bucket\{[^}]*le="\+Inf"[^}]*\}/);
    expect(text).toMatch(/lakehouse_resident_bytes\{service="gateway"\} \d+/);
    if (topology === "apart") expect(text).toMatch(/lakehouse_resident_bytes\{service="matrixd"\} \d+/);
  });

  test("describes every operation, and the page loads from nowhere else", async () => {
    const { openapi, paths } = await house.json<{ openapi: string; paths: Record<string, object> }>(
      "/openapi.json",
    );
    expect(openapi).toBe("3.1.1");
    const described = Object.entries(paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method} ${path}`),
    );
    const wanted = new Set(
      routed.map(([, { method, path }]) => `${method.toLowerCase()} ${path.replaceAll("+}", "}")}`),
    );
    expect(new Set(described)).toEqual(wanted);
    const page = await house.ask("/docs");
    expect(page.headers.get("content-security-policy")).toContain("default-src 'self'");
    const text = await page.text();
    for (const [, source = ""] of text.matchAll(/(?:src|href)="([^"]+)"/g)) {
      expect(source).toStartWith("/docs/");
      expect((await house.ask(source)).status).toBe(200);
    }
    expect((await house.ask("/docs/../package.json")).status).toBe(404);
    const home = await house.ask("/");
    expect([home.status, home.headers.get("content-security-policy")]).toEqual([
      200,
      expect.stringContaining("script-src 'self'"),
    ]);
  });

  test("what cannot be acknowledged is not done: pipelined changes, and a stray line end behind a body", async () => {
    const { port } = new URL(house.url);
    const put = (key: string): string =>
      `PUT /v1/storage/${key} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-length: 5\r\n\r\nhello`;
    const sent = (text: string): Promise<string> =>
      new Promise((resolve, reject) => {
        let answer = "";
        const socket = connect(Number(port), "127.0.0.1", () => socket.write(text));
        socket.on("data", (data) => (answer += data.toString()));
        socket.on("close", () => resolve(answer));
        socket.on("error", reject);
        // A connection that is answered stays open: its client ends it.
        socket.on("data", () => setTimeout(() => socket.end(), 50));
      });
    const has = async (key: string): Promise<boolean> =>
      (await house.ask(`/v1/storage/${key}`)).status === 200;
    expect(await sent(put("alone"))).toStartWith("HTTP/1.1 201");
    expect(await has("alone")).toBe(true);
    for (const [name, text] of [
      ["two", put("two") + put("two-b")],
      ["line", `${put("line")}\r\n`],
      ["line-get", `${put("line-get")}\r\nGET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`],
    ] as const) {
      const answer = await sent(text);
      expect([name, answer.includes("HTTP/1.1 20"), await has(name)]).toEqual([name, false, false]);
    }
    expect(await has("two-b")).toBe(false);
  });

  test.each(routed)("%s is routed and refuses what is not there", async (_, operation) => {
    const body = operation.method === "GET" || operation.method === "HEAD" ? {} : { body: '{"stray":1}' };
    const reply = await house.ask(`${pathOf(operation)}?stray=1`, { method: operation.method, ...body });
    expect(reply.status).toBeLessThan(500);
    if (operation.method === "HEAD") expect(reply.status).toBe(400);
    else {
      const { error } = (await reply.json()) as {
        error: { code: string; origin: string; request_id: string };
      };
      expect(error.code).toBe("invalid");
      expect(Object.keys(contracts)).toContain(error.origin);
      expect(error.request_id).toBe(reply.headers.get("x-request-id") ?? "");
    }
  });
});

describe("access", () => {
  test("another address than loopback needs a key, and says so", async () => {
    const data = mkdtempSync(join(tmpdir(), "house-"));
    const { settings } = readSettings({ data, port: 0, host: "0.0.0.0" });
    const refused = await startTogether(settings, silent).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Fault);
    expect((refused as Fault).message).toContain("lakehouse config add-key");
  });

  test("two houses over one folder, or on one port, are refused with what to do", async () => {
    const house = await startHouse("together");
    const { settings } = readSettings({ data: house.settings.data, port: 0 });
    const elsewhere = readSettings({
      data: mkdtempSync(join(tmpdir(), "house-")),
      port: new URL(house.url).port,
    });
    const over = await startTogether(settings, silent).catch((error: unknown) => error);
    expect((over as Fault).message).toMatch(/A house runs over .*lakehouse down/s);
    const taken = await startTogether(elsewhere.settings, silent).catch((error: unknown) => error);
    expect((taken as Fault).message).toMatch(/Port \d+ is in use.*--port/s);
    await house.close();
  }, 240_000);

  test("a refusal is a fault", async () => {
    const house = await startHouse("together");
    const reply = await house.ask("/v1/sql", { method: "POST", body: "{" });
    expect([reply.status, await codeOf(reply)]).toEqual([400, "invalid"]);
    await house.close();
  }, 240_000);
});

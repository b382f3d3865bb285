// A foreign surface beside the house's contracts, in both topologies: its routes call the services as neighbours, and
// every failure of a request to them has the surface's own shape, also one that never reached a service.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSettings, type Settings } from "#config";
import { addKey } from "#edge/access/key-file";
import { createLog, type Log } from "#lib/log";
import { CallState } from "#rpc/call";
import { type Exchange, faultHeaders } from "#rpc/exchange";
import type { Fault } from "#rpc/fault";
import { foreignRoute } from "#rpc/route";
import { type RunningDaemon, serveDaemon } from "#topology/daemon-process";
import type { Fronts } from "#topology/fronts";
import { keysPath } from "#topology/gateway/listener";
import { START_ORDER } from "#topology/plan";
import { startTogether } from "#topology/together";
import { TOPOLOGIES, type Topology } from "./house.ts";

const reply = (
  exchange: Exchange,
  status: number,
  body: object,
  more: Record<string, string> = {},
): Response => {
  const headers = { "content-type": "application/vnd.echo+json", ...more };
  exchange.seal(headers, status);
  return new Response(JSON.stringify(body), { status, headers });
};

const fault = (failure: Fault, exchange: Exchange): Response =>
  reply(
    exchange,
    failure.status,
    { oops: [failure.code, failure.origin, failure.reason ?? null] },
    faultHeaders(failure),
  );

const traits = { body: "json", reply: "json", internal: false, fault } as const;

/** A wire with two operations: one on a path of its own, one on a native path under a header. */
const echo: Fronts = ({ house, own }) => ({
  own,
  close: () => Promise.resolve(),
  routes: [
    foreignRoute({
      ...traits,
      name: "echo.lookUp",
      method: "POST",
      pattern: "/echo/look-up",
      scope: "write",
      work: "quick",
      timeoutMs: 5000,
      bodyBytesMax: 1000,
      read: (request) => request.json() as Promise<{ key: string }>,
      answer: async ({ key }, exchange) => {
        const call = new CallState(exchange, Date.now() + 5000);
        const { headers } = await house.storaged.get({ key }, call);
        return reply(exchange, 200, { bytes: headers["content-length"], caller: call.caller.id });
      },
    }),
    foreignRoute({
      ...traits,
      name: "echo.models",
      method: "GET",
      pattern: "/v1/embed/models",
      scope: "read",
      work: "quick",
      timeoutMs: 5000,
      bodyBytesMax: 0,
      accepts: ({ headers }) => headers.get("x-lakehouse-dialect") === "echo",
      read: () => Promise.resolve(),
      answer: async (_, exchange) => {
        const { models } = await house.embedd.models({}, new CallState(exchange, Date.now() + 5000));
        return reply(exchange, 200, { names: models.map(({ name }) => name) });
      },
    }),
  ],
});

async function start(
  topology: Topology,
  settings: Settings,
  log: Log,
): Promise<{ url: string; close(): Promise<void> }> {
  if (topology === "together") return startTogether(settings, log, { fronts: echo });
  const daemons: RunningDaemon[] = [];
  for (const name of START_ORDER) daemons.push(await serveDaemon(settings, name, log));
  const gateway = await serveDaemon(settings, "gateway", log, { fronts: echo });
  const close = async (): Promise<void> => {
    for (const daemon of [gateway, ...daemons.toReversed()]) await daemon.close();
  };
  return { url: gateway.address, close };
}

describe.each([...TOPOLOGIES])("a foreign surface, %s", (topology) => {
  const data = mkdtempSync(join(tmpdir(), "fronts-"));
  const log = createLog({ level: "error", readable: true });
  const { settings } = readSettings({ port: 0, log: "error", data });
  let house: Awaited<ReturnType<typeof start>>;
  let keys: { read: string; write: string };

  beforeAll(async () => {
    const path = keysPath(settings);
    keys = {
      read: await addKey(path, { name: "reader", scope: "read" }),
      write: await addKey(path, { name: "writer", scope: "write" }),
    };
    house = await start(topology, settings, log);
  }, 240_000);
  afterAll(async () => {
    await house.close();
    rmSync(data, { recursive: true, force: true });
  }, 240_000);

  const ask = (path: string, init: RequestInit & { key?: string } = {}): Promise<Response> => {
    const { key, headers, ...rest } = init;
    const authorization = key === undefined ? {} : { authorization: `Bearer ${key}` };
    return fetch(house.url + path, { ...rest, headers: { ...(headers as object), ...authorization } });
  };
  const lookUp = (body: string, key?: string): Promise<Response> =>
    ask("/echo/look-up", { method: "POST", body, ...(key === undefined ? {} : { key }) });

  test("answers from the services, with the caller that the gateway found", async () => {
    const put = await ask("/v1/storage/a.txt", { method: "PUT", body: "four", key: keys.write });
    expect(put.status).toBe(201);
    const found = await lookUp('{"key":"a.txt"}', keys.write);
    expect([found.status, found.headers.get("content-type")]).toEqual([200, "application/vnd.echo+json"]);
    expect(found.headers.get("x-request-id")).not.toBeNull();
    expect(await found.json()).toEqual({ bytes: "4", caller: "writer" });
  });

  test("shares a native path, and takes what its `accepts` takes", async () => {
    const foreign = await ask("/v1/embed/models", {
      key: keys.read,
      headers: { "x-lakehouse-dialect": "echo" },
    });
    expect(Object.keys((await foreign.json()) as object)).toEqual(["names"]);
    const native = await ask("/v1/embed/models", { key: keys.read });
    expect(Object.keys((await native.json()) as object)).toEqual(["models"]);
  });

  test("every failure has its shape: of a service, of the body, and of the gateway before it", async () => {
    const failures: [Response, number, unknown][] = [
      [await lookUp('{"key":"none.txt"}', keys.write), 404, ["not_found", "storaged", null]],
      [await lookUp('{"key":"none.txt"}', keys.read), 403, ["forbidden", "gateway", "scope"]],
      [await lookUp('{"key":"none.txt"}'), 401, ["unauthorized", "gateway", "no_key"]],
    ];
    for (const [failure, status, oops] of failures) {
      expect(failure.status).toBe(status);
      expect(await failure.json()).toEqual({ oops });
    }
    expect(failures[2]?.[0].headers.get("www-authenticate")).toBe("Bearer");
    // The native surface keeps its own.
    const native = await ask("/v1/storage/none.txt");
    expect(await native.json()).toMatchObject({ error: { code: "unauthorized", origin: "gateway" } });
  });
});

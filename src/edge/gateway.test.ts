// The gateway of a process that lags, and of one that is full: what it says, and what it counts.

import { afterAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import { createLog } from "#lib/log";
import { LOCAL_CALLER } from "#rpc/call";
import { op } from "#rpc/contract";
import { faultFromBody } from "#rpc/fault";
import { implement } from "#rpc/local";
import { routes } from "#rpc/serve";
import { type Admission, createAdmission } from "./load/admission.ts";
import { gateway } from "./gateway.ts";
import { createAudit } from "./access/audit.ts";
import { Denied } from "./access/denied.ts";
import { createGuard } from "./access/guard.ts";
import { createMeter } from "./meter.ts";
import type { LagProbe } from "./load/lag-probe.ts";

const said: string[] = [];
const log = createLog({ level: "warn", readable: true, write: (line) => void said.push(line) });
let late = 0;
const probe: LagProbe = {
  pendingMs: () => late,
  get lastMs() {
    return late;
  },
  close: () => undefined,
};

const contract = {
  left: op({
    method: "POST",
    path: "/v1/left",
    summary: "Tell how much time is left",
    input: z.strictObject({ hold: z.boolean().default(false) }),
    output: z.object({ left_ms: z.number() }),
    errors: [],
    scope: "read",
    timeoutMs: 20_000,
  }),
  ticks: op({
    method: "GET",
    path: "/v1/ticks",
    summary: "Tick for ever",
    input: z.strictObject({}),
    output: z.object({ tick: z.number() }),
    reply: "events",
    errors: [],
    scope: "read",
  }),
};
const real = createAdmission(probe, log);
let deferred = 0;
/** So many are deferred behind the next one, in the same moment, and are let in before it. */
let crowd = 0;
const admission: Admission = {
  ...real,
  get lagMs() {
    return real.lagMs;
  },
  defer: (request) => {
    const wait = real.defer(request);
    for (; crowd > 0; crowd -= 1) void real.defer(new Request(server.url.href));
    deferred += 1;
    return wait;
  },
};
let begun = 0;
const held = Promise.withResolvers<void>();
const implementation = implement(contract, "labd", {
  left: async ({ hold }, { deadline }) => {
    begun += 1;
    if (hold) await held.promise;
    return { left_ms: deadline - Date.now() };
  },
  ticks: async function* () {
    for (let tick = 0; ; tick += 1) {
      yield { tick };
      await Bun.sleep(5);
    }
  },
});
const deps = {
  routes: routes(implementation),
  keys: { authenticate: () => LOCAL_CALLER, problem: undefined, list: () => [] },
  audit: createAudit("off", log),
  guard: createGuard({ host: "127.0.0.1", allowHosts: [], allowOrigins: [] }),
  allowOrigins: [],
  health: { topology: "together", version: "1", pings: {}, storage: {} as never },
  meter: createMeter("gateway"),
  admission,
  neighbourMetrics: () => Promise.resolve([]),
  log,
} as const;
const { routes: table, fetch: rest } = gateway(deps);
const server = Bun.serve({ hostname: "127.0.0.1", port: 0, development: false, routes: table, fetch: rest });
afterAll(() => server.stop(true));

const ask = (body: object = {}, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${server.url.origin}/v1/left`, { method: "POST", body: JSON.stringify(body), headers });

const until = async (there: () => boolean): Promise<void> => {
  while (!there()) await Bun.sleep(1);
};

/** Asks while the gateway lags, with so many that come after it and are let in first. */
async function askBefore(
  others: number,
  headers: Record<string, string> = {},
): Promise<{ reply: Promise<Response> }> {
  late = 100;
  deferred = 0;
  crowd = others;
  const reply = ask({}, headers);
  await until(() => deferred > 0);
  return { reply };
}

describe("a gateway that lags", () => {
  test("refuses in the usual shape, and counts it; /health is answered", async () => {
    const { reply: refusing } = await askBefore(3000, { "x-request-id": "mine-1" });
    expect((await fetch(`${server.url.origin}/health`)).status).toBe(200);
    const reply = await refusing;
    expect([reply.status, reply.headers.get("retry-after"), reply.headers.get("x-request-id")]).toEqual([
      503,
      "1",
      "mine-1",
    ]);
    const body: unknown = await reply.json();
    expect(body).toMatchObject({ error: { origin: "gateway", request_id: "mine-1" } });
    expect(faultFromBody(body)?.code).toBe("unavailable");
    late = 0;
    const metrics = await (await fetch(`${server.url.origin}/metrics`)).text();
    expect(metrics).toContain('lakehouse_refused_total{service="gateway",route="labd.left"} 1');
    expect(metrics).toMatch(/lakehouse_requests_total\{[^}]*route="labd\.left",status="503"\} 1/);
    // One line for all of them.
    expect(said.filter((line) => line.includes("labd.left")).length).toBe(0);
  });

  test("lets in what waited once it has caught up, and takes the wait off its time", async () => {
    let reply: Response;
    do {
      const { reply: waiting } = await askBefore(300);
      await Bun.sleep(100);
      late = 0;
      reply = await waiting;
      // On a machine that others use, the wait itself may have been too long.
    } while (reply.status === 503);
    expect(reply.status).toBe(200);
    const { left_ms } = (await reply.json()) as { left_ms: number };
    expect(left_ms).toBeLessThanOrEqual(19_990);
    expect(left_ms).toBeGreaterThan(10_000);
  });
});

test("a service with no room keeps requests waiting, and has room again when one leaves", async () => {
  begun = 0;
  const busy = Array.from({ length: 64 }, () => ask({ hold: true }));
  await until(() => begun === 64);
  expect((await ask()).status).toBe(503);
  const waiting = ask();
  held.resolve();
  expect((await waiting).status).toBe(200);
  expect((await Promise.all(busy)).every(({ status }) => status === 200)).toBe(true);
  expect((await ask()).status).toBe(200);
});

test("a stream keeps its place until its client leaves, and no longer", async () => {
  // Kept, because a reply that nobody holds is given up by the platform.
  const replies: unknown[] = [];
  const open = async (): Promise<AbortController> => {
    const client = new AbortController();
    const reply = await fetch(`${server.url.origin}/v1/ticks`, { signal: client.signal });
    expect(reply.status).toBe(200);
    const reader = reply.body?.getReader();
    await reader?.read();
    replies.push(reply, reader);
    return client;
  };
  const clients = await Promise.all(Array.from({ length: 128 }, open));
  expect((await fetch(`${server.url.origin}/v1/ticks`)).status).toBe(503);
  for (const client of clients) client.abort();
  const others = await Promise.all(Array.from({ length: 128 }, open));
  for (const client of others) client.abort();
  expect(replies.length).toBe(512);
}, 240_000);

test("a call that is not let in is logged with the operation it asked for", async () => {
  const lines: string[] = [];
  const told = createLog({ level: "info", readable: false, write: (line) => void lines.push(line) });
  const nobody = (): never => {
    throw new Denied("no_key", "Show a key.");
  };
  const closed = gateway({
    ...deps,
    keys: { ...deps.keys, authenticate: nobody },
    audit: createAudit("refused", told),
  });
  const strict = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    development: false,
    routes: closed.routes,
    fetch: closed.fetch,
  });
  try {
    const reply = await fetch(`${strict.url.origin}/v1/left`, { method: "POST", body: "{}" });
    expect(reply.status).toBe(401);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ message: "call refused", route: "labd.left", reason: "no_key", status: 401 }),
    ]);
  } finally {
    await strict.stop(true);
  }
});

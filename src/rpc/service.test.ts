import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { op } from "./contract.ts";
import { forward } from "./forward.ts";
import { type ListenAt, listen, type Listener } from "./listen.ts";
import { implement, local } from "./local.ts";
import { openApi } from "./openapi.ts";
import { type Address, remote } from "./remote.ts";
import { routes } from "./serve.ts";
import {
  caught,
  type Connection,
  lab,
  labImplementation,
  serviceConformance,
} from "./service.conformance.ts";

const folder = mkdtempSync(join(tmpdir(), "lab-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let sockets = 0;
const socket = (): { unix: string } => ({ unix: join(folder, `s${(sockets += 1)}`) });
const tcp: ListenAt = { hostname: "127.0.0.1", port: 0 };
const addressOf = (at: ListenAt, { port }: Listener): Address =>
  "unix" in at ? at : { url: `http://127.0.0.1:${port}` };

const inProcess: Connection = {
  name: "in process",
  carriesReason: true,
  connect: (implementation) =>
    Promise.resolve({ service: local(implementation), close: () => Promise.resolve() }),
};

const overSocket = (name: string, place: () => ListenAt): Connection => ({
  name,
  carriesReason: true,
  connect: (implementation) => {
    const at = place();
    const daemon = listen({ origin: "labd", at, routes: routes(implementation) });
    const service = remote(lab, addressOf(at, daemon), { origin: "labd" });
    return Promise.resolve({ service, close: () => daemon.stop(0) });
  },
});

const throughHop: Connection = {
  name: "through a forwarding hop",
  carriesReason: false,
  connect: (implementation) => {
    const inner = socket();
    const daemon = listen({ origin: "labd", at: inner, routes: routes(implementation) });
    const hop = listen({ origin: "hop", at: tcp, routes: forward(lab, "labd", inner) });
    const service = remote(lab, addressOf(tcp, hop), { origin: "labd" });
    const close = async (): Promise<void> => {
      await hop.stop(0);
      await daemon.stop(0);
    };
    return Promise.resolve({ service, close });
  },
};

for (const connection of [
  inProcess,
  overSocket("over TCP", () => tcp),
  overSocket("over a unix socket", socket),
  throughHop,
]) {
  serviceConformance(connection);
}

describe("the wire", () => {
  const daemon = listen({ origin: "labd", at: tcp, routes: routes(labImplementation()) });
  const url = `http://127.0.0.1:${daemon.port}`;
  afterAll(() => daemon.stop(0));

  test("statuses and headers follow from the output", async () => {
    const one = await fetch(`${url}/v1/lab/p/echo`, { method: "POST", body: '{"text":"x","count":1}' });
    expect([one.status, one.headers.get("x-count")]).toEqual([201, "1"]);
    const three = await fetch(`${url}/v1/lab/p/echo`, { method: "POST", body: '{"text":"x"}' });
    expect([three.status, three.headers.get("x-count")]).toEqual([200, "3"]);
  });

  test("health names the background work that failed", async () => {
    let failures: Record<string, number> | undefined;
    const one = listen({ origin: "labd", at: tcp, routes: [], stats: () => ({ failures }) });
    const health = async (): Promise<unknown> => (await fetch(`http://127.0.0.1:${one.port}/health`)).json();
    expect(await health()).toEqual({ status: "ok", service: "labd" });
    failures = { snapshot: 2 };
    expect(await health()).toEqual({ status: "ok", service: "labd", failures: { snapshot: 2 } });
    await one.stop(0);
  });

  test("a sane request id comes back, another is replaced", async () => {
    const ask = async (id: string): Promise<string | null> =>
      (await fetch(`${url}/v1/lab-cancellations`, { headers: { "x-request-id": id } })).headers.get(
        "x-request-id",
      );
    expect(await ask("abc-1")).toBe("abc-1");
    expect(await ask("no good!")).not.toBe("no good!");
  });

  test("faults have their status, body and retry-after", async () => {
    const reply = await fetch(`${url}/v1/lab-fail`, { method: "POST", body: '{"code":"unavailable"}' });
    expect([reply.status, reply.headers.get("retry-after")]).toEqual([503, "2"]);
    expect(await reply.json()).toEqual({
      error: {
        code: "unavailable",
        message: "asked for unavailable",
        origin: "labd",
        request_id: reply.headers.get("x-request-id"),
        details: [{ path: "code", message: "unavailable" }],
      },
    });
  });

  test("what is no JSON object, too large or unknown is refused as such", async () => {
    const post = async (body: string | ReadableStream): Promise<number> =>
      (await fetch(`${url}/v1/lab-relay`, { method: "POST", body })).status;
    expect(await post("{")).toBe(400);
    expect(await post("[]")).toBe(400);
    expect(await post("")).toBe(200);
    expect(await post(`{"x":"${"y".repeat(1024 * 1024)}"}`)).toBe(413);
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(65_536).fill(32)),
    });
    expect(await post(endless)).toBe(413);
    expect((await fetch(`${url}/v1/lab-later`)).status).toBe(404);
    expect((await fetch(`${url}/v1/lab-relay`)).status).toBe(404);
    expect((await fetch(`${url}/v1/lab/%ff/echo`, { method: "POST", body: '{"text":"x"}' })).status).toBe(
      400,
    );
  });

  test("health is answered by the daemon itself", async () => {
    expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: "ok", service: "labd" });
  });
});

describe("retries", () => {
  test("follow the fault's code and stop at the limit", async () => {
    const at = socket();
    const daemon = listen({ origin: "labd", at, routes: routes(labImplementation()) });
    const service = remote(lab, at, { origin: "labd" });
    expect(await service.flaky({ name: "a", failures: 2, code: "unavailable" })).toEqual({ tries: 3 });
    expect((await caught(service.flaky({ name: "b", failures: 3, code: "unavailable" }))).code).toBe(
      "unavailable",
    );
    expect((await caught(service.flaky({ name: "c", failures: 1, code: "conflict" }))).code).toBe("conflict");
    expect(await service.flaky({ name: "c", failures: 1, code: "conflict" })).toEqual({ tries: 2 });
    await daemon.stop(0);
  });

  test("reach a daemon that was restarted behind a pooled connection", async () => {
    const at = socket();
    const first = listen({ origin: "labd", at, routes: routes(labImplementation()) });
    const service = remote(lab, at, { origin: "labd" });
    await service.relay({});
    await first.stop(0);
    expect((await caught(service.relay({}))).code).toBe("unavailable");
    const second = listen({ origin: "labd", at, routes: routes(labImplementation()) });
    expect((await service.relay({})).caller).toBe("local");
    await second.stop(0);
  });
});

test("events behind a hop go on for longer than a JSON reply may take", async () => {
  const contract = {
    ticks: op({
      method: "GET",
      path: "/v1/ticks",
      summary: "Tick",
      input: z.object({}),
      output: z.object({ tick: z.number() }),
      reply: "events",
      errors: [],
      scope: "read",
      timeoutMs: 50,
    }),
  };
  const implementation = implement(contract, "ticksd", {
    ticks: async function* () {
      for (let tick = 0; tick < 6; tick += 1) {
        yield { tick };
        await Bun.sleep(30);
      }
    },
  });
  const inner = socket();
  const daemon = listen({ origin: "ticksd", at: inner, routes: routes(implementation) });
  const hop = listen({ origin: "hop", at: tcp, routes: forward(contract, "ticksd", inner) });
  const ticks: number[] = [];
  for await (const { tick } of remote(contract, addressOf(tcp, hop), { origin: "ticksd" }).ticks({})) {
    ticks.push(tick);
  }
  expect(ticks).toEqual([0, 1, 2, 3, 4, 5]);
  await hop.stop(0);
  await daemon.stop(0);
});

describe("an implementation", () => {
  test("that breaks its contract is caught when outputs are checked", async () => {
    const told: unknown[] = [];
    const broken = implement(
      { encoded: lab.encoded },
      "labd",
      { encoded: () => ({ answer: "many" }) as never },
      { checkOutputs: true, onBug: (bug) => told.push(bug) },
    );
    expect((await caught(local(broken).encoded({}))).code).toBe("internal");
    expect(told.length).toBe(1);
  });

  test("passes a call on to a neighbour with its deadline", async () => {
    const inner = local(labImplementation());
    const outer = implement({ relay: lab.relay }, "outerd", {
      relay: (input, call) => inner.relay(input, call),
    });
    const relayed = await local(outer).relay({}, { requestId: "r-7", timeoutMs: 500 });
    expect(relayed.requestId).toBe("r-7");
    expect(relayed.leftMs).toBeLessThanOrEqual(500);
  });
});

const page = await openApi({ labd: lab }, { title: "Lab", version: "1", description: "" });

describe("OpenAPI", () => {
  const paths = page["paths"] as Record<string, Record<string, Record<string, never>>>;

  test("describes what is served and nothing else", () => {
    const served = Object.values(lab).filter((operation) => !operation.planned).length;
    expect(Object.values(paths).flatMap((item) => Object.keys(item)).length).toBe(served);
    expect(paths["/v1/lab-later"]).toBeUndefined();
  });

  test("puts each field where it travels", () => {
    const parameters = paths["/v1/lab/{place}/find/{key}"]?.["get"]?.["parameters"] as unknown as {
      in: string;
      name: string;
    }[];
    expect(parameters.map((parameter) => `${parameter.in}:${parameter.name}`).sort()).toEqual(
      [
        "path:key",
        "path:place",
        "query:deep",
        "query:limit",
        "query:names",
        "query:ratio",
        "query:word",
      ].sort(),
    );
    const body = JSON.stringify(paths["/v1/lab/{place}/echo"]?.["post"]?.["requestBody"]);
    expect(body).toContain('"text"');
    expect(body).not.toContain('"place"');
    expect(Object.keys(paths["/v1/lab/{place}/echo"]?.["post"]?.["responses"] ?? {})).toContain("201");
  });
});

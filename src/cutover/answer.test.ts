// Which side a canary asks first: of writes that go to both sides always the same for one key.

import { afterAll, expect, test } from "bun:test";
import { systemClock } from "#lib/clock";
import { BACKEND_HEADER, type ForeignCall } from "#rpc/backend";
import { type AnswerDeps, answerFor } from "./answer.ts";
import type { Entry } from "./ledger/ledger.ts";

const older = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("there") });
afterAll(() => older.stop(true));

const entry: Entry = {
  id: "e",
  route: "go:storage.put",
  state: "canary",
  percent: 50,
  actor: "a",
  reason: "",
  at: "2026-11-30T00:00:00.000Z",
};

const NOBODY: AnswerDeps["observer"] = {
  passed: () => undefined,
  answered: () => undefined,
  compared: () => undefined,
};

function answering(isDual: boolean): (call: ForeignCall) => Promise<string> {
  const deps: AnswerDeps = {
    standing: () => () => ({ state: "canary", percent: 50, entry }),
    upstream: () => ({ name: "go", dialect: "go", url: older.url.origin }),
    observer: NOBODY,
    dual: { wants: () => isDual, answer: (call, first) => first(call) },
    clock: systemClock,
  };
  const answer = answerFor({ name: "go", prefix: "/_go" }, deps);
  return async (call) => (await answer(call)).headers.get(BACKEND_HEADER) ?? "";
}

/** What the upstream is sent when this house failed after `native` had its request. */
async function secondTry(
  native: (request: Request) => Promise<unknown>,
  init: RequestInit,
): Promise<{ status: number; body: string }> {
  const asked: string[] = [];
  const there = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      asked.push(await request.text());
      return new Response("there");
    },
  });
  const answer = answerFor(
    { name: "go", prefix: "/_go" },
    {
      standing: () => () => ({ state: "primary", percent: 0, entry }),
      upstream: () => ({ name: "go", dialect: "go", url: there.url.origin }),
      observer: NOBODY,
      dual: { wants: () => false, answer: (call, first) => first(call) },
      clock: systemClock,
    },
  );
  const headers = { "content-length": String(Buffer.byteLength(String(init.body ?? ""))) };
  const reply = await answer({
    route: "go:embedd.embed",
    reads: true,
    request: new Request("http://h/_go/v1/embed", { method: "POST", headers, ...init }),
    exchange: { requestId: "r", seal: () => undefined },
    native: async (request) => {
      await native(request);
      return new Response("failed", { status: 500 });
    },
  });
  await there.stop(true);
  return { status: reply.status, body: asked.join() };
}

test("a read that fails here is made once more, with its body however it was read", async () => {
  const body = '{"texts":["é"]}';
  for (const read of [
    (request: Request) => request.text(),
    (request: Request) => request.arrayBuffer(),
    () => Promise.resolve(),
  ]) {
    expect(await secondTry(read, { body })).toEqual({ status: 200, body });
  }
  expect(await secondTry(() => Promise.resolve(), { method: "GET" })).toEqual({ status: 200, body: "" });
});

test("it is not where its body is gone, or too large to be held", async () => {
  const pieces = async ({ body }: Request): Promise<void> => {
    for await (const _ of body ?? []) continue;
  };
  expect(await secondTry(pieces, { body: "x" })).toEqual({ status: 500, body: "" });
  const large = "x".repeat(256 * 1024 + 1);
  expect(await secondTry((request) => request.text(), { body: large })).toEqual({ status: 500, body: "" });
});

let ids = 0;
function write(key: string, method: string, tenant: string): ForeignCall {
  return {
    route: "go:storaged.put",
    reads: false,
    request: new Request(`http://h/_go/v1/storage/${key}?at=${(ids += 1)}`, { method }),
    exchange: { requestId: `r${ids}`, caller: { id: tenant, scopes: ["write"] }, seal: () => undefined },
    native: () => Promise.resolve(new Response("here", { headers: { [BACKEND_HEADER]: "native" } })),
  };
}

async function sidesOf(key: string, method: string, isDual: boolean): Promise<Set<string>> {
  const ask = answering(isDual);
  const sides = new Set<string>();
  for (let call = 0; call < 40; call += 1) sides.add(await ask(write(key, method, `t${call % 3}`)));
  return sides;
}

test("where a second try is kept ready, this house still hears of a caller that has gone, and who it is", async () => {
  const gone = AbortSignal.abort();
  const answer = answerFor(
    { name: "go", prefix: "/_go" },
    {
      standing: () => () => ({ state: "primary", percent: 0, entry }),
      upstream: () => ({ name: "go", dialect: "go", url: older.url.origin }),
      observer: NOBODY,
      dual: { wants: () => false, answer: (call, first) => first(call) },
      clock: systemClock,
    },
  );
  const seen: unknown[] = [];
  await answer({
    route: "go:embedd.embed",
    reads: true,
    request: new Request("http://h/_go/v1/embed", {
      method: "POST",
      body: "{}",
      headers: { "content-length": "2" },
    }),
    exchange: {
      requestId: "r",
      seal: () => undefined,
      lateSignal: () => gone,
      peer: () => "127.0.0.1",
      setTimeoutS: (seconds) => seen.push(seconds),
    },
    native: (_, exchange) => {
      exchange.setTimeoutS?.(0);
      seen.push(exchange.lateSignal?.(), exchange.peer?.());
      return Promise.resolve(new Response("here"));
    },
  });
  expect(seen).toEqual([0, gone, "127.0.0.1"]);
});

test("writes of one key to both sides have one first side, and keys are shared out", async () => {
  const first = new Map<string, Set<string>>();
  for (let key = 0; key < 20; key += 1) first.set(`k${key}`, await sidesOf(`k${key}`, "PUT", true));
  expect([...first.values()].every((sides) => sides.size === 1)).toBe(true);
  expect(new Set([...first.values()].flatMap((sides) => [...sides]))).toEqual(new Set(["native", "go"]));
  for (const [key, sides] of [...first].slice(0, 3)) {
    expect(await sidesOf(key, "DELETE", true)).toEqual(sides);
  }
});

test("other calls are shared out one by one", async () => {
  for (const [method, isDual] of [
    ["PUT", false],
    ["POST", true],
  ] as const) {
    expect((await sidesOf("k", method, isDual)).size).toBe(2);
  }
});

// chatd between its callers and providers that have every quirk: what it tries, in which order, what it gives up, and what
// each call costs its key.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sourceLog } from "#adapters/source-log";
import type { ChatEvent, ChatInput, ChatReply } from "#contracts/chat";
import { Fault } from "#rpc/fault";
import { type Lake, openLake } from "../../../test/lake/lake.ts";
import { type FakeProviders, startFakeProviders } from "../../../test/providers/start.ts";
import { TEXT, TOOL_ARGUMENTS, USAGE } from "../../../test/providers/wires.ts";
import { CANARY_KEY, startChatd, type TestChatd, TOPOLOGIES } from "./chatd.testing.ts";

let fakes: FakeProviders;
let lake: Lake;
beforeAll(async () => {
  [fakes, lake] = await Promise.all([startFakeProviders(), openLake()]);
});
afterAll(async () => {
  fakes.stop();
  await lake.close();
});

const HELLO: ChatInput["messages"] = [{ role: "user", content: "Count the apples." }];

async function faultOf(work: Promise<unknown>): Promise<Fault> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof Fault) return thrown;
  throw new Error(`no fault: ${String(thrown)}`);
}

async function eventsOf(events: AsyncIterable<ChatEvent>): Promise<ChatEvent[]> {
  const all: ChatEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

function doneOf(events: readonly ChatEvent[]): ChatReply {
  const last = events.at(-1);
  if (last?.event !== "done") throw new Error("the last event is done");
  const { event: _, ...reply } = last;
  return reply;
}

const outcomes = ({ attempts }: Pick<ChatReply, "attempts">): string[] =>
  attempts.map(({ outcome }) => outcome);

describe.each(TOPOLOGIES)("chatd, %s", (topology) => {
  let chatd: TestChatd;
  beforeAll(async () => {
    chatd = await startChatd(topology, fakes, lake);
  });
  afterAll(() => chatd.close());
  /** Names that no other test uses, so that breakers and counters are their own. */
  const named = (model: string): string => `${model}.${topology}${crypto.randomUUID().slice(0, 8)}`;
  const call = (model: string, more: Partial<ChatInput> = {}): Promise<ChatReply> =>
    chatd.service.chat({ messages: HELLO, model, ...more });
  const stream = (model: string, more: Partial<ChatInput> = {}): Promise<ChatEvent[]> =>
    eventsOf(chatd.service.chatEvents({ messages: HELLO, model, ...more }));

  test("a reply and a stream of it are the same", async () => {
    const model = named("kimi/ok");
    const whole = await call(model);
    expect(whole).toMatchObject({
      provider: "kimi",
      message: { role: "assistant", content: TEXT },
      finish_reason: "stop",
      usage: { input_tokens: USAGE.input, output_tokens: USAGE.output, cached_tokens: USAGE.cached },
    });
    const events = await stream(model);
    const done = doneOf(events);
    expect(done.message).toEqual(whole.message);
    expect(done.usage).toEqual(whole.usage);
    const text = events.map((event) => (event.event === "delta" ? (event.content ?? "") : "")).join("");
    expect(text).toBe(TEXT);
    expect(events.at(-2)?.event).toBe("usage");
  });

  test("tools, in a stream too", async () => {
    const tools = [{ name: "count", parameters: { type: "object", properties: {} } }];
    const reply = await call(named("openrouter/ok"), { tools });
    expect(reply).toMatchObject({
      finish_reason: "tool_calls",
      message: { tool_calls: [{ name: "count" }] },
    });
    const events = await stream(named("ollama/ok"), { tools });
    expect(events).toContainEqual({
      event: "tool_call",
      id: expect.any(String) as string,
      name: "count",
      arguments: TOOL_ARGUMENTS,
    });
  });

  test("a provider's prefix is taken off once, and its own spelling counts beside `provider`", async () => {
    const model = named("ok");
    await call(`openrouter/openrouter/${model}`);
    expect(await fakes.seen(`openrouter/${model}`)).toHaveLength(1);
    await call(`moonshot/${model}k`);
    await call(`kimi:${model}k`);
    await call(`kimi/${model}k`, { provider: "kimi" });
    await call(`${model}k`, { provider: "kimi" });
    expect(await fakes.seen(`${model}k`)).toHaveLength(4);
    const fault = await faultOf(call("kimy/k2"));
    expect(fault).toMatchObject({ code: "invalid", details: [{ path: "model" }] });
    expect(fault.message).toContain("Known: kimi, opencode, openrouter");
    expect((await faultOf(chatd.service.chat({ messages: HELLO }))).message).toContain(
      "LAKEHOUSE_CHAT_MODEL",
    );
  });

  test("what may pass is tried again, on the same provider", async () => {
    expect(outcomes(await call(named("compat/passes")))).toEqual(["upstream", "ok"]);
    const slot = await call(named("ollama_cloud/no-slot"));
    expect(outcomes(slot)).toEqual(["overloaded", "ok"]);
  });

  test("Retry-After is waited for, and one that is too long goes to the caller", async () => {
    const started = performance.now();
    const reply = await call(named("compat/rate-limited"));
    expect(outcomes(reply)).toEqual(["rate_limited", "ok"]);
    expect(performance.now() - started).toBeGreaterThanOrEqual(1000);
    const fault = await faultOf(call(named("compat/rate-limited-long")));
    expect(fault).toMatchObject({ code: "rate_limited", retryAfterMs: 3_600_000 });
    expect(fault.details).toHaveLength(1);
  });

  test("what does not pass is tried once: no credit, no quota, our key, the caller's own request", async () => {
    for (const [model, code, outcome] of [
      ["kimi/forbidden", "upstream", "quota"],
      ["ollama_cloud/no-quota", "upstream", "quota"],
      ["compat/unauthorized", "upstream", "unauthorized"],
      ["compat/bad-request-plain", "invalid", "invalid"],
      ["compat/no-model", "not_found", "not_found"],
    ] as const) {
      const fault = await faultOf(call(named(model)));
      expect(fault.code).toBe(code);
      expect(fault.details).toHaveLength(1);
      expect(fault.details?.[0]?.message).toContain(outcome);
    }
  });

  test("a fallback answers for a provider that fails, and never for a request that is wrong", async () => {
    const fallback = [{ provider: "ollama", model: "ok.fallback" }];
    for (const quirk of ["down", "no-quota", "unauthorized", "no-model", "error-inside", "html"]) {
      const reply = await call(named(`openrouter/${quirk}`), { fallback });
      expect(reply).toMatchObject({ provider: "ollama", message: { content: TEXT } });
      expect(outcomes(reply).at(-1)).toBe("ok");
    }
    expect(outcomes(await call(named("openrouter/error-inside"), { fallback }))).toEqual([
      "upstream",
      "upstream",
      "upstream",
      "ok",
    ]);
    const wrong = await faultOf(call(named("compat/bad-request"), { fallback }));
    expect(wrong.code).toBe("invalid");
  });

  test("a stream falls back before its first word, and not after it", async () => {
    const fallback = [{ provider: "kimi", model: "ok.fallback" }];
    const done = doneOf(await stream(named("compat/down"), { fallback }));
    expect(done.provider).toBe("kimi");
    const events: ChatEvent[] = [];
    const broken = await faultOf(
      (async () => {
        const all = chatd.service.chatEvents({
          messages: HELLO,
          model: named("compat/error-midway"),
          fallback,
        });
        for await (const event of all) events.push(event);
      })(),
    );
    expect(broken.code).toBe("upstream");
    expect(events.map(({ event }) => event)).toEqual(["delta"]);
  });

  test("a stream without its finish mark is no clean end", async () => {
    for (const quirk of ["no-finish", "cut", "garbage"]) {
      for (const provider of ["compat", "ollama", "openrouter"]) {
        expect((await faultOf(stream(named(`${provider}/${quirk}`)))).code).toBe("upstream");
      }
    }
  });

  test("one deadline holds for all tries and providers", async () => {
    const fallback = [{ provider: "ollama", model: named("hang") }];
    const started = performance.now();
    const fault = await faultOf(call(named("compat/hang"), { deadline_ms: 200, fallback }));
    expect(fault.code).toBe("timeout");
    expect((await faultOf(stream(named("compat/hang"), { deadline_ms: 200 }))).code).toBe("timeout");
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test("a caller who goes away is no failure of the provider, and gives its slot back", async () => {
    const model = named("compat/hang");
    for (let times = 0; times < 6; times += 1) {
      const controller = new AbortController();
      const pending = chatd.service.chat({ messages: HELLO, model }, { signal: controller.signal });
      setTimeout(() => controller.abort(), 10);
      expect((await faultOf(pending)).code).toBe("cancelled");
    }
    const half = chatd.service.chatEvents({ messages: HELLO, model: named("compat/silent-midway") });
    for await (const event of half) {
      expect(event.event).toBe("delta");
      break;
    }
    const freed = async (): Promise<boolean> => {
      const { providers } = await chatd.service.providers({});
      const compat = providers.find(({ name }) => name === "compat");
      const state = compat?.models?.find(({ name }) => model.endsWith(name))?.state;
      return compat?.slots.used === 0 && state === "closed";
    };
    while (!(await freed())) await Bun.sleep(5);
  });

  test("a provider that fails again and again is left alone, and says so", async () => {
    const model = named("kimi/down");
    await faultOf(call(model));
    await faultOf(call(model));
    const fault = await faultOf(call(model));
    expect(fault).toMatchObject({ code: "unavailable", reason: "breaker_open" });
    expect(fault.retryAfterMs).toBeGreaterThan(0);
    const { providers } = await chatd.service.providers({});
    expect(providers.find(({ name }) => name === "kimi")).toMatchObject({
      state: "open",
      last_error: { outcome: "upstream", status: 500 },
    });
    expect(chatd.stats()["notes"]).toContain(`${model} fails and is left alone (breaker open).`);
    // Another model of it works.
    expect((await call(named("kimi/ok"))).provider).toBe("kimi");
  });

  test("unknown fields, and messages that make no sense, are refused with their place", async () => {
    const wrong: [Partial<ChatInput> & Record<string, unknown>, string][] = [
      [{ top_p: 1 }, "top_p"],
      [{ messages: [{ role: "tool", content: "x" }] }, "messages.0.tool_call_id"],
      [{ messages: [{ role: "user" }] }, "messages.0.content"],
      [
        { messages: [{ role: "user", content: "x", parts: [{ type: "text", text: "y" }] }] },
        "messages.0.parts",
      ],
    ];
    for (const [input, path] of wrong) {
      const fault = await faultOf(call("scripted/echo", input));
      expect(fault.code).toBe("invalid");
      expect(`${fault.details?.[0]?.path} ${fault.message}`).toContain(path);
    }
  });

  test("our key is in no fault, no log and no reply", async () => {
    const said: string[] = [];
    for (const quirk of ["unauthorized", "bad-request", "no-model", "down", "html"]) {
      for (const provider of ["kimi", "compat", "openrouter", "ollama_cloud"]) {
        const fault = await faultOf(call(named(`${provider}/${quirk}`)));
        said.push(fault.message, JSON.stringify(fault.details));
      }
    }
    said.push(JSON.stringify(await chatd.service.providers({})), ...chatd.logged);
    expect(said.join("\n")).not.toContain(CANARY_KEY.slice(3, 16));
  });
});

test("a provider takes as many calls at a time as it has slots", async () => {
  const chatd = await startChatd("local", fakes, lake, { slotsMax: 1 });
  try {
    const first = chatd.service.chat({ messages: HELLO, model: "ollama/cold.slot" });
    await Bun.sleep(20);
    const busy = await chatd.service.chat({
      messages: HELLO,
      model: "ollama/ok",
      fallback: [{ provider: "kimi", model: "ok" }],
    });
    expect(busy.attempts.map(({ provider, outcome }) => [provider, outcome])).toEqual([
      ["ollama", "no_slot"],
      ["kimi", "ok"],
    ]);
    expect(
      (await chatd.service.providers({})).providers.find(({ name }) => name === "ollama")?.slots,
    ).toEqual({
      used: 1,
      max: 1,
    });
    await first;
  } finally {
    await chatd.close();
  }
});

test("calls that succeed are captured, streamed or not, without personal data; others are not", async () => {
  const folder = mkdtempSync(join(tmpdir(), "captured-"));
  const path = join(folder, "chat.jsonl");
  const chatd = await startChatd("local", fakes, lake, { captured: sourceLog({ path, mode: "full" }) });
  try {
    const messages: ChatInput["messages"] = [
      { role: "user", parts: [{ type: "text", text: "Count for ann@example.com." }] },
    ];
    const reply = await chatd.service.chat({ messages, model: "kimi/ok" });
    await eventsOf(chatd.service.chatEvents({ messages, model: "kimi/ok" }));
    await faultOf(chatd.service.chat({ messages, model: "nobody/at-all" }));
    await chatd.close();
    const lines = readFileSync(path, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
    expect(lines).toMatchObject([
      {
        call_id: reply.id,
        messages: [{ role: "user", content: "Count for [email]." }],
        reply: TEXT,
        provider: "kimi",
        model: "ok",
        usage: { input_tokens: USAGE.input },
      },
      { reply: TEXT },
    ]);
    expect(chatd.stats()["captured"]).toEqual({ written: 2, lost: 0 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a script lies first, and does better after it was corrected", async () => {
  const folder = mkdtempSync(join(tmpdir(), "script-"));
  const script = join(folder, "script.json");
  writeFileSync(
    script,
    JSON.stringify({
      entries: [
        {
          any: ["forklift"],
          replies: [{ content: '{"worker":"w-made-up"}' }, { content: '{"worker":"w1"}' }],
        },
        { last: ["/order (\\d+)/"], replies: [{ content: "Order {{1}} it is." }] },
        { model: "broken", replies: [{ failure: "upstream" }] },
      ],
    }),
  );
  const chatd = await startChatd("local", fakes, lake, { script });
  try {
    const ask = async (messages: ChatInput["messages"], model = "scripted/any"): Promise<ChatReply> =>
      chatd.service.chat({ messages, model });
    const order = { role: "user", content: "A Forklift operator, please" } as const;
    const lie = await ask([order]);
    expect(lie).toMatchObject({ provider: "scripted", message: { content: '{"worker":"w-made-up"}' } });
    const again = [
      order,
      lie.message,
      { role: "user", content: "There is no w-made-up." },
    ] as ChatInput["messages"];
    expect((await ask(again)).message.content).toBe('{"worker":"w1"}');
    expect((await ask([{ role: "user", content: "My order 4711" }])).message.content).toBe(
      "Order 4711 it is.",
    );
    expect((await faultOf(ask([{ role: "user", content: "hello" }]))).code).toBe("not_found");
    expect((await faultOf(ask([{ role: "user", content: "hello" }], "scripted/broken"))).code).toBe(
      "upstream",
    );
  } finally {
    await chatd.close();
    rmSync(folder, { recursive: true });
  }
});

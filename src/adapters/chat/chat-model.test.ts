// Every provider against a process that speaks its wire with its quirks.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { FAKE_PATHS, type FakeProviders, startFakeProviders } from "../../../test/providers/start.ts";
import type { ChatProvider, ModelRequest } from "./chat-model.ts";
import { failureOf, type ProviderCase, providerConformance, WAYS } from "./chat-model.conformance.ts";
import type { ProviderSetup } from "./http-provider.ts";
import { kimiProvider, plainSchema } from "./kimi.ts";
import { ollamaCloudProvider, ollamaProvider } from "./ollama.ts";
import { openaiCompatibleProvider } from "./openai-compatible.ts";
import { opencodeProvider } from "./opencode.ts";
import { openrouterProvider } from "./openrouter.ts";
import { anthropicMessages } from "./wire/anthropic-messages.ts";

const KEY = "sk-canary-7f3a9b1c5d2e4f60";
const HASTY_MS = 100;
const PATIENT_MS = 60_000;

let fakes: FakeProviders;
beforeAll(async () => {
  fakes = await startFakeProviders();
});
afterAll(() => fakes.stop());

type Make = (setup: ProviderSetup) => ChatProvider;

/** Built when it is first wanted, because the fakes have their address then. */
function lazy(name: keyof typeof FAKE_PATHS, make: Make, silentMs = PATIENT_MS): () => ChatProvider {
  let built: ChatProvider | undefined;
  return () =>
    (built ??= make({
      baseUrl: fakes.url + FAKE_PATHS[name],
      key: () => (name === "ollama" ? "" : KEY),
      slotsMax: 8,
      timeouts: { connectMsMax: 5000, firstTokenMsMax: silentMs, betweenTokensMsMax: silentMs },
    }));
}

const compatProvider: Make = (setup) => openaiCompatibleProvider("compat", setup);

const both = (name: keyof typeof FAKE_PATHS, make: Make): Pick<ProviderCase, "provider" | "hasty"> => ({
  provider: lazy(name, make),
  hasty: lazy(name, make, HASTY_MS),
});

const kimi = lazy("kimi", kimiProvider);
const opencode = lazy("opencode", opencodeProvider);
const openrouter = lazy("openrouter", openrouterProvider);
const ollamaCloud = lazy("ollama_cloud", ollamaCloudProvider);
const ollama = lazy("ollama", ollamaProvider);
const compat = lazy("compat", compatProvider);

const CASES: readonly ProviderCase[] = [
  { title: "kimi", ...both("kimi", kimiProvider), family: "", kinds: { forbidden: "quota" } },
  { title: "kimi k3", ...both("kimi", kimiProvider), family: "kimi-k3-", kinds: { forbidden: "quota" } },
  { title: "opencode gpt", ...both("opencode", opencodeProvider), family: "gpt-" },
  { title: "opencode claude", ...both("opencode", opencodeProvider), family: "claude-" },
  { title: "opencode gemini", ...both("opencode", opencodeProvider), family: "gemini-" },
  { title: "opencode others", ...both("opencode", opencodeProvider), family: "" },
  {
    title: "openrouter",
    ...both("openrouter", openrouterProvider),
    family: "",
    kinds: { forbidden: "invalid", "no-quota": "rate_limited" },
    costs: 0.00042,
  },
  { title: "ollama_cloud", ...both("ollama_cloud", ollamaCloudProvider), family: "" },
  { title: "ollama", ...both("ollama", ollamaProvider), family: "" },
  { title: "openai-compatible", ...both("compat", compatProvider), family: "" },
];

describe.each(CASES.map((one) => [one.title, one] as const))("%s", (_, one) => providerConformance(one, KEY));

const HELLO = { messages: [{ role: "user", content: "hi" }] } as const;

async function bodySent(
  provider: ChatProvider,
  model: string,
  more: Partial<ModelRequest>,
): Promise<Record<string, unknown>> {
  await WAYS.whole(provider, { ...HELLO, model, ...more });
  return (await fakes.seen(model)).at(-1)?.body ?? {};
}

test("Anthropic's input is what was new, read from its cache and written to it", () => {
  const counts = { input_tokens: 10, cache_read_input_tokens: 200, cache_creation_input_tokens: 3000 };
  const { usage } = anthropicMessages.reply({
    content: [{ type: "text", text: "Yes." }],
    usage: { ...counts, output_tokens: 4 },
  });
  expect(usage).toMatchObject({
    input_tokens: 3210,
    cached_tokens: 200,
    cache_write_tokens: 3000,
    output_tokens: 4,
  });
});

describe("what each provider is sent", () => {
  test("kimi: no temperature to K models, its own field for tokens, earlier reasoning, a plain schema", async () => {
    const body = await bodySent(kimi(), "kimi-k2.6-ok.body", {
      temperature: 0.2,
      max_tokens: 50,
      reasoning: "off",
      messages: [
        { role: "user", content: "hi" },
        { role: "assistant", content: "ho", reasoning: "thought before" },
        { role: "user", content: "again" },
      ],
      tools: [{ name: "t", parameters: { anyOf: [{ type: "string" }], type: "string" } }],
    });
    expect(body).not.toHaveProperty("temperature");
    expect(body).toMatchObject({ max_completion_tokens: 50, thinking: { type: "disabled" } });
    expect(JSON.stringify(body["messages"])).toContain('"reasoning_content":"thought before"');
    expect(await bodySent(kimi(), "moonshot-v1-8k.body", { temperature: 0.2 })).toMatchObject({
      temperature: 0.2,
    });
    const k3 = await bodySent(kimi(), "kimi-k3-ok.body", { reasoning: "low" });
    expect(k3).toMatchObject({ reasoning_effort: "low", stream: true });
  });

  test("kimi: schemas become what Moonshot takes", () => {
    const plain = plainSchema({
      type: "object",
      strict: true,
      properties: {
        pair: { type: "array", items: [{ type: "string" }, { type: "number" }] },
        either: { type: "object", anyOf: [{ type: "string" }, { type: "null" }] },
      },
    });
    expect(plain).toEqual({
      type: "object",
      properties: {
        pair: { type: "array", items: { anyOf: [{ type: "string" }, { type: "number" }] } },
        either: { anyOf: [{ type: "string" }, { type: "null" }] },
      },
    });
    expect(plainSchema({ type: "string" })).toEqual({
      type: "object",
      properties: { value: { type: "string" } },
    });
  });

  test("opencode: each family on its own path, with its maker's headers", async () => {
    for (const [model, path] of [
      ["gpt-ok.path", "/opencode/zen/v1/responses"],
      ["claude-ok.path", "/opencode/zen/v1/messages"],
      ["gemini-ok.path", "/opencode/zen/v1/models/gemini-ok.path:generateContent"],
      ["qwen3-coder.path", "/opencode/zen/v1/chat/completions"],
      ["gpt-oss-120b.path", "/opencode/zen/v1/chat/completions"],
    ] as const) {
      await WAYS.whole(opencode(), { ...HELLO, model });
      const [sent] = await fakes.seen(model);
      expect(sent?.path).toBe(path);
      expect(sent?.headers["authorization"]).toBe(`Bearer ${KEY}`);
      if (model.startsWith("claude")) expect(sent?.headers["anthropic-version"]).toBe("2023-06-01");
    }
  });

  test("openrouter: its cost is asked for, and a schema goes only where it is kept", async () => {
    const body = await bodySent(openrouter(), "ok.body", {
      response_format: { type: "json_schema", schema: { type: "object" } },
    });
    expect(body).toMatchObject({
      usage: { include: true },
      provider: { require_parameters: true },
      response_format: { type: "json_schema", json_schema: { schema: { type: "object" } } },
    });
  });

  test("ollama: a schema is its format, options are its own, and there is no key", async () => {
    const body = await bodySent(ollama(), "ok.body", {
      max_tokens: 9,
      seed: 4,
      stop: ["x"],
      response_format: { type: "json_schema", schema: { type: "object" } },
    });
    expect(body).toMatchObject({
      stream: false,
      format: { type: "object" },
      options: { num_predict: 9, seed: 4, stop: ["x"] },
    });
    expect((await fakes.seen("ok.body")).at(-1)?.headers["authorization"]).toBeUndefined();
  });

  test("ollama: a model that does not think is asked again without, and that is said", async () => {
    const reply = await WAYS.whole(ollama(), { ...HELLO, model: "no-thinking", reasoning: "high" });
    expect(reply.adapted).toEqual(["reasoning: the model does not reason"]);
  });

  test("ollama_cloud: the two kinds of 429 differ", async () => {
    const slot = await failureOf(WAYS.whole(ollamaCloud(), { ...HELLO, model: "no-slot.two" }));
    expect([slot.kind, slot.retryable, slot.status]).toEqual(["overloaded", true, 429]);
    const quota = await failureOf(WAYS.whole(ollamaCloud(), { ...HELLO, model: "no-quota.two" }));
    expect([quota.kind, quota.retryable, quota.status]).toEqual(["quota", false, 429]);
    // The text names the account.
    expect(quota.message).not.toContain("someone");
  });

  test("a refusal of the request itself says why, and never with our key in it", async () => {
    const plain = await failureOf(WAYS.whole(compat(), { ...HELLO, model: "bad-request-plain" }));
    expect(plain.message).toContain("temperature is out of range");
    const quoting = await failureOf(WAYS.whole(compat(), { ...HELLO, model: "bad-request" }));
    expect(quoting.message).not.toContain("canary");
  });

  test("what nothing listens for is unreachable", async () => {
    const provider = openaiCompatibleProvider("gone", {
      baseUrl: "http://127.0.0.1:1",
      key: () => "",
      slotsMax: 1,
      timeouts: { connectMsMax: 1000, firstTokenMsMax: 1000, betweenTokensMsMax: 1000 },
    });
    expect((await failureOf(WAYS.whole(provider, { ...HELLO, model: "x" }))).kind).toBe("unreachable");
  });
});

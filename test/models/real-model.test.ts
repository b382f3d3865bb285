// chatd in front of a real model. What a model says is its own affair: what holds of the call is tested.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { ChatEvent } from "#contracts/chat";
import { startChatd, type TestChatd } from "../../src/services/chatd/chatd.testing.ts";
import { type Lake, openLake } from "../lake/lake.ts";
import { type RealModel, realModelMissing, startRealModel } from "./llama.ts";

describe.skipIf(realModelMissing !== "")(`a real model${realModelMissing}`, () => {
  let server: RealModel;
  let lake: Lake;
  let chatd: TestChatd;
  beforeAll(async () => {
    server = startRealModel();
    const [opened, url] = await Promise.all([openLake(), server.url]);
    lake = opened;
    // As the fake providers are, so that chatd's own material takes it.
    const provider = { url, urls: "", seen: () => Promise.resolve([]), stop: server.stop };
    chatd = await startChatd("remote", provider, lake);
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

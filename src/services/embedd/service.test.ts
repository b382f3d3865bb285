// embedd between its callers and a provider: what it sends, how often, and what it refuses.

import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashedModel } from "#adapters/embed/hashed";
import { ollamaModel } from "#adapters/embed/ollama";
import { responding, hang, providerServer } from "#adapters/embed/provider-server.testing";
import { prefixed } from "#adapters/embed/prefixed";
import { vectorStore } from "#adapters/embed/vector-store";
import { embed } from "#contracts/embed";
import { createLog } from "#lib/log";
import type { Service } from "#rpc/contract";
import { implement, local } from "#rpc/local";
import { embedd } from "./service.ts";

const DIMENSION = 64;
const server = await providerServer(DIMENSION);
const folder = mkdtempSync(join(tmpdir(), "embedd-"));
const log = createLog({ level: "warn", readable: true, write: () => undefined });
const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});
afterEach(async () => {
  server.script();
  for (const close of closing.splice(0)) await close();
});

interface ModelClient {
  readonly service: Service<typeof embed>;
  readonly close: () => Promise<void>;
}

/** embedd over the server's model, and the built-in one. */
async function started(stored?: string, prefixes = { query: "", document: "" }): Promise<ModelClient> {
  const timeouts = { connectMsMax: 100, responseMsMax: 400, pauseMs: 1 };
  const remote = prefixed(ollamaModel({ url: server.url, name: "nomic", timeouts }), prefixes);
  const store =
    stored === undefined
      ? undefined
      : vectorStore({ file: join(folder, stored), bytesMax: 64 * 1024 * 1024, log });
  const { handlers, close } = await embedd({ models: [remote, hashedModel()], cacheBytesMax: 1e8, store });
  closing.push(close);
  return { service: local(implement(embed, "embedd", handlers, { checkOutputs: true })), close };
}

const inputs = (): string[][] => server.requests.map(({ body }) => body.input);

async function faultOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => "no fault",
    (error: unknown) => error,
  );
}

describe("texts of all callers", () => {
  test("a thousand callers with the same text send one request", async () => {
    const { service } = await started();
    const before = server.requests.length;
    const replies = await Promise.all(
      Array.from({ length: 1000 }, (_, i) =>
        // The same letters composed and decomposed are the same text.
        service.embed({ texts: [i % 2 === 0 ? "Jos\u00e9 needed" : "Jose\u0301 needed"] }),
      ),
    );
    expect(inputs().slice(before)).toEqual([["José needed"]]);
    expect(new Set(replies.map(({ vectors }) => JSON.stringify(vectors))).size).toBe(1);
    const { hits, misses, coalesced } = await service.stats({});
    expect({ hits, misses, coalesced }).toEqual({ hits: 0, misses: 1, coalesced: 999 });
    await service.embed({ texts: ["José needed"] });
    expect(server.requests).toHaveLength(before + 1);
  });

  test("travel together, as many as go into a batch", async () => {
    const { service } = await started();
    const before = server.requests.length;
    const texts = Array.from({ length: 300 }, (_, i) => `batch text ${i}`);
    const replies = await Promise.all(texts.map((text) => service.embed({ texts: [text] })));
    const sizes = inputs()
      .slice(before)
      .map((batch) => batch.length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(300);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(128);
    expect(sizes.length).toBeLessThanOrEqual(4);
    const alone = await hashedModel({ dimension: DIMENSION }).embed(["batch text 217"]);
    expect((replies[217]?.vectors[0] as number[] | undefined)?.[5]).toBeCloseTo(alone[0]?.[5] ?? NaN, 5);
  });

  test("texts beyond the queue limit are refused with a retry delay", async () => {
    const { service } = await started();
    server.script(hang, hang, hang, hang);
    const calls = Array.from({ length: 16 }, (_, call) =>
      service.embed({ texts: Array.from({ length: 512 }, (_text, i) => `crowd ${call} ${i}`) }),
    );
    const outcomes = await Promise.all(calls.map(faultOf));
    expect(outcomes).toContainEqual(expect.objectContaining({ code: "unavailable", retryAfterMs: 1000 }));
  });
});

describe("an asymmetric model", () => {
  const prefixes = { query: "query: ", document: "passage: " };

  test("is sent each text with the prefix of what it is, and keeps the two apart", async () => {
    const { service, close } = await started("prefixes.sqlite", prefixes);
    const before = server.requests.length;
    const document = await service.embed({ texts: ["welder"] });
    const query = await service.embed({ texts: ["welder"], input: "query" });
    expect(inputs().slice(before)).toEqual([["passage: welder"], ["query: welder"]]);
    expect(server.requests.at(-1)?.body.model).toBe("nomic");
    expect(query.vectors).not.toEqual(document.vectors);
    expect(await service.embed({ texts: ["welder"], input: "query" })).toEqual(query);
    expect(await service.models({})).toMatchObject({
      models: [
        { name: document.model, query_prefix: "query: ", document_prefix: "passage: " },
        { name: "hashed-v1" },
      ],
    });
    await close();
    const again = await started("prefixes.sqlite", prefixes);
    expect(await again.service.embed({ texts: ["welder"], input: "query" })).toEqual(query);
    expect(server.requests).toHaveLength(before + 2);
  });

  test("with other prefixes is another model, also on disk", async () => {
    const before = server.requests.length;
    const { service } = await started("prefixes.sqlite", { ...prefixes, query: "ask: " });
    const { model } = await service.embed({ texts: ["welder"] });
    expect(inputs().slice(before)).toEqual([["passage: welder"]]);
    const symmetric = await started("prefixes.sqlite");
    expect((await symmetric.service.embed({ texts: ["welder"], input: "query" })).model).toBe("nomic");
    expect(model).toMatch(/^nomic#[0-9a-f]{8}$/);
    expect(inputs().at(-1)).toEqual(["welder"]);
  });
});

describe("what goes wrong", () => {
  test("cached texts are served while the provider is down, and the others are named", async () => {
    const { service } = await started();
    await service.embed({ texts: ["cook", "clerk"] });
    const down = responding(500, { error: "out of memory" });
    server.script(down, down, down);
    expect(await service.embed({ texts: ["clerk", "cook"] })).toMatchObject({ dimension: DIMENSION });
    expect(await faultOf(service.embed({ texts: ["cook", "welder", "clerk", "nurse"] }))).toMatchObject({
      code: "upstream",
      message: expect.stringContaining("2 of 4 texts") as string,
      details: [{ path: "texts.1" }, { path: "texts.3" }],
    });
    server.script();
    expect(await service.embed({ texts: ["welder"] })).toMatchObject({ dimension: DIMENSION });
  });

  test("a text that is refused does not take its batch along", async () => {
    const { service } = await started();
    const refuse = (request: { body: { input: string[] } }): Response | undefined =>
      request.body.input.includes("far too long")
        ? Response.json({ error: "the input length exceeds the context length" }, { status: 400 })
        : undefined;
    server.script(...Array.from({ length: 20 }, () => refuse));
    const texts = Array.from({ length: 9 }, (_, i) => `fits ${i}`);
    const [good, bad] = await Promise.all([
      service.embed({ texts }),
      faultOf(service.embed({ texts: ["far too long"] })),
    ]);
    expect(good.vectors).toHaveLength(9);
    expect(bad).toMatchObject({ code: "invalid", details: [{ path: "texts.0" }] });
  });

  test.each([
    ["zeros", [Array(DIMENSION).fill(0)]],
    ["another dimension", [Array(DIMENSION + 1).fill(0.1)]],
    ["numbers beyond 32 bits", [Array(DIMENSION).fill(1e39)]],
    ["an empty vector", [[]]],
    ["too few", []],
    ["too many", [Array(DIMENSION).fill(0.1), Array(DIMENSION).fill(0.1)]],
  ])("%s are refused and never cached", async (name, embeddings) => {
    const { service } = await started(`bad ${name}.sqlite`);
    await service.embed({ texts: ["first"] });
    server.script(responding(200, { embeddings }));
    expect(await faultOf(service.embed({ texts: ["second"] }))).toMatchObject({ code: "upstream" });
    const before = server.requests.length;
    await service.embed({ texts: ["second"] });
    expect(server.requests).toHaveLength(before + 1);
  });

  test("an empty text is invalid with its place, and a model that is not there is not found", async () => {
    const { service } = await started();
    expect(await faultOf(service.embed({ texts: ["cook", " \t"] }))).toMatchObject({
      code: "invalid",
      details: [{ path: "texts.1" }],
    });
    expect(await faultOf(service.embed({ texts: ["cook"], model: "gone" }))).toMatchObject({
      code: "not_found",
      message: expect.stringContaining("nomic, hashed-v1") as string,
    });
  });
});

describe("over a restart", () => {
  test("vectors of a provider are still there, with the provider down", async () => {
    const first = await started("restart.sqlite");
    const before = await first.service.embed({ texts: ["cook", "clerk"], encoding: "base64" });
    await first.close();
    const sent = server.requests.length;
    const { service } = await started("restart.sqlite");
    expect(await service.stats({})).toMatchObject({ persisted: 2, entries: 0 });
    expect(await service.embed({ texts: ["cook", "clerk"], encoding: "base64" })).toEqual(before);
    expect(server.requests).toHaveLength(sent);
    expect(await service.stats({})).toMatchObject({ hits: 2, misses: 0 });
  });

  test("a model that became another one is refused, not mixed in", async () => {
    const first = await started("changed.sqlite");
    await first.service.embed({ texts: ["cook"] });
    await first.close();
    const { service } = await started("changed.sqlite");
    server.script(responding(200, { embeddings: [Array(32).fill(0.1)] }));
    expect(await faultOf(service.embed({ texts: ["nurse"] }))).toMatchObject({
      code: "upstream",
      message: expect.stringContaining("has changed") as string,
    });
  });

  test("what is computed here is not kept on disk", async () => {
    const { service, close } = await started("here.sqlite");
    await service.embed({ texts: ["cook"], model: "hashed-v1" });
    await close();
    expect(await (await started("here.sqlite")).service.stats({})).toMatchObject({ persisted: 0 });
  });
});

test("models are listed, the default first, with their dimension once it is known", async () => {
  const { service } = await started();
  const { models } = await service.models({});
  expect(models).toEqual([
    { name: "nomic", provider: "ollama", dimension: 0, default: true },
    { name: "hashed-v1", provider: "hashed", dimension: 768, default: false },
  ]);
  await service.embed({ texts: ["cook"] });
  expect((await service.models({})).models[0]?.dimension).toBe(DIMENSION);
});

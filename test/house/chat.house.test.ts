// Chat as users meet it: through the gateway and from the command line, in both topologies, with providers that are
// processes of their own.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Searched } from "#contracts/matrix";
import { run } from "../../src/cli/spawned.testing.ts";
import { type FakeProviders, startFakeProviders } from "../providers/start.ts";
import { TEXT } from "../providers/wires.ts";
import { codeOf, startHouse, type TestHouse, TOPOLOGIES } from "./house.ts";

const KEY = "sk-canary-93d1f7a2c5e8b604";
const messages = [{ role: "user", content: "Count the apples." }];

/** A model that knows what titles do not, and is not always to be trusted. */
const ROLES = {
  entries: [
    { last: ["tower monkeys"], replies: [{ content: '{"role":"roofer"}' }] },
    { last: ["moon rangers"], replies: [{ content: '{"role":"Chief Executive"}' }] },
    { last: ["glorp wardens"], replies: [{ content: "The role is Welder." }] },
    { last: ["spoon tinkerers"], replies: [{ content: '{"role":"Welder"}' }] },
    { model: "order", last: ["in Denver"], replies: [{ content: '{"order":[3,1,2,99]}' }] },
    { model: "order", last: ["in Reno"], replies: [{ content: "I would call Ann." }] },
  ],
};

describe.each(TOPOLOGIES)("chat, %s", (topology) => {
  let fakes: FakeProviders;
  let house: TestHouse;
  const folder = mkdtempSync(join(tmpdir(), "chat-house-"));
  beforeAll(async () => {
    fakes = await startFakeProviders();
    const keyFile = join(folder, "key");
    writeFileSync(keyFile, `${KEY}\n`);
    const script = join(folder, "roles.json");
    writeFileSync(script, JSON.stringify(ROLES));
    house = await startHouse(topology, {
      chat_script: script,
      role_model: "scripted/roles",
      rerank_model: "scripted/order",
      chat_urls: fakes.urls,
      chat_keys: `kimi=file:${keyFile},openrouter=file:${keyFile}`,
      chat_model: "kimi/ok",
    });
  }, 240_000);
  afterAll(async () => {
    await house.close();
    fakes.stop();
    rmSync(folder, { recursive: true });
  });

  const post = (body: object, headers: Record<string, string> = {}): Promise<Response> =>
    house.ask("/v1/chat", { method: "POST", body: JSON.stringify(body), headers });

  test("one JSON reply, or events where the body or the accept header says so", async () => {
    expect(await house.json("/v1/chat", { messages })).toMatchObject({
      provider: "kimi",
      message: { content: TEXT },
      attempts: [{ outcome: "ok" }],
    });
    for (const reply of [
      await post({ messages, stream: true }),
      await post({ messages }, { accept: "text/event-stream" }),
    ]) {
      expect(reply.headers.get("content-type")).toBe("text/event-stream");
      const text = await reply.text();
      expect(text).toMatch(/^(: begun\n\n)?event: delta\n/);
      expect(text).toContain("event: usage\n");
      expect(text).toMatch(/event: done\ndata: \{.*\}\n\n$/);
    }
    const cut = await (await post({ messages, stream: true, model: "openrouter/error-midway" })).text();
    expect(cut).toMatch(/event: fault\ndata: \{"error":\{"code":"upstream"/);
    expect((await fakes.seen("ok"))[0]?.headers["authorization"]).toBe(`Bearer ${KEY}`);
  });

  test("a budget refuses, and each call is a row that SQL finds", async () => {
    const set = await house.ask("/v1/chat/budgets/local", {
      method: "PUT",
      body: JSON.stringify({ tokens_per_day: 3000 }),
    });
    expect(set.status).toBe(200);
    const refused = await post({ messages });
    expect([refused.status, await codeOf(refused)]).toEqual([429, "rate_limited"]);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await post({ messages, max_tokens: 20, metadata: { order: "o7" } })).status).toBe(200);
    expect((await house.ask("/v1/chat/budgets/local", { method: "DELETE" })).status).toBe(204);
    const sql = "SELECT outcome, input_tokens FROM chat_usage WHERE metadata LIKE '%o7%'";
    const rowsOf = async (): Promise<unknown[]> => {
      const reply = await house.ask("/v1/sql", { method: "POST", body: JSON.stringify({ sql }) });
      return reply.ok ? ((await reply.json()) as { rows: unknown[] }).rows : [];
    };
    let rows = await rowsOf();
    while (rows.length === 0) {
      await Bun.sleep(200);
      rows = await rowsOf();
    }
    expect(rows).toEqual([{ outcome: "ok", input_tokens: 21 }]);
  }, 240_000);

  test("providers, health and metrics say how they are, and the key is nowhere", async () => {
    await post({ messages, model: "openrouter/no-credit" });
    const said = [
      JSON.stringify(await house.json("/v1/chat/providers")),
      await (await house.ask("/v1/health")).text(),
      await (await house.ask("/metrics")).text(),
      await (await post({ messages, model: "kimi/unauthorized" })).text(),
      house.logged.join("\n"),
    ];
    expect(said[1]).toContain("openrouter/no-credit fails and is left alone");
    expect(said[2]).toMatch(/lakehouse_chat_breaker_state\{.*model="no-credit"\} 2/);
    expect(said[2]).toMatch(/lakehouse_chat_tokens_total\{.*kind="output"\} \d+/);
    expect(said.join("\n")).not.toContain(KEY.slice(3, 16));
  });

  test("a model names the role where titles do not, if it is one there is, and its failure leaves the reading", async () => {
    const read = (text: string): Promise<{ role: string | null; source: string; confidence: number }> =>
      house.json("/v1/matrix/role", { text });
    const named = await read("need 3 tower monkeys in Reno, NV");
    expect(named).toMatchObject({ role: "Roofer", source: "llm" });
    // It is a guess: the gate of playbooks takes it for none.
    expect(named.confidence).toBeLessThan(0.9);
    expect((await read("need 3 moon rangers in Reno, NV")).role).toBeNull();
    // What a title says is not asked.
    expect(await read("need 3 welders in Reno, NV")).toMatchObject({ role: "Welder", source: "pattern" });
    expect((await read("need 3 glorp wardens in Reno, NV")).role).toBeNull();
    expect(house.logged.join("\n")).toContain("role by a model");
    // It rests now.
    expect((await read("need 3 spoon tinkerers in Reno, NV")).role).toBeNull();
  }, 240_000);

  test("a model orders the best hits where a search asks for it, and its failure leaves their order", async () => {
    const rows = Array.from({ length: 8 }, (_, at) => ({
      id: `p${at}`,
      role: "Welder",
      city: at < 4 ? "Denver" : "Reno",
      state: at < 4 ? "CO" : "NV",
    }));
    const body = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
    await house.ask("/v1/ingest?dataset=crew&format=ndjson", { method: "POST", body });
    const plan = {
      dataset: "crew",
      id: "id",
      text: "{role} in {city}, {state}",
      fields: { city: "keyword" },
    };
    await house.ask("/v1/matrix/corpora/crew", { method: "PUT", body: JSON.stringify(plan) });
    const built = await house.ask("/v1/matrix/corpora/crew", { headers: { accept: "text/event-stream" } });
    expect(await built.text()).toContain("event: done");
    const search = (query_text: string, more: object = {}): Promise<Searched> =>
      house.json<Searched>("/v1/matrix/search", { query_text, corpora: ["crew"], ...more });
    const idsOf = ({ hits }: Searched): string[] => hits.map(({ id }) => id);
    const plain = await search("welders in Denver, CO");
    expect(plain.reranked).toBeUndefined();
    const [first = "", second = "", third = "", ...rest] = idsOf(plain);
    const moved = await search("welders in Denver, CO", { rerank: true });
    expect(idsOf(moved)).toEqual([third, first, second, ...rest]);
    expect(moved.reranked).toEqual({ applied: true, model: "scripted/order", moved: 3 });
    expect(moved.hits[0]).toMatchObject({ rank: 0, reranked_from: 2, score: plain.hits[0]?.score });
    expect(idsOf(await search("welders in Denver, CO", { rerank: true, k: 2 }))).toEqual([third, first]);
    const failed = await search("welders in Reno, NV", { rerank: true });
    expect(failed.reranked).toMatchObject({ applied: false, reason: expect.stringContaining("upstream") });
    expect(idsOf(failed)).toEqual(idsOf(await search("welders in Reno, NV")));
  }, 240_000);

  test("the command line streams, takes text from a pipe, and shows budgets", async () => {
    const env = { LAKEHOUSE_URL: house.url };
    const asked = await run(["chat", "Count", "-m", "scripted/echo"], { env, stdin: "three apples\n" });
    expect(asked).toMatchObject({ exitCode: 0, out: "Count\n\nthree apples\n" });
    const json = await run(["chat", "Count", "--json"], { env });
    expect(JSON.parse(json.out)).toMatchObject({ provider: "kimi", message: { content: TEXT } });
    expect((await run(["chat"], { env, stdin: "" })).exitCode).toBe(2);
    expect((await run(["chat", "x", "-m", "nobody/x"], { env })).err).toContain("Known: kimi");
    const set = await run(["budget", "set", "reports", "--usd", "2.5", "--json"], { env });
    expect(JSON.parse(set.out)).toMatchObject({ key: "reports", usd_per_day: 2.5, tokens_per_day: null });
    // A name that nobody has limits nobody.
    expect(set.err).toContain("No key is called reports");
    const own = await run(["budget", "set", "local", "--usd", "9"], { env });
    expect([own.exitCode, own.err]).toEqual([0, ""]);
    expect((await run(["budget", "-o", "table"], { env })).out).toMatch(/^ *reports .*no limit.* 2\.50/m);
    expect((await run(["budget", "drop", "reports"], { env })).exitCode).toBe(0);
    expect((await run(["budget", "drop", "reports"], { env })).exitCode).toBe(4);
  }, 240_000);
});

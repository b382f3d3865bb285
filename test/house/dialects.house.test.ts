// The dialects as older callers use them, in both topologies: below their prefixes and by header on native paths, OpenAI's
// by its own client; then the same calls through an older side that answers them.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI from "openai";
import { addKey } from "#edge/access/key-file";
import { keysPath } from "#topology/gateway/listener";
import { type OlderSide, startOlderSide } from "../cutover/older-side.ts";
import { codeOf, startHouse, type TestHouse, TOPOLOGIES } from "./house.ts";

const START_MS_MAX = 240_000;

interface Statuses {
  readonly routes: { route: string; state: string; reason: string; actor: string }[];
  readonly upstreams: { name: string; url: string }[];
}

function norm(vector: readonly number[] = []): number {
  return Math.hypot(...vector);
}

/** The most memory that the gateway, a child of this process, has had; 0 where the system does not say. */
function gatewayPeakBytes(): number {
  if (!existsSync("/proc/self/status")) return 0;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      if (!status.includes(`PPid:\t${process.pid}\n`) || !command.includes("gateway")) continue;
      return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
    } catch {
      // It has ended meanwhile.
    }
  }
  return 0;
}

describe.each(TOPOLOGIES)("dialects of a house %s", (topology) => {
  const folder = mkdtempSync(join(tmpdir(), "dialects-"));
  const script = join(folder, "script.json");
  let house: TestHouse;
  let older: OlderSide;
  beforeAll(async () => {
    const replies = [{ content: "Two forklift operators start on Monday." }];
    writeFileSync(script, JSON.stringify({ entries: [{ replies }] }));
    const overrides = { chat_script: script, chat_model: "scripted/a" };
    [house, older] = await Promise.all([
      startHouse(topology, overrides, { processes: true }),
      startOlderSide("go", "/older/go"),
    ]);
  }, START_MS_MAX);
  afterAll(async () => {
    await house.close();
    await older.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    house.ask(path, { method: "POST", body: JSON.stringify(body), headers });
  const flip = (body: object, expected = 200): Promise<Statuses> =>
    house.json<Statuses>("/v1/cutover/flip", body, expected);
  const backendOf = (reply: Response): string | null => reply.headers.get("x-lakehouse-backend");

  test("answers 503 until somebody says who answers, naming the setting", async () => {
    for (const [path, variable] of [
      ["/_go/health", "GO_LAKEHOUSE_URL"],
      ["/_go/v1/nothing", "GO_LAKEHOUSE_URL"],
      ["/api/health", "RUST_LAKEHOUSE_URL"],
    ] as const) {
      const reply = await fetch(house.url + path);
      expect(reply.status).toBe(503);
      const text = await reply.text();
      expect(text).toContain(variable);
      expect(text).toContain("lakehouse cutover upstream add");
    }
    const { routes } = await house.json<Statuses>("/v1/cutover");
    expect(routes.map(({ route, state }) => [route, state])).toEqual([
      ["go:*", "off"],
      ["rust:*", "off"],
    ]);
  });

  test("answers here after a flip of all routes, at once", async () => {
    await flip({ route: "go:*", to: "primary", why: "no upstream", force: true });
    await flip({ route: "rust:*", to: "primary", why: "no upstream", force: true });
    const health = await house.ask("/_go/health");
    expect(await health.text()).toBe('{"status":"ok","service":"gateway"}');
    expect(backendOf(health)).toBe("native");
    expect(await (await house.ask("/api/health")).text()).toBe("lakehouse ok");
  });

  test("embeds below both prefixes, and by header on the native path", async () => {
    const texts = ["forklift operator", "line cook"];
    const native = await house.json<{ vectors: number[][] }>("/v1/embed", { texts });
    const fromGo = await post("/_go/v1/embed", { texts });
    expect(fromGo.headers.get("x-lakehouse-normalized")).toBe("true");
    const goBody = (await fromGo.json()) as { vectors: number[][]; dimension: number };
    expect(Object.keys(goBody)).toEqual(["vectors", "dimension", "model"]);
    expect(goBody.vectors).toEqual(native.vectors);
    expect(norm(goBody.vectors[0])).toBeCloseTo(1, 5);
    const rust = { embeddings: native.vectors, dimensions: goBody.dimension, model: "hashed-v1" };
    expect(await (await post("/api/ai/embed", { texts })).json()).toEqual(rust);
    const byHeader = await post("/v1/embed", { texts }, { "x-lakehouse-dialect": "rust" });
    expect(await byHeader.json()).toEqual(rust);
    expect(backendOf(byHeader)).toBe("native");
  });

  test("objects go through as bytes, and a missing one is the dialect's own 404", async () => {
    const bytes = crypto.getRandomValues(new Uint8Array(3_000_000).subarray(0, 65_536));
    const put = await house.ask("/_go/v1/storage/a/b.bin", { method: "PUT", body: bytes });
    expect([put.status, backendOf(put)]).toEqual([201, "native"]);
    const read = await house.ask("/api/storage/a/b.bin");
    expect(new Uint8Array(await read.arrayBuffer())).toEqual(bytes);
    const none = await house.ask("/_go/v1/storage/none");
    expect([none.status, none.headers.get("content-type")]).toEqual([404, "text/plain; charset=utf-8"]);
    expect(await none.text()).toEndWith("\n");
    const listed = await house.json<{ keys?: unknown }>("/_go/v1/storage?prefix=a/");
    expect(JSON.stringify(listed)).toContain("a/b.bin");
  });

  test("what is in no table, under no method, or wrong is answered in the dialect's own bytes", async () => {
    const go = await house.ask("/_go/v1/nothing");
    expect([go.status, await go.text()]).toEqual([404, "There is no GET /_go/v1/nothing.\n"]);
    const method = await house.ask("/_go/v1/embed");
    expect([method.status, await method.text()]).toEqual([404, "There is no GET /_go/v1/embed.\n"]);
    const rust = await post("/api/nothing", {});
    expect([rust.status, await rust.json()]).toEqual([404, { error: "There is no POST /api/nothing." }]);
    const wrong = await post("/api/vectors/hybrid", { query: 7 });
    expect(wrong.status).toBe(400);
    expect(((await wrong.json()) as { error: string }).error).toContain("query: ");
    for (const index of ["", ".", "..", "a b", null, 5, ["x"]]) {
      const name = await post("/api/vectors/search", { index, query: "x", top_k: 2 });
      expect([index, name.status]).toEqual([index, 400]);
      expect(((await name.json()) as { error: string }).error).toStartWith("index: ");
    }
    const unreadable = await house.ask("/_go/v1/sql", { method: "POST", body: "{" });
    expect([unreadable.status, backendOf(unreadable)]).toEqual([400, "native"]);
    const exact = await house.ask("/_go/v1/sql", {
      method: "POST",
      body: '{"sql":"SELECT 1","x":12345678901234567890}',
    });
    expect(exact.status).toBe(400);
  });

  test("SQL and validation have the forms of each side", async () => {
    const sql = "SELECT 'Welder' AS role, 2 AS n";
    expect(await house.json("/_go/v1/sql", { sql })).toEqual({
      columns: ["role", "n"],
      rows: [["Welder", 2]],
      row_count: 1,
    });
    expect(await house.json("/api/query", { sql })).toEqual({
      columns: ["role", "n"],
      rows: [{ role: "Welder", n: 2 }],
      row_count: 1,
    });
    const roster = "worker_id,name,role,city,state\nw-1,Ann Lee,Welder,Akron,OH\n";
    await house.ask("/v1/ingest?dataset=workers", {
      method: "POST",
      body: roster,
      headers: { "content-type": "text/csv" },
    });
    await house.json("/v1/validate/rosters/default/load", {});
    const go = await post("/_go/v1/validate", { kind: "email", artifact: { to: 7 } });
    expect(go.status).toBe(422);
    expect(Object.keys((await go.json()) as object)).toEqual(["Kind", "Field", "Reason"]);
    const rust = await post("/api/validate", { kind: "email", artifact: { to: 7 } });
    expect(rust.status).toBe(422);
    const [variant] = Object.entries((await rust.json()) as Record<string, object>);
    expect(variant?.[0]).toBe("Schema");
    expect(Object.keys(variant?.[1] ?? {})).toEqual(["field", "reason"]);
  });

  test("a stream that the body asks for is the house's events, and so is its failure", async () => {
    const chat = { model: "scripted/echo", messages: [{ role: "user", content: "Hello" }], stream: true };
    const iterate = { kind: "fill", prompt: "p", model: "scripted/echo", max_iterations: 1, stream: true };
    for (const [path, dialect, body, last] of [
      ["/_go/v1/chat", "", chat, "done"],
      ["/api/chat", "", chat, "done"],
      ["/v1/chat", "go", chat, "done"],
      ["/_go/v1/iterate", "", iterate, "done"],
      ["/v1/iterate", "rust", iterate, "done"],
    ] as const) {
      const reply = await post(path, body, dialect === "" ? {} : { "x-lakehouse-dialect": dialect });
      expect([path, reply.status, backendOf(reply)]).toEqual([path, 200, "native"]);
      expect(reply.headers.get("content-type")).toStartWith("text/event-stream");
      expect((await reply.text()).match(/^event: \w+$/gm)?.at(-1)).toBe(`event: ${last}`);
    }
    const refused = await post("/_go/v1/chat", { ...chat, messages: [] });
    expect([refused.status, refused.headers.get("content-type")]).toEqual([400, "text/plain; charset=utf-8"]);
  });

  test("OpenAI's own client chats, streams, embeds and lists models", async () => {
    const client = new OpenAI({ baseURL: `${house.url}/v1`, apiKey: "none", maxRetries: 5 });
    const messages = [{ role: "user" as const, content: "When do they start?" }];
    const whole = await client.chat.completions.create({ model: "scripted/a", messages });
    expect(whole.choices[0]?.message.content).toBe("Two forklift operators start on Monday.");
    expect(whole.choices[0]?.finish_reason).toBe("stop");
    let text = "";
    let usage: unknown;
    const stream = await client.chat.completions.create({
      model: "scripted/a",
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    for await (const piece of stream) {
      text += piece.choices[0]?.delta.content ?? "";
      usage = piece.usage ?? usage;
    }
    expect(text).toBe("Two forklift operators start on Monday.");
    expect(Object.keys(usage ?? {})).toEqual(Object.keys(whole.usage ?? {}));
    // The client asks for base64 unless told otherwise.
    const embedded = await client.embeddings.create({ model: "hashed-v1", input: ["welder", "cook"] });
    const native = await house.json<{ vectors: number[][] }>("/v1/embed", { texts: ["welder", "cook"] });
    for (const [at, { embedding }] of embedded.data.entries()) {
      for (const [place, value] of embedding.entries()) {
        expect(value).toBeCloseTo(native.vectors[at]?.[place] ?? NaN, 6);
      }
    }
    const models = await client.models.list();
    expect(models.data.map(({ id }) => id)).toEqual(["hashed-v1"]);
    const missing = await client.chat.completions
      .create({ model: "scripted/a", messages, n: 3 })
      .catch((error: unknown) => error);
    expect(missing).toBeInstanceOf(OpenAI.BadRequestError);
    expect(String(missing)).toContain("n");
    const none = await client.embeddings
      .create({ model: "none", input: "a" })
      .catch((error: unknown) => error);
    expect(none).toBeInstanceOf(OpenAI.NotFoundError);
  });

  test("passes through to the upstream: sub-path, query, headers and bodies as they came", async () => {
    const url = `${older.url}/older/go/`;
    expect(
      (await house.json<Statuses>("/v1/cutover/upstreams", { name: "legacy", url, dialect: "go" })).upstreams,
    ).toHaveLength(1);
    await flip({ route: "go:*", to: "pass-through", why: "compare first" });
    const health = await house.ask("/_go/health?a=1&b=%2F", {
      headers: {
        "x-mine": "kept",
        "x-lakehouse-caller": "{}",
        connection: "x-hop",
        "x-hop": "dropped",
        cookie: "s=1",
      },
    });
    expect([await health.text(), backendOf(health)]).toEqual([
      '{"status":"ok","service":"gateway"}',
      "legacy",
    ]);
    const [call] = (await older.seen()).slice(-1);
    expect(call?.target).toBe("/older/go/health?a=1&b=%2F");
    expect(call?.headers).toMatchObject({
      "x-mine": "kept",
      "x-forwarded-host": new URL(house.url).host,
      "x-forwarded-proto": "http",
      "x-forwarded-for": "127.0.0.1",
    });
    for (const name of ["x-lakehouse-caller", "x-hop", "cookie", "authorization"]) {
      expect(call?.headers).not.toHaveProperty(name);
    }
    const cookies = await house.ask("/_go/v1/cookies");
    expect(cookies.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect([cookies.headers.get("x-older"), cookies.headers.get("x-hop")]).toEqual(["yes", null]);
    // In no table of ours: the upstream says what it is.
    const unknown = await house.ask("/_go/v2/nothing", { method: "DELETE" });
    expect([unknown.status, await unknown.text(), backendOf(unknown)]).toEqual([
      404,
      "not found\n",
      "legacy",
    ]);
  });

  test("large bodies pass both ways as streams, and the gateway holds none of them", async () => {
    // Together both ends and the house are in this process, whose memory says nothing then.
    const bytes = (topology === "apart" ? 512 : 64) * 1024 * 1024;
    const chunk = new Uint8Array(64 * 1024);
    const before = gatewayPeakBytes();
    let sent = 0;
    const body = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          controller.enqueue(chunk);
          sent += chunk.byteLength;
          if (sent === bytes) controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    const up = await fetch(`${house.url}/_go/v1/storage/large`, { method: "PUT", body });
    expect(await up.json()).toEqual({ bytes });
    const down = await fetch(`${house.url}/_go/v1/storage/large?bytes=${bytes}`);
    let received = 0;
    for await (const piece of down.body ?? []) received += (piece as Uint8Array).byteLength;
    expect(received).toBe(bytes);
    if (topology === "apart") expect(gatewayPeakBytes() - before).toBeLessThan(bytes / 2);
  }, 120_000);

  test("an upstream that cannot be reached is 502, and nothing here answers in its place", async () => {
    await house.json("/v1/cutover/upstreams", {
      name: "rusty",
      url: "http://127.0.0.1:9/api",
      dialect: "rust",
    });
    await flip({ route: "rust:*", to: "pass-through", why: "try" });
    const reply = await fetch(`${house.url}/api/health`);
    expect(reply.status).toBe(502);
    expect(((await reply.json()) as { error: string }).error).toContain("rusty");
  });

  test("a route can stand otherwise than its dialect, for all or for one tenant", async () => {
    await flip({ route: "go:embed.embed", to: "primary", why: "one first", force: true });
    expect(backendOf(await post("/_go/v1/embed", { texts: ["a"] }))).toBe("native");
    expect(backendOf(await house.ask("/_go/health"))).toBe("legacy");
    await flip({ route: "go:embed.embed", to: "pass-through", tenant: "local", why: "not for us" });
    expect(backendOf(await post("/_go/v1/embed", { texts: ["a"] }))).toBe("legacy");
    await flip({ route: "go:embed.embed", to: "retired", tenant: "local", why: "over" });
    const retired = await post("/_go/v1/embed", { texts: ["a"] });
    expect([retired.status, await retired.text()]).toEqual([404, expect.stringContaining("retired")]);
    await flip({ route: "go:*", to: "pass-through", why: "all again" });
    expect(backendOf(await post("/_go/v1/embed", { texts: ["a"] }))).toBe("legacy");
    // What somebody switched off does not claim that no upstream is set, and stays off when the address changes.
    await flip({ route: "go:embed.embed", to: "off", why: "for a while" });
    const url = `${older.url}/older/go/`;
    await house.json("/v1/cutover/upstreams", { name: "legacy", url, dialect: "go" });
    const off = await fetch(`${house.url}/_go/v1/embed`, { method: "POST", body: '{"texts":["a"]}' });
    const said = await off.text();
    expect([off.status, said]).toEqual([
      503,
      expect.stringContaining("flip go:embed.embed --to pass-through"),
    ]);
    expect(said).not.toContain("No upstream");
    await flip({ route: "go:*", to: "pass-through", why: "all again" });
  });

  test("refuses what makes no sense, and says what is there", async () => {
    const refused = async (body: object): Promise<string> => {
      const reply = await post("/v1/cutover/flip", body);
      expect(reply.status).toBe(400);
      return ((await reply.json()) as { error: { message: string } }).error.message;
    };
    expect(await refused({ route: "go:matrix.serch", to: "primary" })).toContain(
      "Did you mean go:matrix.search?",
    );
    expect(await refused({ route: "nothing", to: "primary" })).toContain("DIALECT:SERVICE.OPERATION");
    expect(await refused({ route: "go:*", to: "canary" })).toContain("percentage");
    expect(await refused({ route: "go:*", to: "primary", until: "2001-01-01T00:00:00Z" })).toContain(
      "over already",
    );
    const scheme = await post("/v1/cutover/upstreams", { name: "a", url: "127.0.0.1:1", dialect: "go" });
    expect([scheme.status, await codeOf(scheme)]).toEqual([400, "invalid"]);
  });

  test("each flip is one event of the journal, with its actor and reason", async () => {
    const { routes } = await house.json<Statuses>("/v1/cutover");
    expect(routes.find(({ route }) => route === "go:*")).toMatchObject({
      state: "pass-through",
      actor: "local",
    });
    type Event = { subject: string; actor: string; data: { to: string; reason: string } };
    let events: Event[] = [];
    for (let tries = 0; tries < 100 && events.length < 10; tries += 1) {
      events = (await house.json<{ events: Event[] }>("/v1/journal/events?type=cutover.flipped&limit=1000"))
        .events;
      await Bun.sleep(50);
    }
    expect(events.map(({ subject, data }) => `${subject} ${data.to} ${data.reason}`)).toEqual([
      "go:* primary no upstream",
      "rust:* primary no upstream",
      "go:* pass-through compare first",
      "rust:* pass-through try",
      "go:embed.embed primary one first",
      "go:embed.embed pass-through not for us",
      "go:embed.embed retired over",
      "go:* pass-through all again",
      "go:embed.embed off for a while",
      "go:* pass-through all again",
    ]);
    expect(new Set(events.map(({ actor }) => actor))).toEqual(new Set(["local"]));
  });

  // Last: from the first key on every call needs one.
  test("the key that let a caller in stays here, and changing the ledger needs the scope admin", async () => {
    const path = keysPath(house.settings);
    const read = await addKey(path, { name: "reader", scope: "read" });
    const headers = { authorization: `Bearer ${read}` };
    for (let tries = 0; tries < 200 && (await fetch(`${house.url}/_go/health`)).status !== 401; tries += 1) {
      await Bun.sleep(50);
    }
    expect(backendOf(await fetch(`${house.url}/_go/health`, { headers }))).toBe("legacy");
    const calls = await older.seen();
    expect(JSON.stringify(calls)).not.toContain(read);
    const chosen = await fetch(`${house.url}/_go/health`, {
      headers: { ...headers, "x-lakehouse-backend": "native" },
    });
    expect([chosen.status, await chosen.text()]).toEqual([403, expect.stringContaining("scope admin")]);
    for (const path of ["/v1/cutover/recordings", "/v1/cutover/dual-writes"]) {
      expect((await fetch(house.url + path, { headers })).status).toBe(403);
    }
    const flipped = await post("/v1/cutover/flip", { route: "go:*", to: "off" }, headers);
    expect([flipped.status, await codeOf(flipped)]).toEqual([403, "forbidden"]);
    const none = await fetch(`${house.url}/_go/health`, { headers: { authorization: "Bearer none" } });
    expect([none.status, none.headers.get("content-type")]).toEqual([401, "text/plain; charset=utf-8"]);
  });
});

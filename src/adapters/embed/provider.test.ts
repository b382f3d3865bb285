// The two wires against a server that speaks them, and everything it may do instead of responding.

import { afterAll, afterEach, describe, expect, test } from "bun:test";
import type { EmbedModel } from "./embed-model.ts";
import { hashedModel } from "./hashed.ts";
import { ollamaModel } from "./ollama.ts";
import { openaiModel } from "./openai.ts";
import { type ProviderTimeouts } from "./provider.ts";
import { responding, type Behaviour, cutOff, hang, providerServer, slow } from "./provider-server.testing.ts";

const DIMENSION = 64;
const KEY = "sk-canary-41c7";
const timeouts: ProviderTimeouts = { connectMsMax: 100, responseMsMax: 20_000, pauseMs: 2 };
const shortTimeouts: ProviderTimeouts = { ...timeouts, responseMsMax: 600 };
const server = await providerServer(DIMENSION);
afterAll(() => server.stop());
afterEach(() => server.script());

const WIRES: Record<string, (url?: string) => EmbedModel> = {
  ollama: (url = server.url, how = timeouts) => ollamaModel({ url, name: "nomic", timeouts: how }),
  openai: (url = `${server.url}/v1`, how = timeouts) =>
    openaiModel({ baseUrl: url, key: KEY, name: "small", timeouts: how }),
};

const expected = hashedModel({ dimension: DIMENSION });

async function faultOf(work: Promise<unknown>): Promise<{ code: string; message: string }> {
  return work.then(
    () => ({ code: "none", message: "" }),
    (error: { code: string; message: string }) => error,
  );
}

describe.each(Object.keys(WIRES))("%s", (wire) => {
  const modelAt = WIRES[wire] as (url?: string, how?: ProviderTimeouts) => EmbedModel;
  const model = modelAt();
  const texts = ["forklift operator", "line cook", "forklift operator"];

  test("gives unit vectors in the order of the texts, whatever the order of the response", async () => {
    const wanted = await expected.embed(texts);
    const vectors = await model.embed(texts);
    expect(vectors).toHaveLength(3);
    for (const [place, vector] of vectors.entries()) {
      expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
      for (const [i, number] of vector.entries()) expect(number).toBeCloseTo(wanted[place]?.[i] ?? NaN, 5);
    }
  });

  test("sends no request for no texts", async () => {
    const before = server.requests.length;
    expect(await model.embed([])).toEqual([]);
    expect(server.requests).toHaveLength(before);
  });

  const refusals: [name: string, behaviour: Behaviour, code: string, says: string][] = [
    [
      "a model that is not there",
      responding(404, { error: "model 'nomic' not found" }),
      "not_found",
      "model",
    ],
    [
      "a text that is too long",
      responding(400, { error: "the input length exceeds" }),
      "invalid",
      "too long",
    ],
    [
      "a key that is wrong",
      responding(401, { error: { code: "invalid_api_key" } }),
      "upstream",
      "embed|key|Sign",
    ],
    ["a key that may not", responding(403, { error: { message: "no" } }), "upstream", "403"],
    ["a redirect", responding(302, {}, { location: "http://169.254.169.254/" }), "upstream", "redirects"],
    ["no JSON", () => new Response("<html>hello</html>"), "upstream", "no JSON"],
    ["null", responding(200, null), "upstream", "no JSON"],
    ["a response without vectors", responding(200, { hello: 1 }), "upstream", "without"],
    [
      "vectors with holes",
      responding(200, { embeddings: [[1, null]], data: [{ index: 0, embedding: [1, null] }] }),
      "upstream",
      "no vector",
    ],
    ["a strange status", responding(418, {}), "upstream", "418"],
  ];
  test.each(refusals)("%s is told and not tried again", async (_name, behaviour, code, says) => {
    const before = server.requests.length;
    server.script(behaviour, behaviour);
    const fault = await faultOf(modelAt().embed(["x"]));
    expect(fault.code).toBe(code);
    expect(fault.message).toMatch(new RegExp(says));
    // A refused encoding looks like a refused text, so the OpenAI wire asks once more for numbers.
    expect(server.requests.length - before).toBe(wire === "openai" && code === "invalid" ? 2 : 1);
  });

  const troubles: [name: string, behaviour: Behaviour][] = [
    ["500", responding(500, { error: "out of memory" })],
    ["503", responding(503, { error: { message: "overloaded" } }, { "retry-after": "0" })],
    ["429", responding(429, { error: { code: "rate_limit_exceeded" } })],
    ["an error under status 200", responding(200, { error: { message: "died", code: "server_error" } })],
    ["a body that is cut off", cutOff],
  ];
  test.each(troubles)("%s is tried again", async (_name, behaviour) => {
    server.script(behaviour, behaviour);
    expect(await model.embed(["x"])).toHaveLength(1);
  });

  test.each(troubles)("%s for ever is upstream after three tries", async (_name, behaviour) => {
    const before = server.requests.length;
    server.script(behaviour, behaviour, behaviour);
    expect((await faultOf(model.embed(["x"]))).code).toBe("upstream");
    expect(server.requests.length - before).toBe(3);
  });

  test("waits no longer than is worth it when told to come back late", async () => {
    const before = server.requests.length;
    server.script(responding(429, {}, { "retry-after": "3600" }));
    expect(await faultOf(model.embed(["x"]))).toMatchObject({ code: "upstream", retryAfterMs: 3_600_000 });
    expect(server.requests.length - before).toBe(1);
  });

  test("a model that is silent while it is loaded is waited for", async () => {
    server.script(slow(timeouts.connectMsMax * 3));
    expect(await model.embed(["x"])).toHaveLength(1);
  });

  test("a model that hangs is given up at the limit", async () => {
    server.script(hang);
    const fault = await faultOf(modelAt(undefined, shortTimeouts).embed(["x"]));
    expect(fault.code).toBe("timeout");
  });

  test("a server that is not there is upstream", async () => {
    const gone = await providerServer();
    await gone.stop();
    const fault = await faultOf(modelAt(gone.url).embed(["x"]));
    expect(fault).toMatchObject({ code: "upstream", message: expect.stringContaining("running") as string });
  });

  test("a caller that leaves cancels", async () => {
    server.script(hang);
    const leaving = AbortSignal.timeout(20);
    expect((await faultOf(model.embed(["x"], leaving))).code).toBe("cancelled");
    expect((await faultOf(model.embed(["x"], AbortSignal.abort()))).code).toBe("cancelled");
  });

  test("an endless response is refused", async () => {
    const megabyte = new Uint8Array(1024 * 1024).fill(32);
    server.script(() => new Response(new ReadableStream({ pull: (sink) => sink.enqueue(megabyte) })));
    expect(await faultOf(model.embed(["x"]))).toMatchObject({
      code: "upstream",
      message: expect.stringContaining("too long") as string,
    });
  });

  test("nothing that a provider says in words is passed on, nor a key", async () => {
    for (const status of [400, 401, 403, 404, 429, 500, 200]) {
      const says = responding(status, {
        error: { message: `${KEY} and jane@example.com`, code: `bad ${KEY}` },
      });
      server.script(says, says, says);
      const { message } = await faultOf(model.embed(["x"]));
      expect(message).not.toContain(KEY);
      expect(message).not.toContain("jane@");
    }
  });

  test.each(["file:///etc/passwd", "s3://bucket", "ftp://host", "http://user:pass@host", "not a url", ""])(
    "the address %p is refused",
    (address) => {
      expect(() => modelAt(address)).toThrow("must be an http or https address");
    },
  );
});

test("the key goes to the server and nowhere else", async () => {
  await WIRES["openai"]?.().embed(["x"]);
  expect(server.requests.at(-1)?.authorization).toBe(`Bearer ${KEY}`);
});

test("a server that knows no base64 is sent requests for numbers from then on", async () => {
  const model = openaiModel({ baseUrl: `${server.url}/v1`, key: "", name: "small", timeouts });
  server.script(responding(422, { detail: "encoding_format" }));
  expect(await model.embed(["x"])).toHaveLength(1);
  expect(await model.embed(["y"])).toHaveLength(1);
  expect(server.requests.slice(-3).map(({ body }) => body.encoding_format)).toEqual([
    "base64",
    undefined,
    undefined,
  ]);
});

test("an account without credit is not tried again", async () => {
  const before = server.requests.length;
  server.script(responding(429, { error: { code: "insufficient_quota" } }));
  const fault = await faultOf((WIRES["openai"] as () => EmbedModel)().embed(["x"]));
  expect(fault.message).toContain("account");
  expect(server.requests.length - before).toBe(1);
});

test.each([
  ["two for one text", [{ index: 0 }, { index: 0 }]],
  ["one for no text", [{ index: 0 }, { index: 7 }]],
  ["too few", [{ index: 1 }]],
])("vectors that do not fit the texts are refused: %s", async (_name, items) => {
  server.script(responding(200, { data: items.map((item) => ({ ...item, embedding: [1, 0] })) }));
  const fault = await faultOf((WIRES["openai"] as () => EmbedModel)().embed(["x", "y"]));
  expect(fault.code).toBe("upstream");
});

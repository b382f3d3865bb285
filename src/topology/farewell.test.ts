import { expect, test } from "bun:test";
import { z } from "zod";
import { op } from "#rpc/contract";
import type { Route } from "#rpc/serve";
import { sayFarewell, watching } from "./farewell.ts";

const decoder = new TextDecoder();

/** A route whose events go on for ever: one each 5 ms. */
function ticking(method: "GET" | "POST", onEnd: () => void): Route {
  return {
    name: "clock.ticks",
    operation: op({
      method,
      path: "/ticks",
      summary: "Ticks",
      reply: "events",
      input: z.strictObject({}),
      output: z.object({}),
      errors: [],
      scope: "read",
    }),
    pattern: "/ticks",
    slow: true,
    handle: () =>
      Promise.resolve(
        new Response(
          new ReadableStream({
            pull: async (controller) => {
              await Bun.sleep(5);
              controller.enqueue(new TextEncoder().encode("data: {}\n\n"));
            },
            cancel: onEnd,
          }),
          { headers: { "content-type": "text/event-stream" } },
        ),
      ),
  };
}

const exchange = { requestId: "one", seal: () => undefined };

test("a stream that only watches ends with a fault that says to ask again, and its source is told", async () => {
  const leaving = new AbortController();
  let ended = 0;
  const route = watching(
    ticking("GET", () => (ended += 1)),
    leaving.signal,
  );
  const reply = await route.handle(new Request("http://house/ticks"), exchange);
  expect(reply.headers.get("content-type")).toBe("text/event-stream");
  let heard = "";
  for await (const chunk of reply.body ?? []) {
    heard += decoder.decode(chunk);
    leaving.abort();
  }
  expect(heard).toStartWith("data: {}\n\n");
  expect(heard).toContain('event: fault\ndata: {"error":{"code":"unavailable"');
  expect(ended).toBe(1);
});

test("a listener that goes away ends the source, and a stream that works is left alone", async () => {
  const leaving = new AbortController();
  let ended = 0;
  const watched = watching(
    ticking("GET", () => (ended += 1)),
    leaving.signal,
  );
  const reply = await watched.handle(new Request("http://house/ticks"), exchange);
  await reply.body?.cancel();
  expect(ended).toBe(1);
  const working = ticking("POST", () => undefined);
  expect(watching(working, leaving.signal)).toBe(working);
});

test("a server that says farewell answers kept connections once more, marked as the last time", async () => {
  const answers = { routes: { "/a": { GET: () => new Response("a") } }, fetch: () => new Response("other") };
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, development: false, ...answers });
  const ask = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${server.port}${path}`);
  expect((await ask("/a")).headers.get("connection")).not.toBe("close");
  // Two kept connections, one of which stays silent.
  await Promise.all([ask("/a"), ask("/b")].map(async (reply) => (await reply).text()));
  const farewell = sayFarewell(server, answers, 5000);
  const last = await ask("/b");
  expect([await last.text(), last.headers.get("connection")]).toEqual(["other", "close"]);
  const started = performance.now();
  await farewell;
  expect(performance.now() - started).toBeLessThan(4000);
  expect(await ask("/a").catch((error: Error & { code?: string }) => error.code)).toBe("ECONNREFUSED");
});

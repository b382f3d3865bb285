import { expect, test } from "bun:test";
import { z } from "zod";
import { op } from "#rpc/contract";
import { type Route, traitsOf } from "#rpc/route";
import { drainGracefully, endingOn } from "./graceful-drain.ts";

const decoder = new TextDecoder();

/** A route of endless events: one each 5 ms. */
function ticking(method: "GET" | "POST", onEnd: () => void): Route {
  return {
    ...traitsOf(
      "clock.ticks",
      op({
        method,
        path: "/ticks",
        summary: "Ticks",
        reply: "events",
        input: z.strictObject({}),
        output: z.object({}),
        errors: [],
        scope: "read",
      }),
    ),
    fault: () => new Response(""),
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
  const stopping = new AbortController();
  let ended = 0;
  const route = endingOn(
    ticking("GET", () => (ended += 1)),
    stopping.signal,
  );
  const reply = await route.handle(new Request("http://house/ticks"), exchange);
  expect(reply.headers.get("content-type")).toBe("text/event-stream");
  let heard = "";
  for await (const chunk of reply.body ?? []) {
    heard += decoder.decode(chunk);
    stopping.abort();
  }
  expect(heard).toStartWith("data: {}\n\n");
  expect(heard).toContain('event: fault\ndata: {"error":{"code":"unavailable"');
  expect(ended).toBe(1);
});

test("a listener that goes away ends the source, and a stream that works is left alone", async () => {
  const stopping = new AbortController();
  let ended = 0;
  const ending = endingOn(
    ticking("GET", () => (ended += 1)),
    stopping.signal,
  );
  const reply = await ending.handle(new Request("http://house/ticks"), exchange);
  await reply.body?.cancel();
  expect(ended).toBe(1);
  const working = ticking("POST", () => undefined);
  expect(endingOn(working, stopping.signal)).toBe(working);
});

test("a draining server answers each kept connection once more, and closes it with that reply", async () => {
  const handlers = { routes: { "/a": { GET: () => new Response("a") } }, fetch: () => new Response("other") };
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, development: false, ...handlers });
  const ask = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${server.port}${path}`);
  expect((await ask("/a")).headers.get("connection")).not.toBe("close");
  // Two kept connections, one of which stays silent.
  await Promise.all([ask("/a"), ask("/b")].map(async (reply) => (await reply).text()));
  const drained = drainGracefully(server, handlers, 120_000);
  const last = await ask("/b");
  expect([await last.text(), last.headers.get("connection")]).toEqual(["other", "close"]);
  const started = performance.now();
  await drained;
  expect(performance.now() - started).toBeLessThan(100_000);
  expect(await ask("/a").catch((error: Error & { code?: string }) => error.code)).toBe("ECONNREFUSED");
});

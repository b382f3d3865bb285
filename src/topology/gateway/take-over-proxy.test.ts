import { afterAll, expect, test } from "bun:test";
import { createGuard } from "#edge/guard";
import { type ServerHandlers, takeOverProxy } from "./take-over-proxy.ts";

const servers: Bun.Server<unknown>[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop(true))));

function serve(handlers: ServerHandlers): string {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    development: false,
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    ...handlers,
  });
  servers.push(server);
  return `http://127.0.0.1:${server.port}`;
}

const guard = createGuard({ host: "127.0.0.1", allowHosts: ["lake.example"], allowOrigins: [] });

/** Tells what it was asked. */
const target = serve({
  routes: {
    "/bytes": {
      GET: () => new Response(Bun.gzipSync("x".repeat(100_000)), { headers: { "content-encoding": "gzip" } }),
    },
    "/same": { GET: () => new Response(null, { status: 304, headers: { etag: '"1"' } }) },
    "/object": { HEAD: () => new Response(null, { headers: { "content-length": "1234", etag: '"1"' } }) },
    "/moved": { GET: () => new Response(null, { status: 302, headers: { location: "/elsewhere" } }) },
  },
  fetch: async (request) => {
    let bytes = 0;
    for await (const chunk of request.body ?? []) bytes += chunk.length;
    const { pathname, search, host } = new URL(request.url);
    return Response.json(
      {
        method: request.method,
        path: pathname + search,
        host,
        bytes,
        key: request.headers.get("authorization"),
      },
      { status: 201 },
    );
  },
});

test("a request is passed on as it is, and its reply comes back as the last of its connection", async () => {
  const front = serve(takeOverProxy(target, guard));
  const reply = await fetch(`${front}/a%2fb?c=%20d`, {
    method: "POST",
    headers: { host: "lake.example", authorization: "Bearer one" },
    body: new Uint8Array(5_000_000),
  });
  expect([reply.status, reply.headers.get("connection")]).toEqual([201, "close"]);
  expect(await reply.json()).toEqual({
    method: "POST",
    path: "/a%2fb?c=%20d",
    host: "lake.example",
    bytes: 5_000_000,
    key: "Bearer one",
  });
  const streamed = await fetch(front, {
    method: "PUT",
    body: new ReadableStream({
      start: (controller) => {
        for (let n = 0; n < 10; n += 1) controller.enqueue(new Uint8Array(100_000));
        controller.close();
      },
    }),
  });
  expect(await streamed.json()).toMatchObject({ method: "PUT", bytes: 1_000_000 });
});

test("encoded bytes, replies without a body and redirects stay what they are", async () => {
  const front = serve(takeOverProxy(target, guard));
  const encoded = await fetch(`${front}/bytes`, { decompress: false });
  expect(encoded.headers.get("content-encoding")).toBe("gzip");
  expect(new TextDecoder().decode(Bun.gunzipSync(await encoded.arrayBuffer()))).toBe("x".repeat(100_000));
  const same = await fetch(`${front}/same`);
  expect([same.status, same.headers.get("etag")]).toEqual([304, '"1"']);
  const head = await fetch(`${front}/object`, { method: "HEAD" });
  expect([head.status, head.headers.get("content-length")]).toEqual([200, "1234"]);
  const moved = await fetch(`${front}/moved`, { redirect: "manual" });
  expect([moved.status, moved.headers.get("location")]).toEqual([302, "/elsewhere"]);
});

test("requests are held until the other house is ready, and a foreign host is not", async () => {
  const ready = Promise.withResolvers<void>();
  const held = takeOverProxy(target, guard, ready.promise);
  const front = serve(held);
  const asked = [1, 2, 3].map((n) => fetch(`${front}/${n}`));
  while (held.inFlight() < 3) await Bun.sleep(1);
  const foreign = await fetch(front, { headers: { host: "evil.example" } });
  expect(foreign.status).toBe(403);
  ready.resolve();
  expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([201, 201, 201]);
  expect(held.inFlight()).toBe(0);
});

test("where nobody answers, and where only this house itself would, it says to come back", async () => {
  const gone = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const away = serve(takeOverProxy(`http://127.0.0.1:${gone.port}`, guard));
  await gone.stop(true);
  let self = "";
  const loop = serve({ routes: {}, fetch: (...asked) => takeOverProxy(self, guard).fetch(...asked) });
  self = loop;
  for (const front of [away, loop]) {
    const reply = await fetch(front);
    expect([reply.status, reply.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(await reply.json()).toMatchObject({ error: { code: "unavailable" } });
  }
});

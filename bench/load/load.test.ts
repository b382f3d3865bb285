import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpuUsOf, familyOf } from "#lib/process-cpu";
import { runLoad } from "./load-run.ts";
import { measure } from "./load.ts";
import { memoryOf } from "./processes.ts";

const servers: { stop(force: boolean): unknown }[] = [];
const folder = mkdtempSync(join(tmpdir(), "bench-"));
afterAll(() => {
  for (const server of servers) void server.stop(true);
  rmSync(folder, { recursive: true, force: true });
});

function serve(handle: (request: Request) => Response | Promise<Response>): { url: string } {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: handle, development: false });
  servers.push(server);
  return { url: `http://127.0.0.1:${server.port}` };
}

/** A server of bytes: `answer` is called once for each piece that arrives. */
function serveBytes(answer: (socket: Bun.Socket<unknown>) => void): { url: string } {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: answer } });
  servers.push(server);
  return { url: `http://127.0.0.1:${server.port}` };
}

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

test("sends every body in turn, whole and with its headers", async () => {
  const seen = new Map<string, number>();
  const large = "x".repeat(3_000_000);
  const target = serve(async (request) => {
    const body = await request.text();
    const key = `${request.method} ${new URL(request.url).pathname} ${request.headers.get("x-tag") ?? ""} ${body.length}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
    return new Response(body.slice(0, 10));
  });
  const result = await runLoad({
    target,
    clients: 3,
    requests: 30,
    bodies: [
      { path: "/a?b=1", headers: { "X-Tag": "t" } },
      { path: "/b", body: large },
      { method: "HEAD", path: "/c" },
    ],
  });
  expect(result).toMatchObject({
    requests: 30,
    errors: 0,
    statuses: { 200: 30 },
    failures: {},
    first_mismatch: null,
  });
  expect(Object.fromEntries(seen)).toEqual({ "GET /a t 0": 10, "POST /b  3000000": 10, "HEAD /c  0": 10 });
});

test("keeps the first status that was not expected, with its body", async () => {
  const target = serve(() => new Response("no such thing", { status: 404 }));
  const bodies = [{ path: "/fine", expect: 404 }, { path: "/wrong" }];
  const result = await runLoad({ target, clients: 1, requests: 10, bodies });
  expect(result).toMatchObject({ requests: 5, errors: 5, statuses: { 404: 10 } });
  expect(result.first_mismatch).toEqual({
    request: "GET /wrong",
    expected: 200,
    status: 404,
    body: "no such thing",
  });
});

test("speaks over unix sockets", async () => {
  const unix = join(folder, "s");
  servers.push(Bun.serve({ unix, fetch: () => new Response("ok") }));
  expect(
    await runLoad({ target: { unix }, clients: 2, requests: 20, bodies: [{ path: "/" }] }),
  ).toMatchObject({ requests: 20, errors: 0 });
});

test("dials again after a reply that closes its connection, which is no error", async () => {
  const target = serveBytes((socket) => {
    socket.end("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok");
  });
  expect(await runLoad({ target, clients: 2, requests: 20, bodies: [{ path: "/" }] })).toMatchObject({
    requests: 20,
    errors: 0,
  });
});

describe("counts what goes wrong", () => {
  test.each([
    ["closed", (socket: Bun.Socket<unknown>) => void socket.end()],
    ["closed", (socket: Bun.Socket<unknown>) => void socket.end(OK.slice(0, -1))],
    ["malformed", (socket: Bun.Socket<unknown>) => void socket.write("220 mail.example.com ESMTP\r\n")],
    ["timeout", () => undefined],
  ])("%s", async (failure, answer) => {
    const target = serveBytes(answer);
    const result = await runLoad({
      target,
      clients: 2,
      requests: 4,
      timeoutMs: 100,
      bodies: [{ path: "/" }],
    });
    expect(result).toMatchObject({ requests: 0, errors: 4, failures: { [failure]: 4 } });
  });

  test("a server that goes away, and comes back", async () => {
    const listenAt = (port: number) =>
      Bun.serve({ port, hostname: "127.0.0.1", reusePort: false, fetch: () => new Response("ok") });
    const first = listenAt(0);
    const port = first.port ?? 0;
    const bodies = [{ path: "/" }];
    const run = runLoad({
      target: { url: `http://127.0.0.1:${port}` },
      clients: 4,
      seconds: 0.6,
      rate: 500,
      bodies,
    });
    await Bun.sleep(150);
    await first.stop(true);
    await Bun.sleep(200);
    servers.push(listenAt(port));
    const result = await run;
    expect(result.failures["refused"]).toBeGreaterThan(0);
    expect(result.requests).toBeGreaterThan(100);
    expect(result.requests + result.errors).toBe(300);
  });

  test("no server at all", async () => {
    const gone = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("ok") });
    const target = { url: `http://127.0.0.1:${gone.port}` };
    await gone.stop(true);
    const run = runLoad({ target, clients: 1, requests: 1, bodies: [{ path: "/" }] });
    expect(
      run.then(
        () => "ran",
        () => "failed",
      ),
    ).resolves.toBe("failed");
  });
});

describe("a server that stands still for 300 ms", () => {
  /** Answers at once, but for a pause after the hundredth request in which nothing is answered. */
  function pausing(): { url: string } {
    let count = 0;
    let resumeAt = 0;
    return serve(async () => {
      count += 1;
      if (count === 100) resumeAt = Date.now() + 300;
      if (Date.now() < resumeAt) await Bun.sleep(resumeAt - Date.now());
      return new Response("ok");
    });
  }

  test("shows in an open loop's percentiles", async () => {
    const result = await runLoad({
      target: pausing(),
      clients: 2,
      seconds: 1,
      rate: 1000,
      bodies: [{ path: "/" }],
    });
    expect(result.requests).toBe(1000);
    // Those that were due within the pause waited for its rest: a tenth of all for more than 200 ms.
    expect(result.p90_ms).toBeGreaterThan(150);
    expect(result.max_ms).toBeGreaterThan(250);
  });

  test("hides in a closed loop's", async () => {
    const result = await runLoad({ target: pausing(), clients: 2, requests: 1000, bodies: [{ path: "/" }] });
    expect(result.p99_ms).toBeLessThan(150);
    expect(result.max_ms).toBeGreaterThan(250);
  });
});

test("an open loop keeps its rate", async () => {
  const target = serve(() => new Response("ok"));
  const result = await runLoad({ target, clients: 8, seconds: 0.5, rate: 600, bodies: [{ path: "/" }] });
  expect(result).toMatchObject({ requests: 300, errors: 0 });
  expect(result.seconds).toBeGreaterThan(0.49);
  expect(result.per_second).toBeLessThan(612);
});

test("what an open loop owes and cannot send is counted", async () => {
  const target = serveBytes(() => undefined);
  const result = await runLoad({
    target,
    clients: 1,
    seconds: 0.2,
    rate: 100,
    timeoutMs: 200,
    bodies: [{ path: "/" }],
  });
  expect(result.errors).toBe(20);
  expect(result.failures["not_sent"]).toBeGreaterThan(10);
});

test("measures from a process of its own, one plan after the other", async () => {
  const target = serve((request) => new Response(new URL(request.url).pathname));
  const plan = { target, clients: 2, requests: 200, pids: familyOf(process.pid) };
  const [first, second] = await Promise.all([
    measure({ ...plan, bodies: [{ path: "/first" }] }),
    measure({ ...plan, bodies: [{ path: "/second", expect: 404 }] }),
  ]);
  expect(first).toMatchObject({ requests: 200, errors: 0 });
  expect(second).toMatchObject({ requests: 0, errors: 200 });
  expect(second.first_mismatch?.body).toBe("/second");
  const gone = measure({ ...plan, target: { unix: join(folder, "nobody") }, bodies: [{ path: "/" }] });
  expect(
    gone.then(
      () => "ran",
      () => "failed",
    ),
  ).resolves.toBe("failed");
  expect(await measure({ ...plan, bodies: [{ path: "/" }] })).toMatchObject({ requests: 200 });
});

test.skipIf(process.platform !== "linux")("counts the time of processes that have ended", async () => {
  const spin = "while (process.cpuUsage().user < 300_000);";
  const before = cpuUsOf([process.pid]);
  await Bun.spawn([process.execPath, "-e", spin], { stdio: ["ignore", "ignore", "ignore"] }).exited;
  expect((cpuUsOf([process.pid]) ?? 0) - (before ?? 0)).toBeGreaterThan(100_000);
  expect(cpuUsOf([2 ** 30])).toBeNull();
});

test.skipIf(process.platform !== "linux")(
  "finds the processes that a process started, and what they hold",
  async () => {
    const child = Bun.spawn(["sh", "-c", "sleep 30 & wait"]);
    try {
      while (familyOf(child.pid).length < 2) await Bun.sleep(5);
      expect(familyOf(process.pid)).toEqual(expect.arrayContaining(familyOf(child.pid)));
      const memory = memoryOf(familyOf(child.pid));
      expect(memory?.rssBytes).toBeGreaterThan(100_000);
      expect(memory?.pssBytes).toBeLessThanOrEqual(memory?.rssBytes ?? 0);
    } finally {
      for (const pid of familyOf(child.pid)) process.kill(pid);
    }
  },
);

import { afterEach, describe, expect, test } from "bun:test";
import { present } from "./assert.ts";
import { listeningSocket, portCensus } from "./listening-socket.ts";

const servers: Bun.Server<unknown>[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop(true)));
});

function serve(name: string, port: number, reusePort: boolean): number {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port,
    development: false,
    reusePort,
    fetch: () => new Response(name),
  });
  servers.push(server);
  return server.port ?? 0;
}

const noProc = process.platform !== "linux";

/** Who answers 50 new connections. */
async function answerers(port: number): Promise<string[]> {
  const names = new Set<string>();
  for (let n = 0; n < 50; n += 1) {
    names.add(await (await fetch(`http://127.0.0.1:${port}`, { keepalive: false })).text());
  }
  return [...names].sort();
}

describe.skipIf(noProc)("a listening socket (needs Linux)", () => {
  test("a port is shared only once it is said, only with who asks, and its connections go where they are steered", async () => {
    const port = serve("first", 0, false);
    expect(() => serve("second", port, true)).toThrow();
    const socket = present(listeningSocket(port), "the socket");
    expect(socket.share()).toBe(true);
    expect(() => serve("careless", port, false)).toThrow();
    serve("second", port, true);
    expect(portCensus(port)?.listening).toBe(2);
    expect(await answerers(port)).toEqual(["first", "second"]);
    expect(socket.steer("first")).toBe(true);
    expect(await answerers(port)).toEqual(["first"]);
    expect(socket.steer("second")).toBe(true);
    expect(await answerers(port)).toEqual(["second"]);
    await servers.shift()?.stop(true);
    // The only one left is given everything, whatever was said before.
    expect(await answerers(port)).toEqual(["second"]);
  });

  test("a hushed socket greets nobody new and goes on with those it has", async () => {
    const port = serve("first", 0, false);
    const ask = (init: RequestInit = {}): Promise<Response> => fetch(`http://127.0.0.1:${port}`, init);
    await (await ask()).text();
    expect(portCensus(port)).toEqual({ listening: 1, accepted: 1, queued: 0 });
    expect(present(listeningSocket(port), "the socket").dropNewConnections()).toBe(true);
    const waiting = ask({ keepalive: false, signal: AbortSignal.timeout(200) });
    expect(await (await ask()).text()).toBe("first");
    // A second waits for the dialler's system to ask again; in 200 ms nobody answers and nobody refuses.
    const error: unknown = await waiting.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect((error as Error | undefined)?.name).toBe("TimeoutError");
    expect(portCensus(port)).toEqual({ listening: 1, accepted: 1, queued: 0 });
  });

  test("a port on which somebody else listens has no socket here", () => {
    expect(listeningSocket(1)).toBeUndefined();
    expect(portCensus(1)).toEqual({ listening: 0, accepted: 0, queued: 0 });
  });
});

// Lines that fail: one daemon behind a proxy with one toxic at a time, and a short share of the long run over a
// whole house (`bun test/fault/run.ts network`).

import { afterAll, describe, expect, test } from "bun:test";
import { bytesOf, readAll } from "#adapters/objects/objects";
import { memoryObjects } from "#adapters/objects/memory.testing";
import { storage } from "#contracts/storage";
import { seeded } from "#lib/random";
import { Fault } from "#rpc/fault";
import { listen } from "#rpc/listen";
import { implement } from "#rpc/local";
import { remote } from "#rpc/remote";
import { routes } from "#rpc/serve";
import { storaged } from "#services/storaged/service";
import { LINES, networkRounds } from "./network.ts";
import { startProxy, TOXICS } from "./proxy.ts";

const LONG_MS = 600_000;
const implementation = implement(
  storage,
  "storaged",
  (await storaged({ objects: memoryObjects() })).handlers,
  {
    onBug: () => undefined,
  },
);
const at = { hostname: "127.0.0.1", port: 0 };
const listener = listen({ origin: "storaged", at, routes: routes(implementation) });
afterAll(() => listener.stop(0));

describe("a daemon behind a line", () => {
  const CALLS = 60;
  const AT_ONCE = 4;
  const TIMEOUT_MS = 250;
  /** Lines on which every call must get through; on a black hole none does. */
  const GOOD = new Set(["clean", "delay", "trickle"]);

  test.each(TOXICS.map((toxic) => [toxic]))(
    "%s: an answer is that to its question, whole, or a fault",
    async (toxic) => {
      const proxy = await startProxy({ port: listener.port }, seeded(4));
      const port = "port" in proxy.place ? proxy.place.port : 0;
      proxy.use([toxic]);
      const far = remote(storage, { url: `http://127.0.0.1:${port}` }, { origin: "storaged" });
      const told: string[] = [];
      let good = 0;
      const client = async (first: number): Promise<void> => {
        for (let n = first; n < CALLS; n += AT_ONCE) {
          const key = `${toxic}/${n}`;
          const content = `content of ${key} `.repeat(n % 7 === 0 ? 8000 : 5);
          const limit = { timeoutMs: toxic === "blackhole" ? TIMEOUT_MS : 10_000, requestId: "same" };
          try {
            const put = await far.put({ key, body: bytesOf(content) }, limit);
            expect(put.key).toBe(key);
            const { body } = await far.get({ key }, limit);
            expect(Buffer.from(await readAll(body as ReadableStream<Uint8Array>)).toString()).toBe(content);
            good += 1;
          } catch (error) {
            // A body that breaks off is the stream's own error.
            if (error instanceof Fault) told.push(error.code);
            else if (
              !/ECONN|closed|terminated/i.test(`${(error as { code?: string }).code} ${String(error)}`)
            )
              throw error;
          }
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, (_, first) => client(first)));
      expect(told.filter((code) => !["unavailable", "timeout", "not_found"].includes(code))).toEqual([]);
      if (GOOD.has(toxic)) expect(good).toBe(CALLS);
      if (toxic === "blackhole") expect([good, new Set(told)]).toEqual([0, new Set(["timeout"])]);
      expect(proxy.counts.get(toxic)).toBeGreaterThan(0);
      await proxy.close();
    },
    LONG_MS,
  );
});

describe.skipIf(process.platform === "win32")("a house over lines that fail (needs unix sockets)", () => {
  test.each(LINES.map((line) => [line]))(
    "%s: what was acknowledged is there once, and nothing has to be restarted",
    async (line) => {
      const { wrong, acknowledged, spoiled } = await networkRounds(3, 2, line);
      expect(wrong).toEqual([]);
      expect(acknowledged).toBeGreaterThan(5);
      expect(spoiled).toBeGreaterThan(0);
    },
    LONG_MS,
  );
});

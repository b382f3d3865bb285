// Malformed HTTP over raw sockets: every case gets the replies that are right, none of them is an error of ours, and
// afterwards the house still serves.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startHouse, type TestHouse } from "../house/house.ts";
import { HTTP_CASES } from "./http-cases.ts";

/** After so long without a byte no reply is expected any more. */
const QUIET_MS = 300;

let house: TestHouse;
beforeAll(async () => {
  house = await startHouse("together");
}, 240_000);
afterAll(() => house.close(), 240_000);

/** Everything that comes back until the connection is closed or quiet. */
async function exchange(raw: string): Promise<string> {
  const { hostname, port } = new URL(house.url);
  const done = Promise.withResolvers<string>();
  let text = "";
  let quiet: ReturnType<typeof setTimeout> | undefined;
  const socket = await Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      data: (_socket, bytes) => {
        text += bytes.toString("latin1");
        listen();
      },
      close: () => done.resolve(text),
      error: () => done.resolve(text),
    },
  });
  const listen = (): void => {
    clearTimeout(quiet);
    quiet = setTimeout(() => done.resolve(text), QUIET_MS);
  };
  listen();
  socket.write(Buffer.from(raw, "latin1"));
  return done.promise.finally(() => {
    clearTimeout(quiet);
    socket.terminate();
  });
}

function statuses(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
}

describe("requests over a raw socket", () => {
  test("there are enough of them, each once", () => {
    expect(HTTP_CASES.length).toBeGreaterThanOrEqual(82);
    expect(new Set(HTTP_CASES.map(({ name }) => name)).size).toBe(HTTP_CASES.length);
  });

  test.concurrent.each(HTTP_CASES.map((item) => [item.name, item] as const))(
    "%s",
    async (_name, { raw, replies }) => {
      const text = await exchange(raw);
      expect(statuses(text)).toEqual([...replies]);
      expect(text).not.toContain("smuggled");
    },
  );

  test("afterwards the house serves, and logged no error", async () => {
    expect(await house.json("/health")).toEqual({ status: "ok", service: "gateway" });
    expect(house.logged.filter((line) => line.includes("error"))).toEqual([]);
  });
});

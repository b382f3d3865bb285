// Bodies and replies that come through whole whatever their pieces, and those that do not come on.

import { afterAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import fc from "fast-check";
import { Fault } from "#rpc/fault";
import { awaitBodyStart, timedReply } from "./slow-client.ts";

const KIB = 1024;
const ALLOWANCE_MS = 400;

/** Answers what it was sent, or the code of the fault that ended it; says what its timeout was set to. */
const timeouts: number[] = [];
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  development: false,
  fetch: async (request, self) => {
    const body = await awaitBodyStart(request);
    const timed = body.request((seconds) => {
      timeouts.push(seconds);
      // Longer than asked for: the platform counts in steps of seconds and may cut off before the allowance is used up.
      self.timeout(request, seconds * 10);
    }, ALLOWANCE_MS);
    try {
      return new Response(await timed.arrayBuffer());
    } catch (thrown) {
      return new Response(thrown instanceof Fault ? thrown.code : String(thrown), { status: 504 });
    }
  },
});
afterAll(() => server.stop(true));

function bytes(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, index) => index * 7 + (index >> 8));
}

describe("a body", () => {
  test("comes through whole, whatever its pieces", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 200 * KIB }), { maxLength: 5 }),
        async (lengths) => {
          const pieces = lengths.map(bytes);
          const reply = await fetch(server.url, {
            method: "POST",
            body: new ReadableStream({
              pull: (controller) => {
                const piece = pieces.shift();
                if (piece === undefined) controller.close();
                else controller.enqueue(piece);
              },
            }),
          });
          const sent = Buffer.concat(lengths.map(bytes));
          expect(sent.equals(Buffer.from(await reply.arrayBuffer()))).toBe(true);
        },
      ),
      { numRuns: 30 },
    );
  });

  test("that trickles is given up when its sender's allowance is used up", async () => {
    timeouts.length = 0;
    const reply = await trickled(100 * KIB, 20);
    expect(reply).toContain("504");
    expect(reply).toEndWith("timeout");
    // The timeout ran while the sender was waited for, and was off while it was not.
    expect(new Set(timeouts)).toEqual(new Set([1, 0]));
  });

  test("that trickles at first asks for nothing but a connection", async () => {
    timeouts.length = 0;
    const socket = connect(server.port ?? 0, "127.0.0.1");
    socket.write("POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 1000\r\n\r\n12345");
    await Bun.sleep(50);
    socket.destroy();
    expect(timeouts).toEqual([]);
  });
});

/** Sends the first `length` bytes at once and the rest one by one, every `everyMs`; gives the reply. */
function trickled(length: number, everyMs: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(server.port ?? 0, "127.0.0.1");
    socket.write(`POST / HTTP/1.1\r\nhost: here\r\ncontent-length: ${1000 * KIB}\r\n\r\n`);
    socket.write(bytes(length));
    const drip = setInterval(() => socket.write("x"), everyMs);
    const end = (reply: string): void => {
      clearInterval(drip);
      socket.destroy();
      resolve(reply);
    };
    socket.once("data", (data) => end(data.toString()));
    socket.once("error", ({ message }) => end(`no reply: ${message}`));
    socket.once("close", () => end("no reply"));
  });
}

describe("a reply", () => {
  const stream = (cancelled: () => void): ReadableStream<Uint8Array> => {
    let left = 3;
    return new ReadableStream({
      pull: (controller) => {
        left -= 1;
        if (left < 0) controller.close();
        else controller.enqueue(new TextEncoder().encode(`piece ${left}\n`));
      },
      cancel: cancelled,
    });
  };

  test("comes through whole, and its end is told once", async () => {
    let ends = 0;
    const set: number[] = [];
    const reply = timedReply(
      new Response(
        stream(() => undefined),
        { status: 201, headers: { "x-kept": "yes" } },
      ),
      (seconds) => set.push(seconds),
      () => (ends += 1),
    );
    expect([reply.status, reply.headers.get("x-kept")]).toEqual([201, "yes"]);
    expect(await reply.text()).toBe("piece 2\npiece 1\npiece 0\n");
    expect(ends).toBe(1);
    expect(set.slice(0, 2)).toEqual([0, 30]);
  });

  test("that nobody reads on is over, and so is what makes it", async () => {
    let ends = 0;
    let cancelled = 0;
    const reply = timedReply(
      new Response(stream(() => (cancelled += 1))),
      () => undefined,
      () => (ends += 1),
    );
    await reply.body?.cancel();
    expect([ends, cancelled]).toEqual([1, 1]);
  });

  test("that fails is over, and does not look whole", async () => {
    let ends = 0;
    const failing = new ReadableStream({ pull: () => Promise.reject(new Error("broken")) });
    const reply = timedReply(
      new Response(failing),
      () => undefined,
      () => (ends += 1),
    );
    expect(reply.text()).rejects.toThrow("broken");
    await Bun.sleep(0);
    expect(ends).toBe(1);
  });

  test("that is a fault is passed on as it is", () => {
    let ends = 0;
    const fault = Response.json({}, { status: 503 });
    expect(
      timedReply(
        fault,
        () => undefined,
        () => (ends += 1),
      ),
    ).toBe(fault);
    expect(ends).toBe(1);
  });
});

import { expect, test } from "bun:test";
import fc from "fast-check";
import { eventsOf } from "./events.ts";
import { WireFault } from "./wire-fault.ts";

function streamOf(text: string, cuts: readonly number[]): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return new ReadableStream({
    start: (controller) => {
      for (const [index, from] of at.slice(0, -1).entries())
        controller.enqueue(bytes.slice(from, at[index + 1]));
      controller.close();
    },
  });
}

async function read(text: string, cuts: readonly number[] = []): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const event of eventsOf(streamOf(text, cuts))) all.push(event);
  return all;
}

const TEXT = `: begun\n\nevent: delta\ndata: {"content":"Łódź 東京"}\n\nid: 7\ndata: {"seq":7}\n\n: still here\n\nevent: done\ndata: {"took_ms":1}\n\n`;

test("events are read with their names wherever the bytes are cut, in a character too", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat()), async (cuts) => {
      expect(await read(TEXT, cuts)).toEqual([
        { event: "delta", content: "Łódź 東京" },
        { seq: 7 },
        { event: "done", took_ms: 1 },
      ]);
    }),
  );
});

test("a failure in mid-stream is thrown as the house said it", async () => {
  const fault = `event: fault\ndata: {"error":{"code":"upstream","message":"The model hung up.","request_id":"r-1"}}\n\n`;
  const thrown = await read(`event: delta\ndata: {}\n\n${fault}`).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(WireFault);
  expect(thrown).toMatchObject({ code: "upstream", message: "The model hung up.", requestId: "r-1" });
});

import { afterAll, expect, test } from "bun:test";
import { connect } from "node:net";
import { coalescedReader } from "./coalesced-reader.ts";

const CHUNKS = 200_000;
const AT_A_TIME = 20_000;

let reads = 0;
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  reusePort: false,
  fetch: async (request) => {
    const body = request.body;
    if (body === null) return new Response("no body", { status: 400 });
    const reader = coalescedReader(body.getReader());
    let bytes = 0;
    for (let step = await reader.read(); step.value !== undefined; step = await reader.read()) {
      reads += 1;
      bytes += step.value.byteLength;
    }
    return new Response(String(bytes));
  },
});
afterAll(() => server.stop(true));

test("a body of chunks of one byte is read in few steps, and whole", async () => {
  const replied = Promise.withResolvers<string>();
  const socket = connect(server.port ?? 0, "127.0.0.1");
  socket.on("error", replied.reject);
  let text = "";
  socket.on("data", (data) => {
    text += data.toString();
    if (text.includes("\r\n\r\n")) replied.resolve(text);
  });
  socket.write("POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (let sent = 0; sent < CHUNKS; sent += AT_A_TIME) socket.write("1\r\nx\r\n".repeat(AT_A_TIME));
  socket.write("0\r\n\r\n");
  expect((await replied.promise).endsWith(String(CHUNKS))).toBe(true);
  socket.destroy();
  // A read a chunk would be 200,000; how many arrive in a turn depends on the machine.
  expect(reads).toBeLessThan(CHUNKS / 20);
});

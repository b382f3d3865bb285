// The least that stands between a client and a streamed reply: a server that sends a request on and pipes the bytes back,
// looking at nothing.

import { present } from "#lib/assert";
import { reportPort } from "./server-process.ts";

const target = present(process.argv[2], "the address");

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  development: false,
  fetch: async (request) => {
    const init = {
      method: "POST",
      body: await request.text(),
      headers: { "content-type": "application/json" },
    };
    const { body } = await fetch(target, init);
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  },
});
reportPort(server.port);

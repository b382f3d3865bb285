// The least a server can do: sends given bodies in turn and looks at nothing of the request.

import { present } from "#lib/assert";
import { reportPort } from "./server-process.ts";

const replies = (await Bun.file(present(process.argv[2], "the file")).json()) as string[];
const headers = { "content-type": "application/json" };
let turn = 0;

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  development: false,
  fetch: () => {
    turn = (turn + 1) % replies.length;
    return new Response(replies[turn], { headers });
  },
});
reportPort(server.port);

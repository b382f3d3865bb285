// The work of contract-work.ts over HTTP: `machine` by op, implement, routes and listen; `bare` by Bun.serve
// and Zod, with nothing else; `identified` is bare but for what every reply of a house carries, an id that is
// the request's own or a new one.

import "zod/compile";
import { newRequestId } from "#rpc/call";
import { listen } from "#rpc/listen";
import { implement } from "#rpc/local";
import { routes } from "#rpc/serve";
import { find, question, search } from "./contract-work.ts";
import { reportPort } from "./server-process.ts";

type Answer = (request: Request) => Promise<Response>;

const bare: Answer = async (request) => {
  const input = question.parse(await request.json());
  return new Response(JSON.stringify(find(input)), { headers: { "content-type": "application/json" } });
};

const identified: Answer = async (request) => {
  const input = question.parse(await request.json());
  const headers = {
    "content-type": "application/json",
    "x-request-id": request.headers.get("x-request-id") ?? newRequestId(),
  };
  return new Response(JSON.stringify(find(input)), { headers });
};

function serve(answer: Answer): number | undefined {
  return Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    development: false,
    routes: { "/v1/search": { POST: answer } },
    fetch: () => new Response(null, { status: 404 }),
    error: () => new Response(null, { status: 400 }),
  }).port;
}

function machine(): number {
  const implementation = implement(search, "searchd", { search: find });
  return listen({ origin: "searchd", at: { hostname: "127.0.0.1", port: 0 }, routes: routes(implementation) })
    .port;
}

const SERVERS: Readonly<Record<string, () => number | undefined>> = {
  machine,
  bare: () => serve(bare),
  identified: () => serve(identified),
};
reportPort(SERVERS[process.argv[2] ?? ""]?.());

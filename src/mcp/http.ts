// MCP over HTTP: `POST /mcp`, streamable HTTP of both eras of the protocol. It stands behind the same guard, keys, scopes
// and limits as every other route; what a tool may do is decided by the caller's scope.

import type { BehindGateway } from "#contracts/house";
import { journalRecorder } from "#adapters/journal-recorder";
import { systemClock } from "#lib/clock";
import type { Log } from "#lib/log";
import { CallState } from "#rpc/call";
import { type Exchange, faultHeaders } from "#rpc/exchange";
import type { Fault } from "#rpc/fault";
import { foreignRoute, type Route, type RouteTraits } from "#rpc/route";
import type { McpHandler } from "./handler.ts";
import type { Surface } from "./surface.ts";

/** A tool that drafts with a model may take minutes. */
const CALL_MS = 600_000;
const BODY_BYTES_MAX = 4 * 1024 * 1024;

const traits = {
  pattern: "/mcp",
  scope: "read",
  work: "stream",
  body: "json",
  reply: "json",
  mayStream: true,
  timeoutMs: CALL_MS,
  bodyBytesMax: BODY_BYTES_MAX,
  internal: false,
} as const satisfies Partial<RouteTraits>;

export interface McpOptions {
  readonly house: BehindGateway;
  readonly version: string;
  readonly log: Log;
  /** Changes what the house offers: for tests of the protocol. */
  readonly extend?: (surface: Surface, handler: () => McpHandler) => Surface;
}

export interface McpFront {
  readonly routes: readonly Route[];
  /** Ends sessions and tasks, and sends the journal what it is still to have. */
  close(): Promise<void>;
}

export function mcpFront(options: McpOptions): McpFront {
  const recorder = journalRecorder({ journal: options.house.journald, log: options.log });
  // The protocol's packages are loaded with the first request.
  let loading: Promise<McpHandler> | undefined;
  const load = async (): Promise<McpHandler> => {
    const { createHandler } = await import("./handler.ts");
    return createHandler({ ...options, recorder, clock: systemClock, bodyBytesMax: BODY_BYTES_MAX });
  };
  const answer = async (request: Request, exchange: Exchange): Promise<Response> => {
    const handler = await (loading ??= load());
    const call = new CallState(exchange, Date.now() + CALL_MS);
    const reply = await handler.serve(request, call);
    if (reply instanceof Response) return sealed(reply, exchange);
    // It is there as a whole, also where its type says a stream.
    const headers: Record<string, string> = {};
    exchange.seal(headers, 200);
    return new Response(reply.body, {
      headers: { ...reply.headers, "content-type": reply.type, ...headers },
    });
  };
  return {
    routes: (["POST", "GET", "DELETE"] as const).map((method) =>
      foreignRoute({
        ...traits,
        name: `mcp.${method.toLowerCase()}`,
        method,
        read: (request) => Promise.resolve(request),
        answer,
        fault: refused,
      }),
    ),
    close: async () => {
      await (await loading)?.close();
      await recorder.stop();
    },
  };
}

function sealed(reply: Response, exchange: Exchange): Response {
  const headers: Record<string, string> = { "content-type": reply.headers.get("content-type") ?? "" };
  exchange.seal(headers, reply.status);
  const { "content-type": _, ...added } = headers;
  for (const [name, value] of Object.entries(added)) reply.headers.set(name, value);
  return reply;
}

/** Before the protocol has begun there is no request to answer: the fault is a JSON-RPC error without an id. */
function refused(fault: Fault, exchange: Exchange): Response {
  const headers: Record<string, string> = { "content-type": "application/json", ...faultHeaders(fault) };
  exchange.seal(headers, fault.status);
  const error = { code: -32_000, message: fault.message, data: { code: fault.code } };
  return new Response(JSON.stringify({ jsonrpc: "2.0", id: null, error }), { status: fault.status, headers });
}

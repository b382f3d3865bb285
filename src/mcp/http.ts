// MCP over HTTP: `POST /mcp`, streamable HTTP of both eras of the protocol, stateless. It stands behind the same guard,
// keys, scopes and limits as every other route; what a tool may do is decided by the caller's scope.

import type { McpHttpHandler } from "@modelcontextprotocol/server";
import type { House } from "#contracts/house";
import { type JournalRecorder, journalRecorder } from "#adapters/journal-recorder";
import { createLog } from "#lib/log";
import { CallState } from "#rpc/call";
import { type Exchange, faultHeaders } from "#rpc/exchange";
import type { Fault } from "#rpc/fault";
import { foreignRoute, type Route, type RouteTraits } from "#rpc/route";

/** A tool that drafts with a model may take minutes. */
const CALL_MS = 600_000;
const BODY_BYTES_MAX = 4 * 1024 * 1024;

const traits = {
  pattern: "/mcp",
  scope: "read",
  work: "stream",
  body: "json",
  reply: "raw",
  timeoutMs: CALL_MS,
  bodyBytesMax: BODY_BYTES_MAX,
  internal: false,
} as const satisfies Partial<RouteTraits>;

export function mcpRoutes(house: House, version: string): readonly Route[] {
  const handler = lateHandler(house, version);
  return (["POST", "GET", "DELETE"] as const).map((method) =>
    foreignRoute({
      ...traits,
      name: `mcp.${method.toLowerCase()}`,
      method,
      read: (request) => Promise.resolve(request),
      answer: async (request, exchange) => {
        const call = new CallState(exchange, Date.now() + CALL_MS);
        const { fetch } = await handler();
        const { id, scopes } = call.caller;
        const reply = await fetch(request, {
          authInfo: { token: "", clientId: id, scopes: [...scopes], extra: { call } },
        });
        const headers: Record<string, string> = {};
        exchange.seal(headers, reply.status);
        for (const [name, value] of Object.entries(headers)) reply.headers.set(name, value);
        return reply;
      },
      fault: refused,
    }),
  );
}

/** Before the protocol has begun there is no request to answer: the fault is a JSON-RPC error without an id. */
function refused(fault: Fault, exchange: Exchange): Response {
  const headers: Record<string, string> = { "content-type": "application/json", ...faultHeaders(fault) };
  exchange.seal(headers, fault.status);
  const error = { code: -32_000, message: fault.message, data: { code: fault.code } };
  return new Response(JSON.stringify({ jsonrpc: "2.0", id: null, error }), { status: fault.status, headers });
}

/** The protocol's packages are loaded with the first request. */
function lateHandler(house: House, version: string): () => Promise<McpHttpHandler> {
  let made: Promise<McpHttpHandler> | undefined;
  const make = async (): Promise<McpHttpHandler> => {
    const [{ createMcpHandler }, { mcpServer }] = await Promise.all([
      import("@modelcontextprotocol/server"),
      import("./server.ts"),
    ]);
    const recorder: JournalRecorder = journalRecorder({
      journal: house.journald,
      log: createLog({ level: "warn", readable: false }),
    });
    return createMcpHandler(
      ({ authInfo }) =>
        mcpServer({
          house,
          version,
          call: () => authInfo?.extra?.["call"] as CallState,
          called: (tool, caller, ok, ms) =>
            recorder.record({
              type: "mcp.tool_called",
              subject: tool,
              actor: caller,
              data: { ok, ms: Math.round(ms) },
            }),
        }),
      { maxRequestBodySize: BODY_BYTES_MAX },
    );
  };
  return () => (made ??= make());
}

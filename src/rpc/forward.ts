// Contract + address -> routes that forward requests as they are: what the gateway mounts when a service is a daemon of
// its own. Nothing is parsed here, the daemon does that.

import { type AnyOp, type Contract, servedOps, timeoutMsOf } from "./contract.ts";
import { CALL_HEADERS, checkHopId, type Exchange, faultResponse, hopId } from "./exchange.ts";
import { FILE_HEADER, handedOffBlob, parseHandoff } from "./file-handoff.ts";
import { HOP_BY_HOP, onwardBody, proxy, proxyFault, returnedBody } from "./proxy.ts";
import type { Address } from "./remote.ts";
import { type Route, traitsOf } from "./route.ts";

/** Request headers that mean something to a daemon, besides those an operation names. */
const FORWARDED = ["accept", "content-type", "content-length", "content-encoding", "idempotency-key"];
/** Response headers of the one connection, those that the gateway sets itself, and what is only for neighbours. */
const NOT_RETURNED = new Set([
  ...HOP_BY_HOP,
  "date",
  "server-timing",
  CALL_HEADERS.requestId,
  CALL_HEADERS.reason,
]);

export function forward(contract: Contract, origin: string, address: Address): Route[] {
  return servedOps(contract).map(([name, operation]) => ({
    ...traitsOf(`${origin}.${name}`, operation),
    fault: (fault, exchange) => faultResponse(fault, exchange, origin),
    handle: async (request, exchange) => {
      try {
        return await pass(operation, address, request, exchange);
      } catch (thrown) {
        const away = `${origin} is not running just now; it is being restarted.`;
        return faultResponse(proxyFault(thrown, request, away, origin), exchange, origin);
      }
    },
  }));
}

async function pass(operation: AnyOp, to: Address, request: Request, exchange: Exchange): Promise<Response> {
  const body = await onwardBody(request);
  const room = exchange.admit?.();
  if (room !== undefined) await room;
  const id = hopId(exchange.requestId);
  const started = performance.now();
  const response = await proxy(request, {
    to,
    headers: forwardedHeaders(operation, to, request, exchange, id),
    body,
  });
  checkHopId(response, id);
  const { status } = response;
  const headers: Record<string, string> = {};
  response.headers.forEach((value, name) => {
    if (!NOT_RETURNED.has(name)) headers[name] = value;
  });
  exchange.waited?.(performance.now() - started);
  exchange.seal(headers, status);
  const handoff = headers[FILE_HEADER];
  if (handoff !== undefined) {
    delete headers[FILE_HEADER];
    return new Response(handedOffBlob(parseHandoff(handoff)), { status, headers });
  }
  return new Response(await returnedBody(response, request), { status, headers });
}

function forwardedHeaders(
  operation: AnyOp,
  to: Address,
  request: Request,
  exchange: Exchange,
  id: string,
): Record<string, string> {
  const headers: Record<string, string> = { [CALL_HEADERS.requestId]: id };
  // Events end with what they report, unless their caller said when.
  const timeoutMs = exchange.timeoutMs ?? (operation.reply === "events" ? undefined : timeoutMsOf(operation));
  if (timeoutMs !== undefined) headers[CALL_HEADERS.timeoutMs] = String(timeoutMs);
  if (exchange.traceparent !== undefined) headers[CALL_HEADERS.traceparent] = exchange.traceparent;
  if (exchange.caller !== undefined) headers[CALL_HEADERS.caller] = JSON.stringify(exchange.caller);
  if ("unix" in to && operation.reply === "raw" && request.method === "GET") headers[FILE_HEADER] = "take";
  for (const name of [...FORWARDED, ...Object.values(operation.headers ?? {})]) {
    const value = request.headers.get(name);
    if (value !== null) headers[name] = value;
  }
  return headers;
}

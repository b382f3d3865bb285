// Contract + address -> routes that forward requests as they are: what the gateway mounts when a service is a daemon of
// its own. Nothing is parsed here, the daemon does that.

import { jsonOr } from "#lib/json-or";
import { type AnyOp, type Contract, Encoded, servedOps, timeoutMsOf } from "./contract.ts";
import { CALL_HEADERS, checkHopId, type Exchange, faultResponse, hopId } from "./exchange.ts";
import { FILE_HEADER, handedOffBlob, parseHandoff } from "./file-handoff.ts";
import type { Fault } from "./fault.ts";
import { encodeJson } from "./input/json-check.ts";
import { planPath, writePath } from "./path.ts";
import { type Body, HOP_BY_HOP, onwardBody, proxy, proxyFault, returnedBody } from "./proxy.ts";
import { type Address, faultIn, nameless } from "./remote.ts";
import { type ReplyHead, type Route, traitsOf } from "./route.ts";

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
  return servedOps(contract).map(([name, operation]) => {
    const failed = (thrown: unknown, request: Request): Fault =>
      proxyFault(thrown, request, `${origin} is not running just now; it is being restarted.`, origin);
    return {
      ...traitsOf(`${origin}.${name}`, operation),
      ...directly(operation, address, origin, failed),
      fault: (fault, exchange) => faultResponse(fault, exchange, origin),
      handle: async (request, exchange) => {
        try {
          return await pass(operation, address, request, exchange);
        } catch (thrown) {
          return faultResponse(failed(thrown, request), exchange, origin);
        }
      },
    };
  });
}

async function pass(operation: AnyOp, to: Address, request: Request, exchange: Exchange): Promise<Response> {
  const body = await onwardBody(request);
  const room = exchange.admit?.();
  if (room !== undefined) await room;
  const { response, headers } = await sent(operation, to, { request, body }, exchange);
  const { status } = response;
  exchange.seal(headers, status);
  const handoff = headers[FILE_HEADER];
  if (handoff !== undefined) {
    delete headers[FILE_HEADER];
    return new Response(handedOffBlob(parseHandoff(handoff)), { status, headers });
  }
  return new Response(await returnedBody(response, request), { status, headers });
}

interface Sent {
  readonly request: Request;
  readonly body: Body | string;
  readonly target?: string;
}

/** The daemon's response, with those of its headers that go back. */
async function sent(
  operation: AnyOp,
  to: Address,
  { request, ...onward }: Sent,
  exchange: Exchange,
): Promise<{ response: Response; headers: Record<string, string> }> {
  const id = hopId(exchange.requestId);
  const started = performance.now();
  const headers = forwardedHeaders(operation, to, request, exchange, id);
  if (typeof onward.body === "string") {
    headers["content-type"] = "application/json";
    // The request's own are of other bytes.
    delete headers["content-length"];
    delete headers["content-encoding"];
  }
  if (onward.target !== undefined) headers["accept"] = "application/json";
  const response = await proxy(request, { to, headers, ...onward });
  checkHopId(response, id);
  const returned: Record<string, string> = {};
  response.headers.forEach((value, name) => {
    if (!NOT_RETURNED.has(name)) returned[name] = value;
  });
  exchange.waited?.(performance.now() - started);
  return { response, headers: returned };
}

/** A daemon's output, as it sent it. */
class Received extends Encoded<unknown> {
  readonly head: ReplyHead;

  constructor(text: string, head: ReplyHead) {
    super(
      () => text,
      () => JSON.parse(text) as unknown,
    );
    this.head = head;
  }
}

/** The operation for a surface that writes its own replies: the daemon's reply is its output, or the fault that it holds. */
function directly(
  operation: AnyOp,
  to: Address,
  origin: string,
  failed: (thrown: unknown, request: Request) => Fault,
): Pick<Route, "direct"> {
  const { body: kind, reply, streamedBy, path } = operation;
  if (kind !== "json" || reply !== "json" || streamedBy !== undefined) return {};
  const fieldsInPath = planPath(path).parts.length > 0;
  return {
    direct: {
      read: async (request, carried): Promise<Sent> => {
        const target = fieldsInPath ? writePath(path, carried?.params ?? {}) : path;
        const body = carried?.body === undefined ? await onwardBody(request) : bodyOf(carried.body.value);
        return { request, target: target + (carried?.query ?? ""), body };
      },
      call: async (input, exchange) => {
        const onward = input as Sent;
        try {
          const { response, headers } = await sent(operation, to, onward, exchange);
          const text = await response.text();
          // They are of the daemon's bytes, and the surface writes others.
          for (const name of ["content-length", "content-encoding"]) delete headers[name];
          const received = new Received(text, { status: response.status, headers });
          if (response.ok) return received;
          const fault = faultIn(jsonOr(text), response);
          if (fault === null && operation.statuses?.includes(response.status) === true) return received;
          throw fault ?? nameless(response, origin);
        } catch (thrown) {
          throw failed(thrown, onward.request);
        }
      },
      head: (output) => ({ ...(output as Received).head, headers: { ...(output as Received).head.headers } }),
    },
  };
}

function bodyOf(value: unknown): string | null {
  return value === undefined ? null : encodeJson(value);
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

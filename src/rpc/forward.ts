// Contract + address -> HTTP routes that pass requests on as they are: what the edge mounts when a service is
// a daemon of its own. Nothing is parsed here, the daemon does that. Small bodies are held in memory, which is
// cheaper than piping; large ones flow through.

import { type AnyOp, type Contract, servedOps, timeoutMsOf } from "./contract.ts";
import { Fault } from "./fault.ts";
import { handedOffBlob, FILE_HEADER, parseHandoff } from "./file-handoff.ts";
import { planPath } from "./path.ts";
import type { Address } from "./remote.ts";
import {
  CALL_HEADERS,
  type Exchange,
  faultResponse,
  isSlow,
  mustAnswer,
  questionId,
  type Route,
} from "./serve.ts";

/** Up to this size a body is buffered on a hop. */
const BUFFERED_BYTES_MAX = 256 * 1024;

/** Request headers that mean something to a daemon, besides those an operation names. */
const PASSED_ON = ["accept", "content-type", "content-length", "content-encoding", "idempotency-key"];
/** Headers that belong to one connection (RFC 9110, section 7.6.1), and those the edge sets itself. */
const NOT_PASSED_BACK = new Set([
  "connection",
  "date",
  "keep-alive",
  "server-timing",
  "transfer-encoding",
  CALL_HEADERS.requestId,
]);

export function forward(contract: Contract, origin: string, address: Address): Route[] {
  return servedOps(contract).map(([name, operation]) => ({
    name: `${origin}.${name}`,
    operation,
    pattern: planPath(operation.path).pattern,
    slow: isSlow(operation),
    handle: async (request, exchange) => {
      try {
        return await pass(operation, address, request, exchange);
      } catch (thrown) {
        return faultResponse(toForwardFault(thrown, request, origin), exchange, origin);
      }
    },
  }));
}

async function pass(
  operation: AnyOp,
  address: Address,
  request: Request,
  exchange: Exchange,
): Promise<Response> {
  const { url } = request;
  const path = url.slice(url.indexOf("/", url.indexOf("://") + 3));
  const declared = request.headers.get("content-length");
  const bytes = declared === null ? undefined : Number(declared);
  const held =
    bytes !== undefined && bytes > 0 && bytes <= BUFFERED_BYTES_MAX ? await request.arrayBuffer() : undefined;
  // Bytes in memory are sent again by the platform when a kept connection breaks; a PUT may carry a condition, which
  // its own first sending would then fail.
  const body =
    bytes === 0 ? null : request.method === "PUT" ? streamed(held, request) : (held ?? request.body);
  const room = exchange.admit?.();
  if (room !== undefined) await room;
  const question = questionId(exchange.requestId);
  const near = "unix" in address && operation.reply === "raw" && request.method === "GET";
  const init = {
    method: request.method,
    headers: {
      ...passedOn(operation, request, exchange, question),
      ...(near ? { [FILE_HEADER]: "take" } : {}),
    },
    body,
    signal: request.signal,
    timeout: false,
    decompress: false,
    redirect: "manual",
    ...("unix" in address ? { unix: address.unix } : {}),
  } as RequestInit;
  const asked = performance.now();
  const response = await fetch(("unix" in address ? "http://localhost" : address.url) + path, init);
  mustAnswer(response, question);
  const headers: Record<string, string> = {};
  response.headers.forEach((value, name) => {
    if (!NOT_PASSED_BACK.has(name)) headers[name] = value;
  });
  exchange.waited?.(performance.now() - asked);
  exchange.seal(headers, response.status);
  const handoff = headers[FILE_HEADER];
  if (handoff !== undefined) {
    delete headers[FILE_HEADER];
    return new Response(handedOffBlob(parseHandoff(handoff)), { status: response.status, headers });
  }
  const small = Number(response.headers.get("content-length") ?? Infinity) <= BUFFERED_BYTES_MAX;
  const reply = small && request.method !== "HEAD" ? await response.arrayBuffer() : response.body;
  return new Response(hasNoBody(response.status, request) ? null : reply, {
    status: response.status,
    headers,
  });
}

function streamed(held: ArrayBuffer | undefined, request: Request): Request["body"] {
  return held === undefined ? request.body : new Blob([held]).stream();
}

function hasNoBody(status: number, request: Request): boolean {
  return status === 204 || status === 304 || request.method === "HEAD";
}

function passedOn(
  operation: AnyOp,
  request: Request,
  exchange: Exchange,
  question: string,
): Record<string, string> {
  const headers: Record<string, string> = { [CALL_HEADERS.requestId]: question };
  // Events end with what they tell of, unless their caller said when.
  const timeoutMs = exchange.timeoutMs ?? (operation.reply === "events" ? undefined : timeoutMsOf(operation));
  if (timeoutMs !== undefined) headers[CALL_HEADERS.timeoutMs] = String(timeoutMs);
  if (exchange.traceparent !== undefined) headers[CALL_HEADERS.traceparent] = exchange.traceparent;
  if (exchange.caller !== undefined) headers[CALL_HEADERS.caller] = JSON.stringify(exchange.caller);
  for (const name of [...PASSED_ON, ...Object.values(operation.headers ?? {})]) {
    const value = request.headers.get(name);
    if (value !== null) headers[name] = value;
  }
  return headers;
}

function toForwardFault(thrown: unknown, request: Request, origin: string): Fault {
  if (thrown instanceof Fault) return thrown;
  if (request.signal.aborted) return new Fault("cancelled", "The caller went away.", { origin });
  return new Fault("unavailable", `${origin} is not running just now; it is being started again.`, {
    cause: thrown,
    origin,
    retryAfterMs: 1000,
  });
}

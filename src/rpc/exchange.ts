// One request and its reply as a route sees them: what the server that mounts the route knows of the request, and what
// it adds to every reply. Also here: the headers that carry a call between processes, and a fault as a reply.

import { type IncomingCall, newRequestId } from "./call.ts";
import { type Fault, toFault } from "./fault.ts";

export interface Exchange extends IncomingCall {
  readonly requestId: string;
  /** The client is a process of the same house: it may be given what never goes out on the native wire. */
  readonly fromNeighbour?: boolean;
  /** The client is on this host and takes a path for the bytes of a file. */
  readonly takesFiles?: boolean;
  /**
   * Called when the request has been read and before it is worked on. Where the concurrency limit is reached it gives a
   * promise to wait for, which rejects with `unavailable` when there is no room in time.
   */
  admit?(): Promise<void> | undefined;
  /** Reports time spent waiting for another system. */
  waited?(ms: number): void;
  /** The address of the client's end of the connection, where it is one. */
  peer?(): string | undefined;
  /** Sets after how many seconds of silence the connection is cut; 0 for never. */
  setTimeoutS?(seconds: number): void;
  /** Adds the server's own headers (request id, timing) to a reply that is about to be sent, and counts it. */
  seal(headers: Record<string, string>, status: number): void;
}

/** Headers that carry a call from one process of the house to the next. */
export const CALL_HEADERS = {
  requestId: "x-request-id",
  traceparent: "traceparent",
  /** Milliseconds that are left. */
  timeoutMs: "x-timeout-ms",
  caller: "x-lakehouse-caller",
  /** `retry-after` counts in seconds, which is long between neighbours. */
  retryAfterMs: "retry-after-ms",
  /** `Fault.reason` of a reply; on a request for events, that the client wants it. */
  reason: "x-lakehouse-reason",
} as const;

/** Seconds to wait before a retry where the fault does not say: a daemon that died is back by then. */
const RETRY_AFTER_S_DEFAULT = 1;

/** A fault as a reply of the native wire; `origin` is the service it comes from, unless it names one already. */
export function faultResponse(thrown: unknown, exchange: Exchange, origin: string): Response {
  const fault = toFault(thrown);
  fault.origin ??= origin;
  const headers: Record<string, string> = { "content-type": "application/json", ...faultHeaders(fault) };
  if (exchange.fromNeighbour === true && fault.reason !== undefined) {
    headers[CALL_HEADERS.reason] = fault.reason;
  }
  exchange.seal(headers, fault.status);
  return new Response(JSON.stringify(fault.body(exchange.requestId)), { status: fault.status, headers });
}

/** What HTTP wants beside the status, whatever the shape of the body. */
export function faultHeaders({ code, retryAfterMs }: Fault): Record<string, string> {
  const headers: Record<string, string> = {};
  if (code === "unavailable" || code === "rate_limited" || retryAfterMs !== undefined) {
    const seconds = retryAfterMs === undefined ? RETRY_AFTER_S_DEFAULT : retryAfterMs / 1000;
    headers["retry-after"] = String(Math.max(1, Math.ceil(seconds)));
    if (retryAfterMs !== undefined) headers[CALL_HEADERS.retryAfterMs] = String(retryAfterMs);
  }
  // RFC 9110, 15.5.2: a reply that asks for credentials names their kind.
  if (code === "unauthorized") headers["www-authenticate"] = "Bearer";
  return headers;
}

/** A tilde stands before the number of a hop, for which there is room beyond the 128 characters of an id. */
const SANE_TOKEN = /^[\w.:~-]{1,144}$/;

/** A request's own id when it is a sane token, else a new one. */
export function requestIdOf(headers: Headers): string {
  return requestIdOr(headers.get(CALL_HEADERS.requestId));
}

export function requestIdOr(given: string | null): string {
  return given !== null && SANE_TOKEN.test(given) ? given : newRequestId();
}

let hops = 0;

/**
 * The request id as it goes to a daemon: with the number of this one hop behind it. The daemon sends it back as it is,
 * and `checkHopId` compares.
 */
export function hopId(requestId: string): string {
  hops += 1;
  return `${requestId}~${hops.toString(36)}`;
}

/**
 * Throws when a response belongs to another request. A connection on which a request was sent twice is out of step from
 * then on, and would give one caller's rows to the next.
 */
export function checkHopId(response: Response, sent: string): void {
  const received = response.headers.get(CALL_HEADERS.requestId);
  if (received === null || received === sent) return;
  response.body?.cancel().catch(() => undefined);
  throw new Error(`the response belongs to the request ${received}`);
}

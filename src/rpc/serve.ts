// Implementation -> HTTP routes. A route turns a Request into a Response and knows nothing of who mounts it:
// a daemon on its socket, or the edge in the same process.

import type { CallOrigin } from "./call.ts";
import { type AnyOp, Encoded, type RawReply, timeoutMsOf } from "./contract.ts";
import { preferred } from "./accept.ts";
import { newRequestId } from "./call.ts";
import { sseStream } from "./events.ts";
import { Fault, toFault } from "./fault.ts";
import { inputReader } from "./input.ts";
import { handedOffBlob, FILE_HEADER, FileBytes, printHandoff } from "./file-handoff.ts";
import type { Implementation, Invocation } from "./local.ts";
import { planPath } from "./path.ts";

/** What the mount knows of a request, and what it adds to every reply. */
export interface Exchange extends CallOrigin {
  readonly requestId: string;
  /** Who asks is on this host and takes a path for the bytes of a file. */
  readonly takesFiles?: boolean;
  /**
   * Asked when the request has been read and before it is worked on. Where there is no room just now it gives a promise
   * to wait for, which rejects with `unavailable` when there will be none in time.
   */
  admit?(): Promise<void> | undefined;
  /** Told of time spent waiting for another system. */
  waited?(ms: number): void;
  /** Adds the mount's own headers (request id, timing) to a reply that is about to be sent, and counts it. */
  seal(headers: Record<string, string>, status: number): void;
}

export interface Route {
  /** `vectord.search` */
  readonly name: string;
  readonly operation: AnyOp;
  /** The path as Bun.serve and Hono write it. */
  readonly pattern: string;
  /** May take longer than a connection may stand idle: streams and long work. */
  readonly slow: boolean;
  handle(request: Request, exchange: Exchange): Promise<Response>;
}

/** Work that may be silent for longer than this keeps its connection by other means than the idle timeout. */
const SILENT_MS_MAX = 25_000;

export function isSlow(operation: AnyOp): boolean {
  return operation.reply !== "json" || operation.body === "raw" || timeoutMsOf(operation) > SILENT_MS_MAX;
}

export function routes(implementation: Implementation): Route[] {
  return Object.entries(implementation.invocations).map(([name, invocation]) => {
    const { operation } = invocation;
    const plan = planPath(operation.path);
    const read = inputReader(operation, plan);
    const reply = operation.reply === "events" ? replyEvents : replyRaw;
    return {
      name: `${implementation.origin}.${name}`,
      operation,
      pattern: plan.pattern,
      slow: isSlow(operation),
      handle: async (request, exchange) => {
        try {
          const input = await read(request);
          const room = exchange.admit?.();
          if (room !== undefined) await room;
          if (operation.reply !== "json") return await reply(invocation, input, exchange, request);
          const output = invocation.call(input, exchange);
          return jsonReply(operation, output instanceof Promise ? await output : output, exchange);
        } catch (thrown) {
          return faultResponse(thrown, exchange, implementation.origin);
        }
      },
    };
  });
}

type Reply = (
  invocation: Invocation,
  input: unknown,
  exchange: Exchange,
  request: Request,
) => Promise<Response> | Response;

/** The two functions of an operation's output, as one sees them who has forgotten its type. */
interface Untyped {
  readonly status?: number | ((output: unknown) => number);
  readonly replyHeaders?: (output: unknown) => Readonly<Record<string, string>>;
}

function jsonReply(operation: AnyOp, output: unknown, exchange: Exchange): Response {
  const encoded = output instanceof Encoded;
  const { status, replyHeaders } = operation as AnyOp & Untyped;
  const dynamic = typeof status === "function" || replyHeaders !== undefined;
  const value: unknown = dynamic && encoded ? output.value() : output;
  const code = typeof status === "function" ? status(value) : (status ?? 200);
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (replyHeaders !== undefined) Object.assign(headers, replyHeaders(value));
  exchange.seal(headers, code);
  if (code === 204) return new Response(null, { status: code, headers });
  return new Response(encoded ? output.json() : JSON.stringify(output), { status: code, headers });
}

const replyRaw: Reply = async ({ call }, input, exchange, request) => {
  const raw = (await call(input, exchange)) as RawReply;
  const headers = { ...raw.headers };
  const body = request.method === "HEAD" ? null : sent(raw.body, exchange, headers);
  exchange.seal(headers, raw.status);
  return new Response(body, { status: raw.status, headers });
};

/** A neighbour that takes a path for a file's bytes is given that. */
function sent(
  body: RawReply["body"],
  exchange: Exchange,
  headers: Record<string, string>,
): Exclude<RawReply["body"], FileBytes> {
  if (!(body instanceof FileBytes)) return body;
  const handoff = body.handOff();
  if (handoff === undefined) return body.stream;
  if (exchange.takesFiles !== true) return handedOffBlob(handoff);
  headers[FILE_HEADER] = printHandoff(handoff);
  delete headers["content-length"];
  return null;
}

const replyEvents: Reply = ({ events }, input, exchange) => {
  const headers: Record<string, string> = {
    "content-type": "text/event-stream",
    "cache-control": "no-store",
  };
  exchange.seal(headers, 200);
  return new Response(sseStream(events(input, exchange), exchange.requestId), { headers });
};

/** Headers that carry a call from one process of the house to the next. */
export const CALL_HEADERS = {
  requestId: "x-request-id",
  traceparent: "traceparent",
  /** Milliseconds that are left. */
  timeoutMs: "x-timeout-ms",
  caller: "x-lakehouse-caller",
  /** `retry-after` counts in seconds, which is long between neighbours. */
  retryAfterMs: "retry-after-ms",
} as const;

/** Seconds to wait before a retry where the fault does not say: a daemon that died is back by then. */
const RETRY_AFTER_S_DEFAULT = 1;

export function faultResponse(thrown: unknown, exchange: Exchange, origin: string): Response {
  const fault = toFault(thrown);
  fault.origin ??= origin;
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (fault.code === "unavailable" || fault.code === "rate_limited" || fault.retryAfterMs !== undefined) {
    const seconds = fault.retryAfterMs === undefined ? RETRY_AFTER_S_DEFAULT : fault.retryAfterMs / 1000;
    headers["retry-after"] = String(Math.max(1, Math.ceil(seconds)));
    if (fault.retryAfterMs !== undefined) headers[CALL_HEADERS.retryAfterMs] = String(fault.retryAfterMs);
  }
  // RFC 9110, 15.5.2: who is turned away for want of a key is told of what kind.
  if (fault.code === "unauthorized") headers["www-authenticate"] = "Bearer";
  exchange.seal(headers, fault.status);
  return new Response(JSON.stringify(fault.body(exchange.requestId)), { status: fault.status, headers });
}

/** A tilde stands before the number of a question, for which there is room beyond the 128 characters of an id. */
const SANE_TOKEN = /^[\w.:~-]{1,144}$/;

/** A request's own id when it is a sane token, else a new one. */
export function requestIdOf(headers: Headers): string {
  return requestIdOr(headers.get(CALL_HEADERS.requestId));
}

export function requestIdOr(given: string | null): string {
  return given !== null && SANE_TOKEN.test(given) ? given : newRequestId();
}

let questions = 0;

/**
 * The request id as it goes to a daemon: with a number of this one question behind it. The daemon sends it back as it
 * is, and `mustAnswer` compares.
 */
export function questionId(requestId: string): string {
  questions += 1;
  return `${requestId}~${questions.toString(36)}`;
}

/**
 * Throws when an answer is that to another question. A connection on which one came twice is out of step from then
 * on, and would hand one caller's rows to the next.
 */
export function mustAnswer(response: Response, question: string): void {
  const answered = response.headers.get(CALL_HEADERS.requestId);
  if (answered === null || answered === question) return;
  response.body?.cancel().catch(() => undefined);
  throw new Error(`the answer is that to ${answered}`);
}

/**
 * Picks among routes that share method and path: the one whose media type the request likes best, else the plain one,
 * which answers JSON and those who name nothing that is offered.
 */
export function routeFor(candidates: readonly Route[], request: Request): Route {
  const plain = candidates.find(({ operation }) => operation.accept === undefined);
  const offered = new Map<string, Route>();
  if (plain !== undefined) offered.set("application/json", plain);
  for (const route of candidates) for (const type of route.operation.accept ?? []) offered.set(type, route);
  const type = preferred(request.headers.get("accept") ?? "", [...offered.keys()]);
  const chosen = (type === undefined ? undefined : offered.get(type)) ?? plain;
  if (chosen === undefined) {
    const known = candidates.flatMap(({ operation }) => operation.accept ?? []).join(", ");
    throw new Fault("invalid", `This path answers ${known}; name one of them in the accept header.`);
  }
  return chosen;
}

/** Routes by pattern and method, as every mount needs them. */
export function byPattern(all: readonly Route[]): Map<string, Map<string, Route[]>> {
  const patterns = new Map<string, Map<string, Route[]>>();
  for (const route of all) {
    const methods = patterns.get(route.pattern) ?? new Map<string, Route[]>();
    patterns.set(route.pattern, methods);
    methods.set(route.operation.method, [...(methods.get(route.operation.method) ?? []), route]);
  }
  return patterns;
}

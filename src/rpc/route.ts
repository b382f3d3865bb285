// A route: what a server mounts on a method and a path. The house's own follow from its contracts (`serve.ts`,
// `forward.ts`); a foreign surface writes its own, with its own shape of faults. Whoever mounts a route takes from it
// what limits it needs, and guesses nothing from what the request looks like.

import { preferred } from "./accept.ts";
import type { Scope } from "./call.ts";
import {
  type AnyOp,
  type BodyKind,
  bodyBytesMaxOf,
  isIdempotent,
  type Method,
  type ReplyKind,
  timeoutMsOf,
  type Work,
  workOf,
} from "./contract.ts";
import type { Exchange } from "./exchange.ts";
import { Fault, toFault } from "./fault.ts";
import type { ReadInput } from "./input/input.ts";
import { planPath } from "./path.ts";

export interface RouteTraits {
  /** `vectord.search`: the service and the operation. */
  readonly name: string;
  readonly method: Method;
  /** The path as Bun.serve and Hono write it: `/v1/vectors/:index/search`, `/v1/storage/*`. */
  readonly pattern: string;
  readonly scope: Scope;
  /** Which concurrency limit holds for it. */
  readonly work: Work;
  readonly body: BodyKind;
  readonly reply: ReplyKind;
  /** A JSON reply that is events where the request says so. */
  readonly mayStream?: boolean;
  /** Milliseconds after which a call is given up; Infinity for events, which end with what they report. */
  readonly timeoutMs: number;
  readonly bodyBytesMax: number;
  /** For neighbours only: the gateway does not mount it. */
  readonly internal: boolean;
  /** Declared to read and to be idempotent: a call may be made twice. */
  readonly reads?: boolean;
  /** Of routes that share method and path, the one whose media types the accept header prefers gets the request. */
  readonly accept?: readonly string[];
  /** Whether the request belongs to this surface, where it shares a path with others: it goes before `accept`. */
  accepts?(request: Request): boolean;
}

export interface Route extends RouteTraits {
  /** The reply, also for a request that failed. Never rejects. */
  handle(request: Request, exchange: Exchange): Promise<Response>;
  /** The reply in this surface's shape to a request that failed before `handle`: no key, no room. */
  fault(fault: Fault, exchange: Exchange): Response;
  /** Where this process serves it: for a surface that reads requests and writes replies in its own bytes. */
  readonly direct?: DirectOperation;
}

/** An operation that takes and gives JSON, without a request and a reply of the native wire around it. */
export interface DirectOperation {
  /** The input, from a request of any wire. Rejects with `invalid` or `too_large`. */
  readonly read: ReadInput;
  /** The output, an `Encoded` one as it is, or a promise of it that rejects with nothing but a Fault. */
  call(input: unknown, exchange: Exchange): unknown;
  /** What the native reply would be but for its body. */
  head(output: unknown): ReplyHead;
}

export interface ReplyHead {
  readonly status: number;
  readonly headers: Record<string, string>;
}

export function traitsOf(name: string, operation: AnyOp): RouteTraits {
  const { accept } = operation;
  return {
    name,
    method: operation.method,
    pattern: planPath(operation.path).pattern,
    scope: operation.scope,
    work: workOf(operation),
    body: operation.body,
    reply: operation.reply,
    timeoutMs: operation.reply === "events" ? Infinity : timeoutMsOf(operation),
    bodyBytesMax: bodyBytesMaxOf(operation),
    internal: operation.internal === true,
    reads: operation.scope === "read" && operation.reply !== "events" && isIdempotent(operation),
    ...(accept === undefined ? {} : { accept }),
    ...(operation.streamedBy === undefined ? {} : { mayStream: true }),
  };
}

/** Work that may be silent for longer than this must not depend on the idle timeout of its connection. */
const SILENT_MS_MAX = 25_000;

/** May take longer than a connection may stand idle: streams and long work. */
export function isSlow({ reply, body, timeoutMs }: RouteTraits): boolean {
  return reply !== "json" || body === "raw" || timeoutMs > SILENT_MS_MAX;
}

export interface ForeignRoute<I> extends RouteTraits {
  /** Reads the request; nothing has been admitted yet, so it does no other work. */
  read(request: Request): Promise<I>;
  answer(input: I, exchange: Exchange, request: Request): Promise<Response>;
  fault(fault: Fault, exchange: Exchange): Response;
}

/**
 * A route of a foreign surface: admits the request between reading and answering it, and gives whatever is thrown to the
 * surface's own `fault`.
 */
export function foreignRoute<I>({ read, answer, fault, ...traits }: ForeignRoute<I>): Route {
  return {
    ...traits,
    fault,
    handle: async (request, exchange) => {
      try {
        const input = await read(request);
        const room = exchange.admit?.();
        if (room !== undefined) await room;
        return await answer(input, exchange, request);
      } catch (thrown) {
        return fault(toFault(thrown), exchange);
      }
    },
  };
}

/**
 * Picks among routes that share method and path: a foreign one that the request belongs to, else the one whose media
 * type the request prefers, else the plain one, which answers JSON and takes what names nothing that is offered.
 */
export function routeChooser(candidates: readonly Route[]): (request: Request) => Route {
  const foreign = candidates.filter((route) => route.accepts !== undefined);
  const native = candidates.filter((route) => route.accepts === undefined);
  const plain = native.find(({ accept }) => accept === undefined);
  const offered = new Map<string, Route>();
  if (plain !== undefined) offered.set("application/json", plain);
  for (const route of native) for (const type of route.accept ?? []) offered.set(type, route);
  const types = [...offered.keys()];
  return (request) => {
    for (const route of foreign) if (route.accepts?.(request) === true) return route;
    const accept = request.headers.get("accept");
    // Most clients name nothing, or take whatever comes.
    if (plain !== undefined && (accept === null || accept === "*/*")) return plain;
    const type = preferred(accept ?? "", types);
    const chosen = (type === undefined ? undefined : offered.get(type)) ?? plain;
    if (chosen !== undefined) return chosen;
    if (types.length === 0) throw new Fault("not_found", `There is no ${request.method} on this path.`);
    throw new Fault(
      "invalid",
      `This path answers ${types.join(", ")}; name one of them in the accept header.`,
    );
  };
}

/** Routes by pattern and method, as every server needs them. */
export function byPattern(all: readonly Route[]): Map<string, Map<string, Route[]>> {
  const patterns = new Map<string, Map<string, Route[]>>();
  for (const route of all) {
    const methods = patterns.get(route.pattern) ?? new Map<string, Route[]>();
    patterns.set(route.pattern, methods);
    methods.set(route.method, [...(methods.get(route.method) ?? []), route]);
  }
  return patterns;
}

// Mounts routes on a socket: what a daemon of the house listens with. Every daemon answers `GET /health`
// without waiting for anything, and refuses unknown paths and methods with a fault of the usual shape.

import { unlinkSync } from "node:fs";
import http from "node:http";
import type { Caller } from "./call.ts";
import type { DaemonStats } from "./daemon.ts";
import { CALL_HEADERS, type Exchange, faultResponse, requestIdOr } from "./exchange.ts";
import { Fault } from "./fault.ts";
import { FILE_HEADER } from "./file-handoff.ts";
import { byPattern, isSlow, type Route, routeChooser } from "./route.ts";

export type ListenAt = { readonly unix: string } | { readonly hostname: string; readonly port: number };

/** What fits into a socket address: 104 bytes on macOS, 108 on Linux, the terminating zero counted. */
export const SOCKET_PATH_BYTES_MAX = 103;

export interface Listener {
  /** The port that was given where 0 was asked for; 0 on a unix socket. */
  readonly port: number;
  /** See `drainServer`. */
  stop(drainMs: number): Promise<void>;
}

export interface ListenOptions {
  /** The service: its health answers with it, and it is the origin of its faults. */
  readonly origin: string;
  readonly at: ListenAt;
  readonly routes: readonly Route[];
  /** More paths of the daemon's own, such as `/metrics`. */
  readonly extra?: Readonly<Record<string, (request: Request) => Response | Promise<Response>>>;
  /** What `GET /health` says besides that it answers: background work that failed, what is damaged. */
  readonly stats?: () => DaemonStats;
  /** Called for every reply, for metrics. */
  readonly onReply?: (route: Route, status: number, tookMs: number) => void;
}

/**
 * Of a request's first line and its headers together; what is larger the platform refuses by itself, with a 431 that
 * has no body. Its own limit is a quarter of that, and one number for the whole process. A connection may hold as much.
 */
const HEADER_BYTES_MAX = 64 * 1024;
Object.assign(http, { maxHeaderSize: HEADER_BYTES_MAX });

/** Seconds a connection over TCP may stand idle. Slow routes lift it for their request. */
const IDLE_TIMEOUT_S = 30;
/**
 * Over a unix socket there is no limit: the platform's is 10 s and cuts requests too, and a route cannot lift it
 * (`server.timeout` is ignored there). The peer is a process of this host, whose connections end with it.
 */
const NO_IDLE_TIMEOUT = 0;

export function listen({ origin, at, routes, extra = {}, stats, onReply }: ListenOptions): Listener {
  if ("unix" in at) {
    checkSocketPath(at.unix);
    removeStaleSocket(at.unix);
  }
  const table: Record<string, Record<string, (request: Request, server: Server) => Promise<Response>>> = {};
  for (const [pattern, methods] of byPattern(routes)) {
    const handlers: (typeof table)[string] = {};
    for (const [method, candidates] of methods) handlers[method] = mount(origin, candidates, onReply);
    table[pattern] = handlers;
  }
  const health = (): Response => {
    const { failures, damaged, notes, queues, caches } = stats?.() ?? {};
    // What is undefined is left out of JSON.
    return Response.json({ status: "ok", service: origin, failures, damaged, notes, queues, caches });
  };
  const server = Bun.serve({
    ...at,
    idleTimeout: "unix" in at ? NO_IDLE_TIMEOUT : IDLE_TIMEOUT_S,
    routes: { ...table, ...extra, "/health": health },
    fetch: (request) => refuse(request, origin),
    error: () => faultResponse(new Error("unhandled"), new DaemonExchange(new Headers()), origin),
    ...SERVER_TRAITS,
    // Routes hold their own limits; objects of 256 MiB pass through here.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
  } as Parameters<typeof Bun.serve>[0]);
  return { port: server.port ?? 0, stop: (drainMs) => drainServer(server, drainMs) };
}

/**
 * For every server of the house. Without `reusePort: false` a server that is not for development shares its port with
 * any other that wants it, and a second house would start without an error.
 */
export const SERVER_TRAITS = { development: false, reusePort: false } as const;

const DRAIN_POLL_MS = 5;

/**
 * Takes no new connections and waits until nothing is under way, at most `drainMs`; then cuts what is left, idle
 * connections too, whose clients would otherwise keep the server waiting.
 */
export async function drainServer(server: Bun.Server<unknown>, drainMs: number): Promise<void> {
  const until = performance.now() + drainMs;
  void server.stop(false);
  while (server.pendingRequests > 0 && performance.now() < until) await Bun.sleep(DRAIN_POLL_MS);
  await server.stop(true);
}

type Server = Bun.Server<unknown>;

function mount(origin: string, candidates: readonly Route[], onReply: ListenOptions["onReply"]) {
  const [only] = candidates;
  // The usual route adds nothing to the call, not even a promise.
  if (candidates.length === 1 && only !== undefined && !isSlow(only) && onReply === undefined) {
    return (request: Request): Promise<Response> =>
      only.handle(request, new DaemonExchange(request.headers, request));
  }
  const slow = new Set(candidates.filter(isSlow));
  const choose = routeChooser(candidates);
  return async (request: Request, server: Server): Promise<Response> => {
    const started = performance.now();
    const exchange = new DaemonExchange(request.headers, request);
    let route: Route;
    try {
      route = candidates.length === 1 && only !== undefined ? only : choose(request);
    } catch (thrown) {
      return faultResponse(thrown, exchange, origin);
    }
    if (slow.has(route)) server.timeout(request, 0);
    const response = await route.handle(request, exchange);
    onReply?.(route, response.status, performance.now() - started);
    return response;
  };
}

/** A daemon trusts the headers of its neighbours: its socket is theirs alone. */
class DaemonExchange implements Exchange {
  readonly fromNeighbour = true;
  readonly requestId: string;
  readonly traceparent: string | undefined;
  readonly timeoutMs: number | undefined;
  readonly caller: Caller | undefined;
  readonly #request: Request | undefined;
  /** The id as it was sent, with the number of the hop. */
  readonly #hopId: string;

  constructor(headers: Headers, request?: Request) {
    this.#request = request;
    const given = headers.get(CALL_HEADERS.requestId);
    const end = given?.lastIndexOf("~") ?? -1;
    this.requestId = requestIdOr(end === -1 ? given : (given?.slice(0, end) ?? null));
    this.#hopId = end === -1 ? this.requestId : (given ?? "");
    // A neighbour always sends an id; without one there are no other headers of ours, and each lookup costs time.
    if (given === null) return;
    const timeoutMs = headers.get(CALL_HEADERS.timeoutMs);
    const caller = headers.get(CALL_HEADERS.caller);
    this.traceparent = headers.get(CALL_HEADERS.traceparent) ?? undefined;
    this.timeoutMs = timeoutMs === null ? undefined : Number(timeoutMs);
    this.caller = caller === null ? undefined : (JSON.parse(caller) as Caller);
  }

  get takesFiles(): boolean {
    return this.#request?.headers.has(FILE_HEADER) === true;
  }

  lateSignal(): AbortSignal | undefined {
    return this.#request?.signal;
  }

  seal(headers: Record<string, string>): void {
    headers[CALL_HEADERS.requestId] = this.#hopId;
  }
}

function refuse(request: Request, origin: string): Response {
  const fault = new Fault("not_found", `${origin} has no ${request.method} on this path.`);
  return faultResponse(fault, new DaemonExchange(request.headers), origin);
}

/** Throws Fault `invalid`. */
export function checkSocketPath(path: string): void {
  if (Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX) return;
  throw new Fault("invalid", `The path of a unix socket may have ${SOCKET_PATH_BYTES_MAX} bytes: ${path}`);
}

/** A daemon that was killed leaves its socket file behind, and nothing can listen there until it is gone. */
function removeStaleSocket(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

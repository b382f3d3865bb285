// The gateway: the one door of the house. It knows every operation from the contracts and no implementation of
// any; a route either calls a service in this process or passes the request on to a daemon, and this file does
// not know which. What it adds: the guard, who asks and what they may, request ids, timing, counts.
//
// Operations stand in the server's own route table, which costs a request nothing; everything else (what the
// house says of itself, pages, preflights, paths that are not there) goes through Hono.

import { type Context, Hono } from "hono";
import { cors } from "hono/cors";
import type { Log } from "#lib/log";
import { Fault } from "#rpc/fault";
import {
  byPattern,
  CALL_HEADERS,
  type Exchange,
  faultResponse,
  requestIdOf,
  type Route,
  routeFor,
} from "#rpc/serve";
import { type Authenticate, authorize } from "./auth.ts";
import { apiDescription, docsPage } from "./docs.ts";
import { checkMethod, type Guard } from "./guard.ts";
import { type HealthDeps, houseHealth } from "./health.ts";
import { type Meter, metricsText } from "./meter.ts";

export interface GatewayDeps {
  readonly routes: readonly Route[];
  readonly authenticate: Authenticate;
  readonly guard: Guard;
  readonly allowOrigins: readonly string[];
  readonly health: HealthDeps;
  readonly meter: Meter;
  /** Metrics of the other processes of the house. */
  readonly neighbourMetrics: () => Promise<(readonly object[])[]>;
  readonly log: Log;
}

type Server = Bun.Server<unknown>;
type Handler = (request: Request, server: Server) => Promise<Response> | Response;

export interface Gateway {
  /** For `Bun.serve`: by path, then by method. */
  readonly routes: Record<string, Record<string, Handler>>;
  /** Everything that no route takes. */
  readonly fetch: (request: Request) => Promise<Response> | Response;
}

/** Requests that are worked on at once; more are told to come back. */
const IN_FLIGHT_MAX = 4096;

export function gateway(deps: GatewayDeps): Gateway {
  const routes: Gateway["routes"] = {};
  for (const [pattern, methods] of byPattern(deps.routes)) {
    const handlers: Record<string, Handler> = {};
    for (const [method, candidates] of methods) handlers[method] = mount(deps, candidates);
    routes[pattern] = handlers;
  }
  const app = new Hono();
  if (deps.allowOrigins.length > 0) app.use(cors({ origin: [...deps.allowOrigins], maxAge: 600 }));
  selfDescription(app, deps);
  app.notFound((c) =>
    refuse(
      c,
      deps,
      new Fault("not_found", `There is no ${c.req.method} ${c.req.path}. GET /docs shows what there is.`),
    ),
  );
  app.onError((error, c) => {
    deps.log.error("the edge failed", { error });
    return refuse(c, deps, error);
  });
  const fetch: Gateway["fetch"] = (request) => {
    try {
      deps.guard(request.headers);
      checkMethod(request.method);
      return app.fetch(request);
    } catch (thrown) {
      return faultResponse(thrown, new EdgeExchange(request, request.headers, deps), "gateway");
    }
  };
  return { routes, fetch };
}

function mount(deps: GatewayDeps, candidates: readonly Route[]): Handler {
  const { authenticate, guard, allowOrigins } = deps;
  const only = candidates.length === 1 ? candidates[0] : undefined;
  return (request, server) => {
    const { headers } = request;
    const exchange = new EdgeExchange(request, headers, deps);
    try {
      const origin = guard(headers);
      if (origin !== undefined && allowOrigins.includes(origin)) exchange.origin = origin;
      const caller = authenticate(headers);
      const route = only ?? routeFor(candidates, request);
      authorize(caller, route.operation.scope);
      if (server.pendingRequests > IN_FLIGHT_MAX) {
        throw new Fault("unavailable", "Too many requests at once.", { retryAfterMs: 1000 });
      }
      exchange.caller = caller;
      exchange.route = route;
      if (route.slow) server.timeout(request, 0);
      return route.handle(request, exchange);
    } catch (thrown) {
      return faultResponse(thrown, exchange, "gateway");
    }
  };
}

/** One request as the edge sees it. */
class EdgeExchange implements Exchange {
  readonly started = performance.now();
  readonly requestId: string;
  readonly traceparent: string | undefined;
  caller: Exchange["caller"];
  /** Known once the request was let in. */
  route: Route | undefined;
  /** The page that asks, where it is of another origin that may. */
  origin: string | undefined;
  /** Milliseconds spent waiting for other systems. */
  #upMs = 0;
  readonly #request: Request;
  readonly #deps: GatewayDeps;

  constructor(request: Request, headers: Headers, deps: GatewayDeps) {
    this.#request = request;
    this.#deps = deps;
    this.requestId = requestIdOf(headers);
    const traceparent = headers.get(CALL_HEADERS.traceparent);
    this.traceparent = traceparent !== null && TRACEPARENT.test(traceparent) ? traceparent : undefined;
  }

  waited(ms: number): void {
    this.#upMs += ms;
  }

  lateSignal(): AbortSignal {
    return this.#request.signal;
  }

  /** The last thing that happens to a reply: it gets its headers and is counted. */
  seal(headers: Record<string, string>, status: number): void {
    const tookMs = performance.now() - this.started;
    headers[CALL_HEADERS.requestId] = this.requestId;
    headers["server-timing"] = `up;dur=${millis(this.#upMs)}, own;dur=${millis(tookMs - this.#upMs)}`;
    if (this.origin !== undefined) {
      headers["access-control-allow-origin"] = this.origin;
      headers["vary"] = "origin";
    }
    const { route } = this;
    if (route === undefined) return;
    this.#deps.meter.record(route, status, tookMs);
    if (status >= 500) {
      this.#deps.log.warn("request failed", { route: route.name, status, request_id: this.requestId });
    }
  }
}

/** Hundredths of a millisecond; `toFixed` takes ten times as long. */
function millis(ms: number): string {
  return String(Math.round(ms * 100) / 100);
}

/** W3C Trace Context, version 00. */
const TRACEPARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

function selfDescription(app: Hono, deps: GatewayDeps): void {
  const { authenticate, health, meter, neighbourMetrics } = deps;
  const description = JSON.stringify(apiDescription(health.version));
  const json = { "content-type": "application/json" };
  const known = (c: Context, answer: () => Response | Promise<Response>): Response | Promise<Response> => {
    try {
      authorize(authenticate(c.req.raw.headers), "read");
      return answer();
    } catch (thrown) {
      return refuse(c, deps, thrown);
    }
  };

  app.get("/health", () => new Response('{"status":"ok","service":"gateway"}', { headers: json }));
  app.get("/v1/health", (c) =>
    known(c, async () => sealed(c, deps, JSON.stringify(await houseHealth(health)), json)),
  );
  app.get("/metrics", (c) =>
    known(c, async () => {
      const snapshots = [await meter.snapshot(), ...(await neighbourMetrics())];
      return sealed(c, deps, await metricsText(snapshots), {
        "content-type": "text/plain; version=0.0.4; charset=utf-8",
      });
    }),
  );
  app.get("/openapi.json", (c) => sealed(c, deps, description, json));
  for (const path of ["/docs", "/docs/*"]) {
    app.get(path, (c) => docsPage(c.req.path) ?? c.notFound());
  }
}

function sealed(c: Context, deps: GatewayDeps, body: string, headers: Record<string, string>): Response {
  const all = { ...headers };
  new EdgeExchange(c.req.raw, c.req.raw.headers, deps).seal(all, 200);
  return new Response(body, { headers: all });
}

function refuse(c: Context, deps: GatewayDeps, thrown: unknown): Response {
  return faultResponse(thrown, new EdgeExchange(c.req.raw, c.req.raw.headers, deps), "gateway");
}

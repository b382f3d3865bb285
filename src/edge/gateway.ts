// The gateway: the one door of the house. It knows every operation from the contracts and no implementation of
// any; a route either calls a service in this process or passes the request on to a daemon, and this file does
// not know which. What it adds: the guard, who asks and what they may, request ids, timing, counts.

import { type Context, Hono } from "hono";
import { cors } from "hono/cors";
import type { Log } from "#lib/log";
import { Fault } from "#rpc/fault";
import {
  CALL_HEADERS,
  byPattern,
  type Exchange,
  faultResponse,
  requestIdOf,
  type Route,
  routeFor,
} from "#rpc/serve";
import { type Authenticate, authorize } from "./auth.ts";
import { apiDescription, docsPage } from "./docs.ts";
import type { Guard } from "./guard.ts";
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

interface Env {
  readonly Bindings: { readonly server: Bun.Server<unknown> };
}

type Fetch = (request: Request, server: Bun.Server<unknown>) => Response | Promise<Response>;

/** Requests that are worked on at once; more wait in no queue but are told to come back. */
const IN_FLIGHT_MAX = 4096;

export function gateway(deps: GatewayDeps): Fetch {
  const app = new Hono<Env>();
  const load: Load = { inFlight: 0 };
  if (deps.allowOrigins.length > 0) app.use(cors({ origin: [...deps.allowOrigins], maxAge: 600 }));
  // A pattern that ends in * also matches the path before it, so exact ones are asked first.
  const patterns = [...byPattern(deps.routes)].sort(([a], [b]) => Number(a.endsWith("*")) - Number(b.endsWith("*")));
  for (const [pattern, methods] of patterns) {
    for (const [method, candidates] of methods) {
      // Hono answers HEAD from GET handlers; an operation of its own for HEAD shares the GET's place.
      if (method === "HEAD") continue;
      const heads = method === "GET" ? (methods.get("HEAD") ?? []) : [];
      const handler = mount(deps, load, candidates, heads);
      app.on(method, pattern, handler);
    }
  }
  selfDescription(app, deps);
  app.notFound((c) =>
    refuse(
      c,
      new Fault("not_found", `There is no ${c.req.method} ${c.req.path}. GET /docs shows what there is.`),
    ),
  );
  app.onError((error, c) => {
    deps.log.error("the edge failed", { error, path: c.req.path });
    return refuse(c, error);
  });
  return (request, server) => app.fetch(request, { server });
}

/** What the whole edge works on just now. */
interface Load {
  inFlight: number;
}

function mount(deps: GatewayDeps, load: Load, candidates: readonly Route[], heads: readonly Route[]) {
  const { authenticate, guard, meter, log } = deps;
  const [only] = candidates;
  return async (c: Context<Env>): Promise<Response> => {
    const request = c.req.raw;
    const exchange = new EdgeExchange(request);
    let route: Route;
    try {
      guard(request.headers);
      exchange.caller = authenticate(request.headers);
      const fitting = request.method === "HEAD" ? heads : candidates;
      route =
        fitting.length === 1 && only !== undefined && request.method !== "HEAD"
          ? only
          : routeFor(fitting, request);
      authorize(exchange.caller, route.operation.scope);
      if (load.inFlight >= IN_FLIGHT_MAX)
        throw new Fault("unavailable", "Too many requests at once.", { retryAfterMs: 1000 });
    } catch (thrown) {
      return faultResponse(thrown, exchange, "gateway");
    }
    if (route.slow) c.env.server.timeout(request, 0);
    load.inFlight += 1;
    try {
      const response = await route.handle(request, exchange);
      const tookMs = performance.now() - exchange.started;
      meter.record(route, response.status, tookMs);
      if (response.status >= 500) {
        log.warn("request failed", {
          route: route.name,
          status: response.status,
          request_id: exchange.requestId,
        });
      } else {
        log.debug("request", { route: route.name, status: response.status, took_ms: tookMs });
      }
      return response;
    } finally {
      load.inFlight -= 1;
    }
  };
}

/** One request as the edge sees it. */
class EdgeExchange implements Exchange {
  readonly started = performance.now();
  readonly requestId: string;
  readonly traceparent: string | undefined;
  caller: Exchange["caller"];
  /** Milliseconds spent waiting for other systems. */
  upMs = 0;
  readonly #request: Request;

  constructor(request: Request) {
    this.#request = request;
    this.requestId = requestIdOf(request.headers);
    const traceparent = request.headers.get("traceparent");
    this.traceparent = traceparent !== null && TRACEPARENT.test(traceparent) ? traceparent : undefined;
  }

  waited(ms: number): void {
    this.upMs += ms;
  }

  lateSignal(): AbortSignal {
    return this.#request.signal;
  }

  seal(headers: Record<string, string>): void {
    const ownMs = performance.now() - this.started - this.upMs;
    headers[CALL_HEADERS.requestId] = this.requestId;
    headers["server-timing"] = `up;dur=${this.upMs.toFixed(2)}, own;dur=${ownMs.toFixed(2)}`;
  }
}

/** W3C Trace Context, version 00. */
const TRACEPARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

function selfDescription(app: Hono<Env>, deps: GatewayDeps): void {
  const { guard, authenticate, health, meter, neighbourMetrics } = deps;
  const description = JSON.stringify(apiDescription(health.version));
  const json = { "content-type": "application/json" };
  const open = (
    c: Context<Env>,
    answer: () => Response | Promise<Response>,
  ): Response | Promise<Response> => {
    try {
      guard(c.req.raw.headers);
      return answer();
    } catch (thrown) {
      return refuse(c, thrown);
    }
  };
  const known = (c: Context<Env>, answer: () => Response | Promise<Response>): Response | Promise<Response> =>
    open(c, () => {
      authorize(authenticate(c.req.raw.headers), "read");
      return answer();
    });

  app.get("/health", () => new Response('{"status":"ok","service":"gateway"}', { headers: json }));
  app.get("/v1/health", (c) =>
    known(c, async () => sealed(c, JSON.stringify(await houseHealth(health)), json)),
  );
  app.get("/metrics", (c) =>
    known(c, async () => {
      const snapshots = [await meter.snapshot(), ...(await neighbourMetrics())];
      return sealed(c, await metricsText(snapshots), {
        "content-type": "text/plain; version=0.0.4; charset=utf-8",
      });
    }),
  );
  app.get("/openapi.json", (c) => open(c, () => sealed(c, description, json)));
  for (const path of ["/docs", "/docs/*"]) {
    app.get(path, (c) => open(c, () => docsPage(c.req.path) ?? c.notFound()));
  }
}

function sealed(c: Context<Env>, body: string, headers: Record<string, string>): Response {
  const all = { ...headers };
  new EdgeExchange(c.req.raw).seal(all);
  return new Response(body, { headers: all });
}

function refuse(c: Context<Env>, thrown: unknown): Response {
  return faultResponse(thrown, new EdgeExchange(c.req.raw), "gateway");
}

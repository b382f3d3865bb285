// The gateway: the one door of the house. It knows every operation from the contracts and no implementation of
// any; a route either calls a service in this process or passes the request on to a daemon, and this file does
// not know which. What it adds: the guard, who asks and what they may, request ids, timing, counts.
//
// Operations stand in the server's own route table, which costs a request nothing; everything else (what the
// house says of itself, pages, preflights, paths that are not there) goes through Hono.

import { type Context, Hono } from "hono";
import { cors } from "hono/cors";
import { onAbort } from "#lib/abort";
import { present } from "#lib/assert";
import type { Log } from "#lib/log";
import { CALL_HEADERS, type Exchange, faultResponse, requestIdOf } from "#rpc/exchange";
import { Fault, toFault } from "#rpc/fault";
import { byPattern, isSlow, type Route, routeFor } from "#rpc/route";
import { type Admission, type Gate, isLarge, REFUSED, type Wait } from "./admission.ts";
import { type Authenticate, authorize } from "./auth.ts";
import { apiDescription, docsPage } from "./docs.ts";
import { checkMethod, type Guard } from "./guard.ts";
import { type HealthDeps, houseHealth } from "./health.ts";
import { admissionMetrics, type Meter, metricsText } from "./meter.ts";
import { checkUnfolded, patternsOf } from "./raw-path.ts";
import { IDLE_TIMEOUT_S, begunBody, pacedReply } from "./pace.ts";

export interface GatewayDeps {
  readonly routes: readonly Route[];
  readonly authenticate: Authenticate;
  readonly guard: Guard;
  readonly allowOrigins: readonly string[];
  readonly health: HealthDeps;
  readonly meter: Meter;
  readonly admission: Admission;
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

export function gateway(deps: GatewayDeps): Gateway {
  const routes: Gateway["routes"] = {};
  for (const [pattern, methods] of byPattern(deps.routes)) {
    const handlers: Record<string, Handler> = {};
    for (const [method, candidates] of methods) handlers[method] = mount(deps, candidates);
    for (const one of patternsOf(pattern)) routes[one] = handlers;
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

/** How one route lets in, worked out once. */
interface Entry {
  readonly route: Route;
  /** Its reply goes on after it has begun: events, rows. Bytes that lie there are the platform's to send. */
  readonly lasting: boolean;
  readonly raw: boolean;
  /** Its body may be large. */
  readonly bodied: boolean;
  /** The gate of quick work, which is one for all. */
  readonly quick: Gate | undefined;
  readonly gate: (callerId: string) => Gate;
  readonly largeGate: (callerId: string) => Gate;
}

function entryOf(route: Route, admission: Admission): Entry {
  const { body, method, reply, work } = route;
  const reads = method === "GET" || method === "HEAD";
  return {
    route,
    lasting: reply === "events" || (reply === "raw" && !reads),
    raw: body === "raw",
    bodied: !reads,
    quick: work === "quick" ? admission.gate(route, work, "") : undefined,
    gate: (callerId) => admission.gate(route, work, callerId),
    largeGate: (callerId) => admission.gate(route, "large", callerId),
  };
}

function mount(deps: GatewayDeps, candidates: readonly Route[]): Handler {
  const { authenticate, guard, allowOrigins, admission } = deps;
  const entries = new Map(candidates.map((route) => [route, entryOf(route, admission)]));
  const first = present(candidates[0], "a route");
  const greedy = candidates.some(({ pattern }) => patternsOf(pattern).length > 1);
  const only = candidates.length === 1 ? entries.get(first) : undefined;

  const begin = (request: Request, exchange: EdgeExchange): Promise<Response> | Response => {
    const { headers } = request;
    try {
      const origin = guard(headers);
      if (origin !== undefined && allowOrigins.includes(origin)) exchange.origin = origin;
      const caller = authenticate(headers);
      const entry = only ?? present(entries.get(routeFor(candidates, request)), "an entry");
      const { route } = entry;
      authorize(caller, route.scope);
      if (greedy) checkUnfolded(request, route.pattern);
      exchange.caller = caller;
      exchange.route = route;
      const large = entry.bodied && !entry.raw && isLarge(headers);
      exchange.gate = large ? entry.largeGate(caller.id) : (entry.quick ?? entry.gate(caller.id));
      // Refused before its body is read, a request costs least.
      if (exchange.gate.full) return exchange.refuse();
      if (large || entry.raw) return receive(entry, request, exchange);
      return entry.lasting ? last(entry, request, exchange) : route.handle(request, exchange);
    } catch (thrown) {
      return exchange.fail(thrown, first);
    }
  };

  return (request, server) => {
    const exchange = new EdgeExchange(request, request.headers, deps, server);
    if (!admission.lags(exchange.started)) return begin(request, exchange);
    exchange.route = first;
    return exchange.outlast(admission.putAside(request)).then(
      () => begin(request, exchange),
      (refused: unknown) => exchange.fail(refused, first),
    );
  };
}

/** A body that is not there yet is let in once its sender has shown that it sends. */
async function receive(entry: Entry, request: Request, exchange: EdgeExchange): Promise<Response> {
  const { route } = entry;
  try {
    // One that is declared too large is refused without a byte of it.
    const declared = Number(request.headers.get("content-length") ?? 0);
    if (declared > route.bodyBytesMax) return await route.handle(request, exchange);
    const body = await begunBody(request);
    await exchange.admit();
    const paced = body.request((seconds) => exchange.clock(seconds));
    return await (entry.lasting ? last(entry, paced, exchange) : route.handle(paced, exchange));
  } catch (thrown) {
    return exchange.fail(thrown, route);
  }
}

/** A reply that goes on keeps its place until its end. */
async function last({ route }: Entry, request: Request, exchange: EdgeExchange): Promise<Response> {
  const leave = (): void => exchange.leave();
  exchange.stays = true;
  // Nobody reads, or gives up, a reply to a client that has gone already.
  onAbort(exchange.lateSignal(), leave);
  return pacedReply(await route.handle(request, exchange), (seconds) => exchange.clock(seconds), leave);
}

/** One request as the edge sees it. */
class EdgeExchange implements Exchange {
  readonly started = performance.now();
  readonly requestId: string;
  readonly traceparent: string | undefined;
  caller: Exchange["caller"];
  /** What is left of the operation's time, where the request had to wait. */
  timeoutMs: number | undefined;
  /** Known once the request was let in. */
  route: Route | undefined;
  /** Where it asks to be let in. */
  gate: Gate | undefined;
  /** Keeps its place when its reply begins. */
  stays = false;
  /** The page that asks, where it is of another origin that may. */
  origin: string | undefined;
  readonly #request: Request;
  readonly #server: Server | undefined;
  #inside = false;
  #refused = false;
  /** Milliseconds spent waiting for other systems. */
  #upMs = 0;
  readonly #deps: GatewayDeps;

  constructor(request: Request, headers: Headers, deps: GatewayDeps, server?: Server) {
    this.#request = request;
    this.#server = server;
    this.#deps = deps;
    this.requestId = requestIdOf(headers);
    const traceparent = headers.get(CALL_HEADERS.traceparent);
    this.traceparent = traceparent !== null && TRACEPARENT.test(traceparent) ? traceparent : undefined;
  }

  /** Sets the clock of its connection: seconds until it is cut off, 0 for never. */
  clock(seconds: number): void {
    this.#server?.timeout(this.#request, seconds);
  }

  admit(): Promise<void> | undefined {
    const { gate } = this;
    // From here on the house is at work, and may be silent for long.
    if (this.route !== undefined && isSlow(this.route)) this.clock(0);
    if (gate === undefined || this.#inside) return undefined;
    this.#inside = gate.enter();
    if (this.#inside) return undefined;
    return this.outlast(gate.wait(this.#request)).then(() => {
      this.#inside = true;
    });
  }

  refuse(): Response {
    this.#refused = true;
    this.#deps.admission.refused(this.route?.name ?? "gateway");
    return this.route?.fault(REFUSED, this) ?? faultResponse(REFUSED, this, "gateway");
  }

  /** The reply to a request that failed before its route was at work, in the shape of that route's surface. */
  fail(thrown: unknown, route: Route): Response {
    const fault = toFault(thrown);
    fault.origin ??= "gateway";
    return (this.route ?? route).fault(fault, this);
  }

  /** Waits for room, which costs the operation of its time; throws when there is none. */
  async outlast(wait: Wait | undefined): Promise<void> {
    const asked = performance.now();
    if (wait === undefined || !(await wait)) {
      this.#refused = true;
      this.#deps.admission.refused(this.route?.name ?? "gateway");
      throw REFUSED;
    }
    const timeoutMs = this.timeoutMs ?? this.route?.timeoutMs;
    if (timeoutMs === undefined || timeoutMs === Infinity) return;
    this.timeoutMs = timeoutMs - (performance.now() - asked);
  }

  leave(): void {
    if (!this.#inside) return;
    this.#inside = false;
    this.gate?.leave();
    this.gate = undefined;
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
    if (!this.stays) this.leave();
    const { route } = this;
    if (route === undefined) return;
    if (isSlow(route)) this.clock(IDLE_TIMEOUT_S);
    this.#deps.meter.record(route, status, tookMs);
    // Refusals are many and alike: who refuses says so now and then.
    if (status >= 500 && !this.#refused) {
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

/** One at a time: who asks meanwhile is given the same. So looking at a house costs it no more than it can bear. */
function shared<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => {
    running ??= work().finally(() => {
      running = undefined;
    });
    return running;
  };
}

function selfDescription(app: Hono, deps: GatewayDeps): void {
  const { authenticate, health, meter, neighbourMetrics, admission } = deps;
  const lookAtHealth = shared(async () => JSON.stringify(await houseHealth(health)));
  const gather = shared(async () => {
    const own = [...(await meter.snapshot()), ...admissionMetrics(admission)];
    return metricsText([own, ...(await neighbourMetrics())]);
  });
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
  app.get("/v1/health", (c) => known(c, async () => sealed(c, deps, await lookAtHealth(), json)));
  app.get("/metrics", (c) =>
    known(c, async () => {
      return sealed(c, deps, await gather(), {
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

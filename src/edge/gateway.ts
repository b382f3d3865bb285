// The gateway: where every call from outside comes in. It knows every operation from the contracts and no implementation
// of any; a route either calls a service in this process or passes the request on to a daemon, and this file does
// not know which. What it adds: the guard, who asks and what they may, request ids, timing, counts.
//
// Operations stand in the server's own route table, which costs a request nothing; everything else (what the
// house says of itself, pages, preflights, paths that are not there) goes through Hono.

import { type Context, Hono } from "hono";
import { cors } from "hono/cors";
import { onAbort } from "#lib/abort";
import { present } from "#lib/assert";
import type { Log } from "#lib/log";
import { EVENT_STREAM } from "#rpc/events";
import { CALL_HEADERS, type Exchange, faultResponse, requestIdOf } from "#rpc/exchange";
import { Fault, toFault } from "#rpc/fault";
import { byPattern, isSlow, type Route, routeChooser } from "#rpc/route";
import { type Audit, type RefusalReason } from "./access/audit.ts";
import { authorize, refuseUnmasked } from "./access/auth.ts";
import { Denied } from "./access/denied.ts";
import { gatewayRoutes } from "./access/key-list.ts";
import { checkMethod, checkUrl, type Guard } from "./access/guard.ts";
import type { LiveKeys } from "./access/live-keys.ts";
import { type CheckKey, keyCheckOf } from "./access/owned-prefixes.ts";
import { consolePage } from "./console/page.ts";
import { apiDescription, docsPage } from "./docs.ts";
import { type HealthDeps, houseHealth } from "./health.ts";
import { type Admission, type ConcurrencyLimit, isLarge, REFUSED } from "./load/admission.ts";
import { awaitBodyStart, IDLE_TIMEOUT_S, timedReply } from "./load/slow-client.ts";
import type { Wait } from "./load/wait-queue.ts";
import { admissionMetrics, auditMetrics, figureMetrics, type Meter, metricsText } from "./meter.ts";
import { checkUnfolded, patternsOf } from "./raw-path.ts";
import type { OnReply } from "./request-events.ts";

export interface GatewayDeps {
  readonly routes: readonly Route[];
  readonly keys: Pick<LiveKeys, "authenticate" | "problem" | "list">;
  readonly audit: Audit;
  readonly guard: Guard;
  readonly allowOrigins: readonly string[];
  readonly health: HealthDeps;
  readonly meter: Meter;
  readonly admission: Admission;
  /** Metrics of the other processes of the house. */
  readonly neighbourMetrics: () => Promise<(readonly object[])[]>;
  readonly log: Log;
  readonly onReply?: OnReply | undefined;
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
  for (const [pattern, methods] of byPattern([...deps.routes, ...gatewayRoutes(deps.keys)])) {
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
      return new EdgeExchange(request, request.headers, deps).fail(thrown);
    }
  };
  return { routes, fetch };
}

/** How one route lets in, worked out once. */
interface Entry {
  readonly route: Route;
  /**
   * Its reply goes on after it has begun: events, rows. Bytes that lie there are the platform's to send. `maybe` where the
   * request decides, so that the reply's type tells.
   */
  readonly lasting: boolean | "maybe";
  readonly raw: boolean;
  /** Its body may be large. */
  readonly bodied: boolean;
  /** The limit of quick work, which is one for all. */
  readonly quick: ConcurrencyLimit | undefined;
  readonly limit: (callerId: string) => ConcurrencyLimit;
  readonly largeLimit: (callerId: string) => ConcurrencyLimit;
  readonly checkKey: CheckKey | undefined;
}

function entryOf(route: Route, admission: Admission): Entry {
  const { body, method, reply, work } = route;
  const reads = method === "GET" || method === "HEAD";
  return {
    route,
    lasting: reply === "events" || (reply === "raw" && !reads) || (route.mayStream === true && "maybe"),
    raw: body === "raw",
    bodied: !reads,
    quick: work === "quick" ? admission.limit(route, work, "") : undefined,
    limit: (callerId) => admission.limit(route, work, callerId),
    largeLimit: (callerId) => admission.limit(route, "large", callerId),
    checkKey: keyCheckOf(route),
  };
}

function mount(deps: GatewayDeps, candidates: readonly Route[]): Handler {
  const { keys, guard, allowOrigins, admission } = deps;
  const entries = new Map(candidates.map((route) => [route, entryOf(route, admission)]));
  const first = present(candidates[0], "a route");
  const greedy = candidates.some(({ pattern }) => patternsOf(pattern).length > 1);
  const only = candidates.length === 1 ? entries.get(first) : undefined;
  const choose = routeChooser(candidates);

  const begin = (request: Request, exchange: EdgeExchange): Promise<Response> | Response => {
    const { headers } = request;
    try {
      checkUrl(request.url);
      const origin = guard(headers);
      if (origin !== undefined && allowOrigins.includes(origin)) exchange.origin = origin;
      const caller = keys.authenticate(headers);
      exchange.caller = caller;
      const entry = only ?? present(entries.get(choose(request)), "an entry");
      const { route } = entry;
      authorize(caller, route.scope);
      refuseUnmasked(caller, route.name);
      if (greedy) checkUnfolded(request, route.pattern);
      entry.checkKey?.(request.url, caller);
      exchange.route = route;
      const large = entry.bodied && !entry.raw && isLarge(headers);
      exchange.limit = large ? entry.largeLimit(caller.id) : (entry.quick ?? entry.limit(caller.id));
      // Refused before its body is read, a request costs least.
      if (exchange.limit.full) return exchange.refuse();
      if (large || entry.raw) return receive(entry, request, exchange);
      return entry.lasting === false ? route.handle(request, exchange) : last(entry, request, exchange);
    } catch (thrown) {
      return exchange.fail(thrown, first);
    }
  };

  return (request, server) => {
    const exchange = new EdgeExchange(request, request.headers, deps, server);
    if (!admission.lags(exchange.started)) return begin(request, exchange);
    exchange.route = first;
    return exchange.outlast(admission.defer(request)).then(
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
    const body = await awaitBodyStart(request);
    await exchange.admit();
    const timed = body.request((seconds) => exchange.setTimeoutS(seconds));
    const handled = entry.lasting === false ? route.handle(timed, exchange) : last(entry, timed, exchange);
    return await handled;
  } catch (thrown) {
    return exchange.fail(thrown, route);
  }
}

/** A reply that goes on keeps its place until its end. */
async function last({ route, lasting }: Entry, request: Request, exchange: EdgeExchange): Promise<Response> {
  const leave = (): void => exchange.leave();
  exchange.stays = lasting;
  // A reply to a client that has gone already is neither read nor given up.
  if (lasting === true) onAbort(exchange.lateSignal(), leave);
  const response = await route.handle(request, exchange);
  if (!exchange.stays) return response;
  if (lasting === "maybe") onAbort(exchange.lateSignal(), leave);
  return timedReply(response, (seconds) => exchange.setTimeoutS(seconds), leave);
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
  /** What bounds it. */
  limit: ConcurrencyLimit | undefined;
  /** Keeps its place when its reply begins; `maybe` until the reply shows whether it is events. */
  stays: boolean | "maybe" = false;
  /** The page that asks, where it is of another origin that may. */
  origin: string | undefined;
  readonly #request: Request;
  readonly #server: Server | undefined;
  #inside = false;
  #refused: RefusalReason | undefined;
  /** What was asked for by a request that was not let in. */
  #denied: Route | undefined;
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

  /** Sets the timeout of its connection: seconds until it is cut off, 0 for never. */
  setTimeoutS(seconds: number): void {
    this.#server?.timeout(this.#request, seconds);
  }

  peer(): string | undefined {
    return this.#server?.requestIP(this.#request)?.address;
  }

  admit(): Promise<void> | undefined {
    const { limit, route } = this;
    // From here on the house is at work, and may be silent for long.
    if (route !== undefined && isSlow(route)) this.setTimeoutS(0);
    if (limit === undefined || this.#inside) return undefined;
    this.#inside = limit.enter();
    const room = this.#inside ? undefined : this.#waitFor(limit);
    return route === undefined || route.scope === "read" ? room : this.#mayAnswer(room);
  }

  async #waitFor(limit: ConcurrencyLimit): Promise<void> {
    await this.outlast(limit.wait(this.#request));
    this.#inside = true;
  }

  /**
   * Rejects when this request's connection is gone. The platform closes a connection on which more arrives behind a
   * request before its reply (a pipelined request, a stray line end), and finds that out in the turn after it began
   * this one. A change that was made then could not be acknowledged, so it is not made.
   */
  async #mayAnswer(room: Promise<void> | undefined): Promise<void> {
    await room;
    await nextTurn();
    if (this.#request.signal.aborted) throw GONE;
  }

  /** The reply to a request that failed at the edge, in the shape of its route's surface where it has a route. */
  fail(thrown: unknown, route?: Route): Response {
    if (thrown instanceof Denied) {
      this.#refused = thrown.reason;
      this.#denied = route;
      this.caller ??= thrown.caller;
    }
    const fault = toFault(thrown);
    fault.origin ??= "gateway";
    return (this.route ?? route)?.fault(fault, this) ?? faultResponse(fault, this, "gateway");
  }

  refuse(): Response {
    this.#countRefusal();
    return this.route?.fault(REFUSED, this) ?? faultResponse(REFUSED, this, "gateway");
  }

  #countRefusal(): void {
    this.#refused = "busy";
    this.#deps.admission.refused(this.route?.name ?? "gateway");
  }

  /** Waits for room, which costs the operation of its time; throws when there is none. */
  async outlast(wait: Wait | undefined): Promise<void> {
    const since = performance.now();
    if (wait === undefined || !(await wait)) {
      this.#countRefusal();
      throw REFUSED;
    }
    const timeoutMs = this.timeoutMs ?? this.route?.timeoutMs;
    if (timeoutMs === undefined || timeoutMs === Infinity) return;
    this.timeoutMs = timeoutMs - (performance.now() - since);
  }

  leave(): void {
    if (!this.#inside) return;
    this.#inside = false;
    this.limit?.leave();
    this.limit = undefined;
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
    if (this.stays === "maybe") this.stays = headers["content-type"] === EVENT_STREAM;
    if (!this.stays) this.leave();
    const { route } = this;
    this.#deps.audit.record({
      route: (route ?? this.#denied)?.name,
      method: this.#request.method,
      status,
      caller: this.caller?.id,
      requestId: this.requestId,
      tookMs,
      refused: this.#refused ?? (status === FORBIDDEN ? "rule" : undefined),
    });
    if (route === undefined) return;
    if (isSlow(route)) this.setTimeoutS(IDLE_TIMEOUT_S);
    this.#deps.meter.record(route, status, tookMs);
    this.#deps.onReply?.(route.name, status, tookMs, this.requestId, this.traceparent);
    // Refusals are many and alike: admission logs them now and then.
    if (status >= 500 && this.#refused === undefined) {
      this.#deps.log.warn("request failed", { route: route.name, status, request_id: this.requestId });
    }
  }
}

/** A service's own rule refused it: a statement that may not be, a file of another folder. */
const FORBIDDEN = 403;

/** Nobody is there to read it. */
const GONE = new Fault("cancelled", "The connection was closed before the request could be answered.", {
  origin: "gateway",
});

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Hundredths of a millisecond; `toFixed` takes ten times as long. */
function millis(ms: number): string {
  return String(Math.round(ms * 100) / 100);
}

/** W3C Trace Context, version 00. */
const TRACEPARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** One at a time: requests that come meanwhile are given the same. So looking at a house costs it no more than it can bear. */
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
  const { keys, audit, health, meter, neighbourMetrics, admission } = deps;
  const lookAtHealth = shared(async () =>
    JSON.stringify(await houseHealth(health, () => admission.queues())),
  );
  const gather = shared(async () => {
    const queues = figureMetrics("gateway", { queues: admission.queues() });
    const own = [...meter.snapshot(), ...admissionMetrics(admission), ...auditMetrics(audit), ...queues];
    return metricsText([own, ...(await neighbourMetrics())]);
  });
  // Made when it is first asked for: it takes longer than all else of the gateway's start.
  let description: Promise<string> | undefined;
  const json = { "content-type": "application/json" };
  const known = (c: Context, answer: () => Response | Promise<Response>): Response | Promise<Response> => {
    try {
      authorize(keys.authenticate(c.req.raw.headers), "read");
      return answer();
    } catch (thrown) {
      return refuse(c, deps, thrown);
    }
  };

  app.get("/health", () => {
    const { problem } = keys;
    const detail = problem === undefined ? {} : { detail: `Every call is refused: ${problem}` };
    return Response.json({ status: "ok", service: "gateway", ...detail });
  });
  app.get("/v1/health", (c) => known(c, async () => finished(c, deps, await lookAtHealth(), json)));
  app.get("/metrics", (c) =>
    known(c, async () => {
      return finished(c, deps, await gather(), {
        "content-type": "text/plain; version=0.0.4; charset=utf-8",
      });
    }),
  );
  app.get("/openapi.json", async (c) => {
    description ??= apiDescription(health.version).then((api) => JSON.stringify(api));
    return finished(c, deps, await description, json);
  });
  for (const path of ["/docs", "/docs/*"]) {
    app.get(path, (c) => docsPage(c.req.path) ?? c.notFound());
  }
  for (const path of ["/", "/ui", "/ui/*"]) {
    app.get(path, async (c) => {
      const encodings = c.req.header("accept-encoding") ?? "";
      return (await consolePage(c.req.path, encodings)) ?? c.notFound();
    });
  }
}

function finished(c: Context, deps: GatewayDeps, body: string, headers: Record<string, string>): Response {
  const all = { ...headers };
  new EdgeExchange(c.req.raw, c.req.raw.headers, deps).seal(all, 200);
  return new Response(body, { headers: all });
}

function refuse(c: Context, deps: GatewayDeps, thrown: unknown): Response {
  return new EdgeExchange(c.req.raw, c.req.raw.headers, deps).fail(thrown);
}

// Stops the gateway's server without failing a request that was accepted. Stopping a Bun server cuts kept connections
// that are idle at that moment, among them those whose next request is already on its way. So the listening socket stops
// accepting first, and every reply is marked `connection: close`; a client that has read that sends no further request.
// Connections end by themselves then, and one that stays silent all along has no request in flight.

import { onAbort } from "#lib/abort";
import { listeningSocket, portCensus } from "#lib/listening-socket";
import { Fault } from "#rpc/fault";
import { drainServer } from "#rpc/listen";
import type { Route } from "#rpc/route";
import { closing, type RequestHandler, type ServerHandlers } from "./take-over-proxy.ts";

/** A connection that was silent for that long during the drain has no request on its way. */
const SILENT_MS = 100;
const POLL_MS = 10;

/** Stops a server that answers with `handlers`, in at most `drainMs`. */
export async function drainGracefully(
  server: Bun.Server<unknown>,
  handlers: ServerHandlers,
  drainMs: number,
): Promise<void> {
  const started = performance.now();
  const port = server.port ?? 0;
  listeningSocket(port)?.dropNewConnections();
  server.reload(
    mapHandlers(handlers, (handle) => async (request, server) => closing(await handle(request, server))),
  );
  let silentSince = started;
  while (performance.now() - started < drainMs) {
    // What waited in the accept queue is accepted by now.
    await Bun.sleep(POLL_MS);
    const now = performance.now();
    if (server.pendingRequests > 0) silentSince = now;
    else if (now - silentSince > SILENT_MS || hasNoConnections(port)) break;
  }
  await drainServer(server, started + drainMs - performance.now());
}

function hasNoConnections(port: number): boolean {
  const census = portCensus(port);
  return census?.accepted === 0 && census.queued === 0;
}

function mapHandlers(
  { routes, fetch }: ServerHandlers,
  change: (handle: RequestHandler) => RequestHandler,
): ServerHandlers {
  const changed: Record<string, Record<string, RequestHandler>> = {};
  for (const [pattern, methods] of Object.entries(routes)) {
    changed[pattern] = Object.fromEntries(
      Object.entries(methods).map(([method, handle]) => [method, change(handle)]),
    );
  }
  return { routes: changed, fetch: change(fetch) };
}

/**
 * The same route, whose event streams end when `stopping` fires. A stream that only watches (GET) may go on for hours
 * and is not waited for: it ends with a fault `unavailable`, and the client that follows it asks again.
 */
export function endingOn(route: Route, stopping: AbortSignal): Route {
  const { handle } = route;
  if (route.reply !== "events" || route.method !== "GET") return route;
  return {
    ...route,
    handle: async (request, exchange) => {
      const { body, status, headers } = await handle(request, exchange);
      if (body === null || status !== 200) return new Response(body, { status, headers });
      const fault = new Fault("unavailable", "The house is stopping or being replaced. Ask again.", {
        origin: "gateway",
      });
      const lastEvent = `event: fault\ndata: ${JSON.stringify(fault.body(exchange.requestId))}\n\n`;
      return new Response(endedBy(stopping, body, lastEvent), { status, headers });
    },
  };
}

function endedBy(
  signal: AbortSignal,
  source: ReadableStream<Uint8Array>,
  lastEvent: string,
): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  const stopped = Promise.withResolvers<"stopped">();
  const forget = onAbort(signal, () => stopped.resolve("stopped"));
  return new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const step = await Promise.race([reader.read(), stopped.promise]);
      if (step !== "stopped" && !step.done) return controller.enqueue(step.value);
      forget();
      if (step === "stopped") {
        controller.enqueue(new TextEncoder().encode(lastEvent));
        void reader.cancel().catch(() => undefined);
      }
      controller.close();
    },
    cancel: (reason) => {
      forget();
      return reader.cancel(reason);
    },
  });
}

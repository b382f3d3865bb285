// What a gateway answers while its house is being replaced. The new one holds requests until its own services are
// ready; the old one, once it has released the data folder, sends requests that still arrive over its open connections
// on to the new one, and closes each connection with the reply. So no client is refused: it waits a little longer.

import type { Guard } from "#edge/guard";
import { CALL_HEADERS, type Exchange, faultResponse, requestIdOf } from "#rpc/exchange";
import { Fault } from "#rpc/fault";
import { endToEnd, proxy, proxyFault, returnedBody } from "#rpc/proxy";

export type RequestHandler = (request: Request, server: Bun.Server<unknown>) => Promise<Response> | Response;

/** What `Bun.serve` answers with: by path and method, and everything else. */
export interface ServerHandlers {
  readonly routes: Record<string, Record<string, RequestHandler>>;
  readonly fetch: RequestHandler;
}

export interface TakeOverProxy extends ServerHandlers {
  /** Requests that wait for the other gateway's reply. */
  readonly inFlight: () => number;
}

/** Requests that wait at once; more are refused with `unavailable`. As many as the gateway works on. */
const IN_FLIGHT_MAX = 4096;

/** Names the processes that proxied a request: with no other gateway at the address it would come back endlessly. */
const PROXIED_HEADER = "x-lakehouse-passed";
const SELF = crypto.randomUUID();

/**
 * Sends every request to `address` once `ready` resolves: whichever gateway gets new connections there is the one that
 * serves. Rejects with `ready`.
 */
export function takeOverProxy(
  address: string,
  guard: Guard,
  ready: Promise<void> = Promise.resolve(),
): TakeOverProxy {
  let inFlight = 0;
  const holdAndForward = async (request: Request): Promise<Response> => {
    guard(request.headers);
    if (request.headers.get(PROXIED_HEADER)?.includes(SELF) === true)
      throw proxyFault(undefined, request, AWAY);
    if (inFlight > IN_FLIGHT_MAX) throw new Fault("unavailable", "Too many requests at once.");
    inFlight += 1;
    try {
      await ready;
      return closing(await forwardTo(address, request));
    } finally {
      inFlight -= 1;
    }
  };
  return {
    inFlight: () => inFlight,
    routes: { "/health": { GET: waitingHealth } },
    fetch: async (request, server) => {
      // The other gateway limits how long it takes.
      server.timeout(request, 0);
      try {
        return await holdAndForward(request);
      } catch (thrown) {
        return closing(faultResponse(thrown, exchangeOf(request), "gateway"));
      }
    },
  };
}

/** A liveness probe is not held, and its reply tells that this process does not serve. */
function waitingHealth(): Response {
  return closing(Response.json({ status: "waiting", service: "gateway" }));
}

/** Marks a reply as the last one of its connection; the server then closes it. */
export function closing(response: Response): Response {
  response.headers.set("connection", "close");
  return response;
}

async function forwardTo(url: string, request: Request): Promise<Response> {
  const headers = endToEnd(request.headers);
  headers.append(PROXIED_HEADER, SELF);
  let response: Response;
  try {
    // A kept connection may be closed by a gateway that stops, under a request that cannot be sent twice.
    response = await proxy(request, { to: { url }, headers, keepalive: false });
  } catch (thrown) {
    throw proxyFault(thrown, request, AWAY);
  }
  const replyHeaders = endToEnd(response.headers);
  replyHeaders.delete("date");
  const body = await returnedBody(response, request);
  return new Response(body, { status: response.status, headers: replyHeaders });
}

const AWAY = "The house is being replaced and does not answer yet.";

function exchangeOf(request: Request): Exchange {
  const requestId = requestIdOf(request.headers);
  return { requestId, seal: (headers) => (headers[CALL_HEADERS.requestId] = requestId) };
}

// What a door does with requests while its house is being replaced. The new house holds them until it owns the data
// folder; the old one, once it gave the folder up, passes on what still comes over the connections it has, and each
// such reply ends its connection. So nobody is turned away in between: who asked waits a little longer.

import type { Guard } from "#edge/guard";
import { CALL_HEADERS, type Exchange, faultResponse, requestIdOf } from "#rpc/serve";
import { Fault } from "#rpc/fault";

export type Answer = (request: Request, server: Bun.Server<unknown>) => Promise<Response> | Response;

/** What a server answers with: by path and method, and everything else. */
export interface Answers {
  readonly routes: Record<string, Record<string, Answer>>;
  readonly fetch: Answer;
}

export interface Passing extends Answers {
  /** Requests that wait for the other house to answer. */
  readonly underWay: () => number;
}

/** Requests that wait at once; more are told to come back. As many as the gateway works on. */
const PASSING_MAX = 4096;

/** By whom a request was passed on: with nobody else at the door it would come back for ever. */
const PASSED_HEADER = "x-lakehouse-passed";
const SELF = crypto.randomUUID();

/**
 * Answers by asking again at `address`, once `ready`: whoever answers new connections there is the house that serves.
 */
export function passing(address: string, guard: Guard, ready: Promise<void> = Promise.resolve()): Passing {
  let underWay = 0;
  const pass = async (request: Request): Promise<Response> => {
    guard(request.headers);
    if (request.headers.get(PASSED_HEADER)?.includes(SELF) === true) throw awayFault();
    if (underWay > PASSING_MAX) throw new Fault("unavailable", "Too many requests at once.");
    underWay += 1;
    try {
      await ready;
      return lastReply(await askAgain(address, request));
    } finally {
      underWay -= 1;
    }
  };
  return {
    underWay: () => underWay,
    routes: { "/health": { GET: alive } },
    fetch: async (request, server) => {
      // How long the other house takes is for the other house to limit.
      server.timeout(request, 0);
      try {
        return await pass(request);
      } catch (thrown) {
        return lastReply(faultResponse(thrown, exchangeOf(request), "gateway"));
      }
    },
  };
}

/** Whoever looks whether this process lives is not kept waiting, and sees that it does not serve. */
function alive(): Response {
  return lastReply(Response.json({ status: "waiting", service: "gateway" }));
}

/** Tells the client that this reply is the last one on its connection; the server then closes it. */
export function lastReply(response: Response): Response {
  response.headers.set("connection", "close");
  return response;
}

/** Headers that belong to one connection (RFC 9110, section 7.6.1). */
const ONE_HOP = ["connection", "keep-alive", "transfer-encoding", "upgrade", "te"];

async function askAgain(address: string, request: Request): Promise<Response> {
  const { url, method } = request;
  const headers = new Headers(request.headers);
  for (const name of ONE_HOP) headers.delete(name);
  headers.append(PASSED_HEADER, SELF);
  let reply: Response;
  try {
    reply = await fetch(address + url.slice(url.indexOf("/", url.indexOf("://") + 3)), {
      method,
      headers,
      body: request.body,
      signal: request.signal,
      // A kept connection may break under a request that cannot be sent twice.
      keepalive: false,
      timeout: false,
      decompress: false,
      redirect: "manual",
    } as RequestInit);
  } catch (thrown) {
    if (request.signal.aborted) throw new Fault("cancelled", "The caller went away.");
    throw awayFault(thrown);
  }
  const bare = reply.status === 204 || reply.status === 304 || method === "HEAD";
  const replyHeaders = new Headers(reply.headers);
  for (const name of [...ONE_HOP, "date"]) replyHeaders.delete(name);
  return new Response(bare ? null : reply.body, { status: reply.status, headers: replyHeaders });
}

function awayFault(cause?: unknown): Fault {
  return new Fault("unavailable", "The house is being replaced and does not answer yet.", {
    cause,
    retryAfterMs: 1000,
  });
}

function exchangeOf(request: Request): Exchange {
  const requestId = requestIdOf(request.headers);
  return { requestId, seal: (headers) => (headers[CALL_HEADERS.requestId] = requestId) };
}

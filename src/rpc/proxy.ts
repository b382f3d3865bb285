// The one proxy: sends a request on to another server as it is and gives back that server's response. The gateway uses
// it to forward to daemons, and a gateway that is being replaced to forward to the next one. What goes with the request
// and what of the response is kept is decided by the caller; what no proxy may get wrong stands here: hop-by-hop headers,
// bodies that must not be sent twice, statuses without a body, and what a failed connection means.

import { Fault } from "./fault.ts";
import type { Address } from "./remote.ts";

export interface Onward {
  readonly to: Address;
  /** Path and query; those of the request unless given. */
  readonly target?: string;
  readonly headers: Record<string, string> | Headers;
  /** What was read of it already; undefined streams the request's own. */
  readonly body?: Body | string;
  /** False dials afresh: for a request that must not meet a connection which is being closed. */
  readonly keepalive?: boolean;
}

export type Body = ArrayBuffer | ReadableStream<Uint8Array> | null;

/** Up to this size a body is buffered on a hop, which is cheaper than piping it. */
const BUFFERED_BYTES_MAX = 256 * 1024;

/** Rejects with what `fetch` threw: see `proxyFault`. The response's body is still encoded as it came. */
export function proxy(request: Request, onward: Onward): Promise<Response> {
  const { to, headers, body, keepalive = true } = onward;
  const base = "unix" in to ? "http://localhost" : to.url;
  return fetch(base + (onward.target ?? targetOf(request.url)), {
    method: request.method,
    headers,
    body: body === undefined ? request.body : body,
    signal: request.signal,
    keepalive,
    // The platform gives up after 300 s of silence; deadlines decide.
    timeout: false,
    decompress: false,
    redirect: "manual",
    ...("unix" in to ? { unix: to.unix } : {}),
  } as RequestInit);
}

function targetOf(url: string): string {
  return url.slice(url.indexOf("/", url.indexOf("://") + 3));
}

/**
 * A request's body as it goes on: in memory when it is small and declared, else a stream. Bytes in memory are sent again
 * by the platform when a kept connection breaks; a PUT may carry a condition that its own first sending would then
 * fail, so it always goes out as a stream, which is sent once.
 */
export async function onwardBody(request: Request): Promise<Body> {
  const declared = request.headers.get("content-length");
  const bytes = declared === null ? undefined : Number(declared);
  if (bytes === 0) return null;
  if (bytes === undefined || !(bytes <= BUFFERED_BYTES_MAX)) return request.body;
  const held = await request.arrayBuffer();
  return request.method === "PUT" ? new Blob([held]).stream() : held;
}

/** A response's body as it goes back: small ones whole, none where HTTP has none (HEAD, 204, 304). */
export async function returnedBody(response: Response, { method }: Request): Promise<Body> {
  if (response.status === 204 || response.status === 304 || method === "HEAD") return null;
  const small = Number(response.headers.get("content-length") ?? Infinity) <= BUFFERED_BYTES_MAX;
  return small ? response.arrayBuffer() : response.body;
}

/** Headers that belong to one connection (RFC 9110, section 7.6.1). */
export const HOP_BY_HOP: readonly string[] = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** A copy without those, and without what its `connection` header names. */
export function endToEnd(headers: Headers): Headers {
  const kept = new Headers(headers);
  const named = headers.get("connection")?.split(",") ?? [];
  for (const name of [...HOP_BY_HOP, ...named.map((word) => word.trim())]) if (name !== "") kept.delete(name);
  return kept;
}

/** Why no response came: the client went away, or `unavailable` with the caller's words. A Fault stays what it is. */
export function proxyFault(thrown: unknown, request: Request, unavailable: string, origin?: string): Fault {
  if (thrown instanceof Fault) return thrown;
  if (request.signal.aborted) return new Fault("cancelled", "The caller went away.", { origin });
  return new Fault("unavailable", unavailable, { cause: thrown, origin, retryAfterMs: RETRY_AFTER_MS });
}

/** A process that died, or is being replaced, is back by then. */
const RETRY_AFTER_MS = 1000;

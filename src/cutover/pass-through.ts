// A request to a dialect's route as it goes on to an upstream: method, path, query, headers and body as they came, less what
// belongs to this connection or to this house. Both bodies are streamed. A failed upstream is 502, with no silent fallback.

import { readFile } from "node:fs/promises";
import { BACKEND_HEADER } from "#rpc/backend";
import type { Exchange } from "#rpc/exchange";
import { Fault } from "#rpc/fault";
import { endToEnd, onwardBody, proxyFault, returnedBody } from "#rpc/proxy";
import type { Upstream } from "./ledger/ledger.ts";

/** What is this house's own and never goes on: above all the credential that let the caller in. */
const OURS: ReadonlySet<string> = new Set([
  "authorization",
  "proxy-authorization",
  "x-api-key",
  "cookie",
  "host",
  "traceparent",
  "tracestate",
  "x-timeout-ms",
  "retry-after-ms",
  "x-request-id",
]);
const OUR_PREFIX = "x-lakehouse-";
/** Silence after which the platform closes a connection: lifted while the upstream works, which may take minutes. */
const IDLE_TIMEOUT_S = 30;

/** The path below the dialect's prefix as it was sent, behind the upstream's own sub-path. */
export function upstreamUrl({ url }: Pick<Upstream, "url">, request: string, prefix: string): string {
  const sent = request.slice(request.indexOf("/", request.indexOf("://") + 3));
  const below = sent.startsWith(prefix) ? sent.slice(prefix.length) : sent;
  return `${url.replace(/\/+$/, "")}${below.startsWith("/") ? below : `/${below}`}`;
}

async function onwardHeaders(upstream: Upstream, request: Request, exchange: Exchange): Promise<Headers> {
  const headers = endToEnd(request.headers);
  for (const name of request.headers.keys()) {
    if (OURS.has(name) || name.startsWith(OUR_PREFIX)) headers.delete(name);
  }
  const before = headers.get("x-forwarded-for");
  const peer = exchange.peer?.();
  const hops = [before, peer].filter((hop) => hop !== null && hop !== undefined);
  if (hops.length > 0) headers.set("x-forwarded-for", hops.join(", "));
  // A proxy before this house knows the outer host and protocol.
  const host = request.headers.get("host");
  if (host !== null && !headers.has("x-forwarded-host")) headers.set("x-forwarded-host", host);
  if (!headers.has("x-forwarded-proto")) {
    headers.set("x-forwarded-proto", new URL(request.url).protocol.replace(":", ""));
  }
  headers.set("x-request-id", exchange.requestId);
  if (upstream.key_file !== undefined) headers.set("authorization", `Bearer ${await keyOf(upstream)}`);
  return headers;
}

async function keyOf({ name, key_file = "" }: Upstream): Promise<string> {
  try {
    return (await readFile(key_file, "utf8")).trim();
  } catch (thrown) {
    throw new Fault("unavailable", `The key file of the upstream ${name} cannot be read.`, { cause: thrown });
  }
}

export interface Passed {
  readonly response: Response;
  /** From the first byte sent to the head of the reply. */
  readonly ms: number;
  /** Both bodies where they were small enough to be held, for whoever compares. */
  readonly sent: ArrayBuffer | null | undefined;
  readonly received: ArrayBuffer | null | undefined;
}

/** Throws `upstream` when it cannot be reached. */
export async function passThrough(
  upstream: Upstream,
  prefix: string,
  request: Request,
  exchange: Exchange,
): Promise<Passed> {
  const headers = await onwardHeaders(upstream, request, exchange);
  const body = await onwardBody(request);
  const room = exchange.admit?.();
  if (room !== undefined) await room;
  exchange.setTimeoutS?.(0);
  const started = performance.now();
  let response: Response;
  try {
    response = await fetch(upstreamUrl(upstream, request.url, prefix), {
      method: request.method,
      headers,
      body,
      signal: request.signal,
      // The platform gives up after 300 s of silence; the caller and the upstream decide.
      timeout: false,
      decompress: false,
      redirect: "manual",
    } as RequestInit);
  } catch (thrown) {
    const fault = proxyFault(thrown, request, "");
    if (fault.code === "cancelled") throw fault;
    throw new Fault("upstream", `The upstream ${upstream.name} at ${upstream.url} cannot be reached.`, {
      cause: thrown,
    });
  }
  const ms = performance.now() - started;
  exchange.waited?.(ms);
  const returned = endToEnd(response.headers);
  for (const name of ["date", "x-request-id", "server-timing"]) returned.delete(name);
  const held = await returnedBody(response, request);
  // What streams may be silent for long; what is held is on its way.
  if (!(held instanceof ReadableStream)) exchange.setTimeoutS?.(IDLE_TIMEOUT_S);
  returned.set(BACKEND_HEADER, upstream.name);
  const ours: Record<string, string> = { "content-type": returned.get("content-type") ?? "" };
  exchange.seal(ours, response.status);
  delete ours["content-type"];
  // Several cookies stay several: they are not copied through a record.
  for (const [name, value] of Object.entries(ours)) returned.set(name, value);
  return {
    response: new Response(held, { status: response.status, headers: returned }),
    ms,
    sent: body instanceof ReadableStream ? undefined : body,
    received: held instanceof ReadableStream ? undefined : held,
  };
}

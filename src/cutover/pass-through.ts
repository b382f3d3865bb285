// A request to a dialect's route as it goes on to an upstream: method, path, query, headers and body as they came, less what
// belongs to this connection or to this house. Both bodies are streamed. A failed upstream is 502, with no silent fallback.

import { readFile } from "node:fs/promises";
import { BACKEND_HEADER } from "#rpc/backend";
import type { Exchange } from "#rpc/exchange";
import { Fault } from "#rpc/fault";
import { endToEnd, onwardBody, proxyFault, returnedBody } from "#rpc/proxy";
import type { Upstream } from "./ledger.ts";

/** What is this house's own and never goes on. */
const OURS = ["authorization", "x-api-key", "cookie", "host", "x-lakehouse-dialect", "x-lakehouse-caller"];

/** The path below the dialect's prefix, behind the upstream's own sub-path. */
export function upstreamUrl({ url }: Pick<Upstream, "url">, request: string, prefix: string): string {
  const { pathname, search } = new URL(request);
  const below = pathname.startsWith(prefix) ? pathname.slice(prefix.length) : pathname;
  return `${url.replace(/\/+$/, "")}${below.startsWith("/") ? below : `/${below}`}${search}`;
}

export async function passThrough(
  upstream: Upstream,
  prefix: string,
  request: Request,
  exchange: Exchange,
): Promise<Response> {
  const headers = endToEnd(request.headers);
  const host = request.headers.get("host");
  for (const name of OURS) headers.delete(name);
  if (host !== null) headers.set("x-forwarded-host", host);
  headers.set("x-forwarded-proto", new URL(request.url).protocol.replace(":", ""));
  headers.set("x-request-id", exchange.requestId);
  if (upstream.key_file !== undefined) {
    headers.set("authorization", `Bearer ${(await readFile(upstream.key_file, "utf8")).trim()}`);
  }
  const body = await onwardBody(request);
  const room = exchange.admit?.();
  if (room !== undefined) await room;
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
  exchange.waited?.(performance.now() - started);
  const all: Record<string, string> = {};
  endToEnd(response.headers).forEach((value, name) => {
    if (name !== "date" && name !== "x-request-id") all[name] = value;
  });
  all[BACKEND_HEADER] = upstream.name;
  exchange.seal(all, response.status);
  return new Response(await returnedBody(response, request), { status: response.status, headers: all });
}

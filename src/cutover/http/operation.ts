// One operation of the cutover over HTTP. All of them need the scope admin: they change, or show, what answers all callers.

import type { Method } from "#rpc/contract";
import { type Exchange, faultResponse } from "#rpc/exchange";
import { readJsonValue } from "#rpc/input/input";
import { foreignRoute, type Route } from "#rpc/route";

const BODY_BYTES_MAX = 64 * 1024;

/** JSON, a text that is Markdown, or a reply of its own. */
export type Work = (body: unknown, exchange: Exchange, request: Request) => Promise<unknown>;

export function operation(name: string, method: Method, pattern: string, work: Work): Route {
  return foreignRoute<unknown>({
    name: `cutover.${name}`,
    method,
    pattern,
    scope: "admin",
    work: "quick",
    body: "json",
    reply: "json",
    timeoutMs: 15_000,
    bodyBytesMax: BODY_BYTES_MAX,
    internal: false,
    read: (request) =>
      method === "GET" ? Promise.resolve(undefined) : readJsonValue(request, BODY_BYTES_MAX),
    answer: async (body, exchange, request) => {
      const output = await work(body, exchange, request);
      if (output instanceof Response) return output;
      const isText = typeof output === "string";
      const headers: Record<string, string> = {
        "content-type": isText ? "text/markdown; charset=utf-8" : "application/json",
      };
      exchange.seal(headers, 200);
      return new Response(isText ? output : JSON.stringify(output), { headers });
    },
    fault: (fault, exchange) => faultResponse(fault, exchange, "gateway"),
  });
}

/** Who asks: the key, and the name that its holder gives. */
export function actorOf({ caller }: Exchange, said: string | undefined): string {
  const id = caller?.id ?? "local";
  return said === undefined || said === id ? id : `${said} (${id})`;
}

/** The last segment of a path, or the one before it. */
export function segment(request: Request, fromEnd = 1): string {
  return decodeURIComponent(new URL(request.url).pathname.split("/").at(-fromEnd) ?? "");
}

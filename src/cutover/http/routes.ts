// The cutover's own operations over HTTP, for programs and the console: what the CLI does, with the caller's key as the
// actor. They change who answers all callers, so they need the scope admin.

import { z } from "zod";
import { type Exchange, faultResponse } from "#rpc/exchange";
import { parseInput } from "#rpc/input/invalid-input";
import { readJsonValue } from "#rpc/input/input";
import type { Method } from "#rpc/contract";
import { foreignRoute, type Route } from "#rpc/route";
import type { Cutover } from "../cutover.ts";
import { type GateLimits, gateLimits, limitsOf } from "../gates/limits.ts";
import { asMarkdown } from "../report.ts";
import { STATES, upstream } from "../ledger/ledger.ts";
import { statusOf } from "../ledger/status.ts";

const BODY_BYTES_MAX = 64 * 1024;

const flip = z.strictObject({
  route: z.string(),
  to: z.enum(STATES),
  percent: z.number().optional(),
  tenant: z.string().optional(),
  until: z.iso.datetime({ offset: true }).optional(),
  why: z.string().max(2000).default(""),
  /** A name beside the caller's key, as the command line gives it. */
  actor: z.string().min(1).max(200).optional(),
  force: z.boolean().default(false),
});

/** JSON, or a text that is Markdown. */
type Work = (body: unknown, exchange: Exchange, request: Request) => Promise<unknown>;

function operation(name: string, method: Method, pattern: string, work: Work): Route {
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

export function cutoverRoutes(cutover: Cutover): Route[] {
  const status: Work = async () => {
    const ledger = await cutover.ledger();
    return { routes: statusOf(ledger, Date.now()), upstreams: ledger.upstreams };
  };
  return [
    operation("status", "GET", "/v1/cutover", status),
    operation("flip", "POST", "/v1/cutover/flip", async (body, exchange, request) => {
      const { why, actor: said, ...given } = parseInput(flip, body ?? {}) as z.infer<typeof flip>;
      const id = exchange.caller?.id ?? "local";
      const actor = said === undefined || said === id ? id : `${said} (${id})`;
      await cutover.flip({ ...given, actor, reason: why });
      return status(undefined, exchange, request);
    }),
    operation("gates", "PUT", "/v1/cutover/gates", async (body) => {
      const { gates } = await cutover.setGates(
        parseInput(gateLimits.partial(), body ?? {}) as Partial<GateLimits>,
      );
      return { gates: limitsOf(gates) };
    }),
    operation("report", "GET", "/v1/cutover/report", async (_, _exchange, request) => {
      const routes = await cutover.report();
      const format = new URL(request.url).searchParams.get("format");
      return format === "markdown" ? asMarkdown(routes, Date.now()) : { routes };
    }),
    operation("upstreams", "GET", "/v1/cutover/upstreams", async () => {
      const { upstreams } = await cutover.ledger();
      return { upstreams };
    }),
    operation("addUpstream", "POST", "/v1/cutover/upstreams", async (body) => {
      const { upstreams } = await cutover.addUpstream(
        parseInput(upstream, body ?? {}) as z.infer<typeof upstream>,
      );
      return { upstreams };
    }),
    operation("removeUpstream", "DELETE", "/v1/cutover/upstreams/:name", async (_, _exchange, request) => {
      const name = new URL(request.url).pathname.split("/").at(-1) ?? "";
      const { upstreams } = await cutover.removeUpstream(decodeURIComponent(name));
      return { upstreams };
    }),
  ];
}

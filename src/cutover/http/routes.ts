// The cutover's own operations over HTTP, for programs and the console: what the CLI does, with the caller's key as the
// actor. They change who answers all callers, so they need the scope admin.

import { z } from "zod";
import { parseInput } from "#rpc/input/invalid-input";
import type { Route } from "#rpc/route";
import type { Cutover } from "../cutover.ts";
import { type GateLimits, gateLimits, limitsOf } from "../gates/limits.ts";
import { asMarkdown } from "../report.ts";
import { STATES, upstream } from "../ledger/ledger.ts";
import { statusOf } from "../ledger/status.ts";
import { actorOf, operation, segment, type Work } from "./operation.ts";
import { dualRoutes } from "./dual-routes.ts";
import { recordingRoutes } from "./recording-routes.ts";

const flip = z.strictObject({
  route: z.string(),
  to: z.enum(STATES),
  percent: z.number().optional(),
  /** Of a primary: the upstream is asked the same behind it, and compared. */
  shadow: z.literal("upstream").optional(),
  tenant: z.string().optional(),
  until: z.iso.datetime({ offset: true }).optional(),
  why: z.string().max(2000).default(""),
  /** A name beside the caller's key, as the command line gives it. */
  actor: z.string().min(1).max(200).optional(),
  force: z.boolean().default(false),
});

export function cutoverRoutes(cutover: Cutover): Route[] {
  const status: Work = async () => {
    const ledger = await cutover.ledger();
    return { routes: statusOf(ledger, Date.now()), upstreams: ledger.upstreams };
  };
  return [
    operation("status", "GET", "/v1/cutover", status),
    operation("flip", "POST", "/v1/cutover/flip", async (body, exchange, request) => {
      const { why, actor: said, ...given } = parseInput(flip, body ?? {}) as z.infer<typeof flip>;
      await cutover.flip({ ...given, actor: actorOf(exchange, said), reason: why });
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
      const { upstreams } = await cutover.removeUpstream(segment(request));
      return { upstreams };
    }),
    ...recordingRoutes(cutover.recordings),
    ...dualRoutes(cutover.dual),
  ];
}

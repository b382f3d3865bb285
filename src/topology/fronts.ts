// Foreign surfaces: routes that are mounted beside the house's contracts, at paths and with bodies and faults of their
// own. Each calls the services as a neighbour would and cannot tell in which topology it runs.

import type { Settings } from "#config";
import type { House } from "#contracts/house";
import { openCutover } from "#cutover/cutover";
import { routeName } from "#cutover/route-name";
import { cutoverRoutes } from "#cutover/routes";
import { go } from "#dialects/go";
import { dialectRoutes, routeNames } from "#dialects/mount";
import { openai } from "#dialects/openai";
import { rust } from "#dialects/rust";
import { distillFront } from "#distill/runs/front";
import type { Log } from "#lib/log";
import { type McpOptions, mcpFront } from "#mcp/http";
import { answeredHere } from "#rpc/backend";
import type { Route } from "#rpc/route";
import { VERSION } from "./version.ts";

export interface FrontsContext {
  readonly house: House;
  /** The house's own routes, through which a dialect goes. */
  readonly own: readonly Route[];
  readonly settings: Settings;
  readonly log: Log;
}

export interface Surfaces {
  readonly routes: readonly Route[];
  /** Called when no request of theirs is in flight any more, while the services still answer. */
  close(): Promise<void>;
}

export type Fronts = (context: FrontsContext) => Surfaces;

/** Routes that the cutover decides about, as people write them. */
export const CUTOVER_ROUTES: readonly string[] = [go, rust].flatMap(routeNames).map(routeName);

/** Every surface that the house speaks besides its own. */
export const fronts: Fronts = (context) => frontsWith(context, {});

/** The same, with more on its MCP server. */
export function frontsWith(
  { house, own, settings, log }: FrontsContext,
  mcpOptions: Pick<McpOptions, "extend">,
): Surfaces {
  const closing = new AbortController();
  const cutover = openCutover({
    settings,
    journal: house.journald,
    log,
    routes: CUTOVER_ROUTES,
    closing: closing.signal,
  });
  const distillation = distillFront({
    data: settings.data,
    captureMode: settings.capture,
    own,
    checkOutputs: settings.check_outputs,
    log: log.with({ service: "distill" }),
  });
  const mcp = mcpFront({
    house: { ...house, distill: distillation.service },
    version: VERSION,
    log,
    ...mcpOptions,
  });
  return {
    routes: [
      ...mcp.routes,
      ...distillation.routes,
      ...cutoverRoutes(cutover),
      ...dialectRoutes(openai, own, answeredHere),
      ...dialectRoutes(go, own, cutover.answer({ name: "go", prefix: go.prefix })),
      ...dialectRoutes(rust, own, cutover.answer({ name: "rust", prefix: rust.prefix })),
    ],
    close: async () => {
      closing.abort();
      await mcp.close();
      await distillation.close();
    },
  };
}

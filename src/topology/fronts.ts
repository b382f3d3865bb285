// Foreign surfaces: routes that are mounted beside the house's contracts, at paths and with bodies and faults of their
// own. Each calls the services as a neighbour would and cannot tell in which topology it runs.

import type { Settings } from "#config";
import type { House } from "#contracts/house";
import { backendFor } from "#cutover/choose-backend";
import { type LiveLedger, ledgerPath, openLedger } from "#cutover/ledger-file";
import type { Dialect } from "#dialects/dialect";
import { go } from "#dialects/go";
import { dialectRoutes } from "#dialects/mount";
import { openai } from "#dialects/openai";
import { rust } from "#dialects/rust";
import { systemClock } from "#lib/clock";
import type { Log } from "#lib/log";
import { type McpOptions, mcpFront } from "#mcp/http";
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

/** Every surface that the house speaks besides its own. */
export const fronts: Fronts = (context) => frontsWith(context, {});

/** The same, with more on its MCP server. */
export function frontsWith(
  { house, own, settings, log }: FrontsContext,
  mcpOptions: Pick<McpOptions, "extend">,
): Surfaces {
  let ledger: Promise<LiveLedger> | undefined;
  const current = async (): Promise<ReturnType<LiveLedger["current"]>> =>
    (await (ledger ??= openLedger(ledgerPath(settings.data), log, () => undefined))).current();
  const behindLedger = (dialect: Dialect): Route[] =>
    dialectRoutes(dialect, own, async (...request) =>
      backendFor(dialect, { ledger: await current(), clock: systemClock })(...request),
    );
  const mcp = mcpFront({ house, version: VERSION, log, ...mcpOptions });
  return {
    routes: [
      ...mcp.routes,
      ...dialectRoutes(openai, own, () => ({ by: "house" })),
      ...behindLedger(go),
      ...behindLedger(rust),
    ],
    close: async () => {
      (await ledger)?.close();
      await mcp.close();
    },
  };
}

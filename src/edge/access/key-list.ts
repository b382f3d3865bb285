// The gateway's own operations: the list of API keys, which only this process reads.

import { gateway } from "#contracts/gateway";
import { implement } from "#rpc/local";
import type { Route } from "#rpc/route";
import { routes } from "#rpc/serve";
import type { LiveKeys } from "./live-keys.ts";

export function gatewayRoutes(keys: Pick<LiveKeys, "list">): readonly Route[] {
  return routes(implement(gateway, "gateway", { keys: () => ({ keys: keys.list() }) }));
}

// Foreign surfaces: routes that are mounted beside the house's contracts, at paths and with bodies and faults of their
// own. Each calls the services as a neighbour would and cannot tell in which topology it runs.

import type { House } from "#contracts/house";
import { mcpRoutes } from "#mcp/http";
import type { Route } from "#rpc/route";
import { VERSION } from "./version.ts";

export type Fronts = (house: House) => readonly Route[];

/** Every surface that the house speaks besides its own. */
export const fronts: Fronts = (house) => [...mcpRoutes(house, VERSION)];

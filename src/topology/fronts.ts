// Foreign surfaces: routes that are mounted beside the house's contracts, at paths and with bodies and faults of their
// own. Each calls the services as a neighbour would and cannot tell in which topology it runs.

import type { House } from "#contracts/house";
import { go } from "#dialects/go";
import { dialectRoutes } from "#dialects/mount";
import { openai } from "#dialects/openai";
import { rust } from "#dialects/rust";
import { mcpRoutes } from "#mcp/http";
import type { Route } from "#rpc/route";
import { VERSION } from "./version.ts";

/** `own` are the house's own routes, through which a dialect goes. */
export type Fronts = (house: House, own: readonly Route[]) => readonly Route[];

/** Every surface that the house speaks besides its own. */
export const fronts: Fronts = (house, own) => [
  ...mcpRoutes(house, VERSION),
  ...dialectRoutes(openai, own, () => ({ by: "house" })),
  ...dialectRoutes(go, own, () => ({ by: "house" })),
  ...dialectRoutes(rust, own, () => ({ by: "house" })),
];

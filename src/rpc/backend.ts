// Who answers a request to a foreign route: the house, another system in its place, or nobody. Dialects ask for it, the
// cutover decides it, and neither knows the other.

import type { Exchange } from "./exchange.ts";
import type { Fault } from "./fault.ts";

/** On every reply of a foreign route: `native`, or the name of the upstream that answered. */
export const BACKEND_HEADER = "x-lakehouse-backend";

export type Backend =
  | { readonly by: "house" }
  | { readonly by: "nobody"; readonly fault: Fault }
  | {
      readonly by: "upstream";
      readonly pass: (request: Request, exchange: Exchange) => Promise<Response>;
    };

/** `route` is `go:matrixd.search`. */
export type ChooseBackend = (
  route: string,
  request: Request,
  exchange: Exchange,
) => Backend | Promise<Backend>;

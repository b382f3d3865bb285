// A call of a foreign surface, and what decides which system answers it: this house, or an older one that it replaces.
// Dialects make the calls, the cutover answers them, and neither knows the other.

import type { Exchange } from "./exchange.ts";
import type { Route } from "./route.ts";

/**
 * On every reply of a foreign surface: `native`, or the name of the upstream that answered. On a request of a caller with the
 * scope admin it says which of the two answers, whatever else is decided: `native` or `upstream`.
 */
export const BACKEND_HEADER = "x-lakehouse-backend";

/** A route of a foreign surface, with this house's own reply beside the one that is decided about. */
export interface BackedRoute extends Route {
  readonly native: ForeignCall["native"];
}

export interface ForeignCall {
  /** `go:matrixd.search`; `go:*` for what is in no table. */
  readonly route: string;
  readonly request: Request;
  readonly exchange: Exchange;
  /** Declared to read and to be idempotent: it may be made twice. */
  readonly reads: boolean;
  /** This house's reply, in the surface's own bytes. Never rejects. */
  native(request: Request, exchange: Exchange): Promise<Response>;
}

/** May reject with a Fault, which the surface writes in its own bytes. */
export type AnswerForeign = (call: ForeignCall) => Response | Promise<Response>;

/** Always this house. */
export const answeredHere: AnswerForeign = ({ native, request, exchange }) => native(request, exchange);

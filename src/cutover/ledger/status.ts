// The matrix of routes and states, as people and programs read it.

import { type Entry, type Ledger, standings } from "./ledger.ts";

export interface RouteStatus {
  readonly route: string;
  /** Empty for all. */
  readonly tenant: string;
  readonly state: string;
  readonly percent?: number;
  /** What is compared behind a primary. */
  readonly shadow?: "upstream";
  readonly since: string;
  readonly until?: string;
  readonly actor: string;
  readonly reason: string;
}

/** A line for each whole dialect, and one for each route and tenant that stands otherwise. */
export function statusOf(ledger: Ledger, now: number): RouteStatus[] {
  const standing = standings(ledger);
  const wholes = (["go", "rust"] as const).map((dialect): RouteStatus => {
    const route = `${dialect}:*`;
    const { state, entry } = standing(route, "", now);
    if (entry !== undefined) return lineOf(entry);
    const upstream = ledger.upstreams.find((one) => one.dialect === dialect);
    const reason = upstream === undefined ? "no upstream" : `upstream ${upstream.name} at ${upstream.url}`;
    return { route, tenant: "", state, since: "", actor: "", reason };
  });
  const others = new Map<string, RouteStatus>();
  for (const one of ledger.entries) {
    const { route, tenant = "" } = one;
    if (route.endsWith(":*") && tenant === "") continue;
    const current = standing(route, tenant, now).entry;
    if (current?.id === one.id) others.set(`${route} ${tenant}`, lineOf(one));
  }
  return [...wholes, ...others.values()];
}

function lineOf(entry: Entry): RouteStatus {
  const { route, tenant = "", state, percent, shadow, at, until, actor, reason } = entry;
  return {
    route,
    tenant,
    state,
    ...(percent === undefined ? {} : { percent }),
    ...(shadow === undefined ? {} : { shadow }),
    since: at,
    ...(until === undefined ? {} : { until }),
    actor,
    reason,
  };
}

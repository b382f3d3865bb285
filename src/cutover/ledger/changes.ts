// Changes of the ledger, as pure functions: a flip, an upstream more or less, a dialect that this house answers alone.

import { didYouMean } from "#lib/nearest";
import { Fault } from "#rpc/fault";
import { compacted, entry, type Ledger, ROUTE, type State, type Upstream, upstream } from "./ledger.ts";

export interface Flip {
  readonly route: string;
  readonly to: State;
  readonly tenant?: string | undefined;
  readonly percent?: number | undefined;
  readonly shadow?: "upstream" | undefined;
  readonly until?: string | undefined;
  readonly actor: string;
  readonly reason: string;
}

export interface FlipContext {
  readonly now: number;
  /** Of the entry, and of its event in the journal. */
  readonly id: string;
  /** Routes that there are, as `go:matrix.search`; undefined takes any. */
  readonly routes?: readonly string[] | undefined;
  /** Dialects whose upstream is set by the environment. */
  readonly elsewhere?: readonly string[];
}

/** Replaced entries that stay in the file for people to look at; the journal keeps all. */
const ENTRIES_MAX = 1000;

export function flipped(before: Ledger, flip: Flip, context: FlipContext): Ledger {
  const { route, to, tenant, percent, shadow, until, actor, reason } = flip;
  checkRoute(route, context.routes);
  if ((to === "canary") !== (percent !== undefined)) {
    throw wrong(
      "percent",
      "goes with canary alone",
      "A percentage goes with canary, and canary with a percentage.",
    );
  }
  if (shadow !== undefined && to !== "primary") {
    throw wrong("shadow", "goes with primary alone", "The upstream is compared behind a primary alone.");
  }
  if (until !== undefined && !(Date.parse(until) > context.now)) {
    throw wrong(
      "until",
      "is not in the future",
      `${until} is over already: until is a time to come, in RFC 3339.`,
    );
  }
  checkUpstream(before, flip, context);
  const made = entry.safeParse({
    id: context.id,
    route,
    state: to,
    actor,
    reason,
    at: new Date(context.now).toISOString(),
    ...(tenant === undefined ? {} : { tenant }),
    ...(percent === undefined ? {} : { percent }),
    ...(shadow === undefined ? {} : { shadow }),
    ...(until === undefined ? {} : { until }),
  });
  if (!made.success) {
    const [issue] = made.error.issues;
    const path = issue?.path.join(".") ?? "";
    throw wrong(path, issue?.message ?? "is not valid", `${path}: ${issue?.message ?? "is not valid"}.`);
  }
  return compacted({ ...before, entries: [...before.entries, made.data] }, ENTRIES_MAX);
}

function checkRoute(route: string, routes: readonly string[] | undefined): void {
  if (!ROUTE.test(route)) {
    throw wrong(
      "route",
      "is not a route",
      `${route} is no route: it is DIALECT:SERVICE.OPERATION, as in go:matrix.search, or DIALECT:*.`,
    );
  }
  if (routes === undefined || route.endsWith(":*") || routes.includes(route)) return;
  throw wrong("route", "is not a route", `There is no route ${route}.${didYouMean(route, routes)}`);
}

/** What passes through needs somewhere to go. */
function checkUpstream(
  { upstreams }: Ledger,
  { route, to, shadow }: Flip,
  { elsewhere = [] }: FlipContext,
): void {
  if (to !== "pass-through" && to !== "shadow" && to !== "canary" && shadow === undefined) return;
  const [dialect = ""] = route.split(":");
  if (elsewhere.includes(dialect) || upstreams.some((one) => one.dialect === dialect)) return;
  throw new Fault(
    "conflict",
    `${shadow === undefined ? to : "shadow"} needs an upstream of the ${dialect} dialect. Add one with: lakehouse cutover upstream add NAME URL --dialect ${dialect}`,
  );
}

function wrong(path: string, message: string, sentence: string): Fault {
  return new Fault("invalid", sentence, { details: [{ path, message }] });
}

/** An upstream of that name takes the place of the one before. */
export function withUpstream(before: Ledger, given: Upstream): Ledger {
  const parsed = upstream.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const path = issue?.path.join(".") ?? "url";
    throw wrong(
      path,
      issue?.message ?? "is not valid",
      `The upstream's ${path} ${issue?.message ?? "is not valid"}.`,
    );
  }
  const others = before.upstreams.filter(({ name }) => name !== given.name);
  const rival = others.find(({ dialect }) => dialect === given.dialect);
  if (rival !== undefined) {
    throw new Fault(
      "conflict",
      `The ${given.dialect} dialect has the upstream ${rival.name} already. Remove it first.`,
    );
  }
  return { ...before, upstreams: [...others, parsed.data] };
}

export function withoutUpstream(before: Ledger, name: string): Ledger {
  if (!before.upstreams.some((one) => one.name === name)) {
    throw new Fault("not_found", `There is no upstream ${name}.`);
  }
  return { ...before, upstreams: before.upstreams.filter((one) => one.name !== name) };
}

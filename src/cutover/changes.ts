// Changes of the ledger, as pure functions: a flip, an upstream more or less, a dialect that this house answers alone.

import { Fault } from "#rpc/fault";
import { type Entry, type Ledger, ROUTE, type State, type Upstream, upstream } from "./ledger.ts";

export interface Flip {
  readonly route: string;
  readonly to: State;
  readonly tenant?: string | undefined;
  readonly percent?: number | undefined;
  readonly until?: string | undefined;
  readonly actor: string;
  readonly reason: string;
}

export function flipped(before: Ledger, flip: Flip, { now, id }: { now: number; id: string }): Ledger {
  const { route, to, tenant, percent, until, actor, reason } = flip;
  const [dialect] = route.split(":");
  if (!ROUTE.test(route)) {
    throw new Fault(
      "invalid",
      `${route} is no route: it is DIALECT:SERVICE.OPERATION, as in go:matrix.search, or DIALECT:*.`,
      {
        details: [{ path: "route", message: "is not a route" }],
      },
    );
  }
  if ((to === "canary") !== (percent !== undefined)) {
    throw new Fault("invalid", "A percentage goes with canary, and canary with a percentage.", {
      details: [{ path: "percent", message: "goes with canary alone" }],
    });
  }
  const needsUpstream = to === "pass-through" || to === "shadow" || to === "canary";
  if (needsUpstream && !before.upstreams.some((one) => one.dialect === dialect)) {
    throw new Fault(
      "conflict",
      `${to} needs an upstream of the ${dialect} dialect. Add one with: lakehouse cutover upstream add NAME URL --dialect ${dialect}`,
    );
  }
  const made: Entry = {
    id,
    route,
    state: to,
    actor,
    reason,
    at: new Date(now).toISOString(),
    ...(tenant === undefined ? {} : { tenant }),
    ...(percent === undefined ? {} : { percent }),
    ...(until === undefined ? {} : { until }),
  };
  return { ...before, entries: [...before.entries, made] };
}

/** An upstream of that name takes the place of the one before. */
export function withUpstream(before: Ledger, given: Upstream): Ledger {
  const parsed = upstream.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const path = issue?.path.join(".") ?? "url";
    throw new Fault("invalid", `The upstream's ${path} ${issue?.message ?? "is not valid"}.`, {
      details: [{ path, message: issue?.message ?? "is not valid" }],
    });
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

// Which routes are written twice, as the ledger says it: pure reads and changes of it.

import type { NewEvent } from "#contracts/journal";
import { didYouMean } from "#lib/nearest";
import { Fault } from "#rpc/fault";
import type { Ledger } from "../ledger/ledger.ts";
import { DUAL_CHANGES_MAX, type DualChange, dualChange } from "./dual-write.ts";

/** Whether writes of a route go to both sides: the newest change of it, or of its whole dialect, counts. */
export function isDual({ dual_writes = [] }: Ledger, route: string): boolean {
  const all = `${route.slice(0, route.indexOf(":"))}:*`;
  return dual_writes.findLast((one) => one.route === route || one.route === all)?.on ?? false;
}

/** Those that are on, by the name under which they were set. */
export function dualRoutes({ dual_writes = [] }: Ledger): DualChange[] {
  return dual_writes.filter(
    (one, at) =>
      one.on &&
      !dual_writes
        .slice(at + 1)
        .some(
          ({ route }) => route === one.route || route === `${one.route.slice(0, one.route.indexOf(":"))}:*`,
        ),
  );
}

/** `writes` are the routes that are not declared to read. */
export function withDualWrites(before: Ledger, change: DualChange, writes: readonly string[]): Ledger {
  const made = dualChange.safeParse(change);
  if (!made.success) {
    const message = made.error.issues[0]?.message ?? "is not valid";
    throw new Fault("invalid", `route: ${message}.`, { details: [{ path: "route", message }] });
  }
  const { route } = made.data;
  if (!route.endsWith(":*") && !writes.includes(route)) {
    throw new Fault(
      "invalid",
      `${route} is no route that writes: what reads is compared in shadow.${didYouMean(route, writes)}`,
      {
        details: [{ path: "route", message: "is no route that writes" }],
      },
    );
  }
  const all = [...(before.dual_writes ?? []), made.data];
  // Of those that were replaced the oldest go first.
  const kept = all.filter(
    (one, at) =>
      at >= all.length - DUAL_CHANGES_MAX / 2 ||
      !all.slice(at + 1).some((later) => later.route === one.route),
  );
  return { ...before, dual_writes: kept.slice(-DUAL_CHANGES_MAX) };
}

export function dualEvent({ id, route, on, actor, reason, at }: DualChange): NewEvent {
  return { id, type: "cutover.dual_writes_set", subject: route, actor, at, data: { on, reason } };
}

// Whether a route may go to `canary` or `primary`: every comparison of it must hold its gates. Without an upstream there is
// nothing to compare with, and nothing to refuse.

import type { Random } from "#lib/random";
import { Fault } from "#rpc/fault";
import type { Flip } from "../ledger/changes.ts";
import { type Ledger, standings } from "../ledger/ledger.ts";
import type { Tally } from "../shadow/tally.ts";
import { type Gate, gatesOf } from "./gates.ts";
import { limitsOf } from "./limits.ts";

/** Of entries that the rollback made. */
export const ROLLBACK_ACTOR = "rollback";
/** After a rollback the cause is looked for first. */
const COOL_DOWN_MS = 600_000;

export interface Judged {
  readonly route: string;
  readonly tenant: string;
  readonly gates: readonly Gate[];
}

/** Those of a route, `go:*` all of the dialect; a tenant is judged by its own and by those of all. */
export function talliesFor(tallies: readonly Tally[], route: string, tenant: string | undefined): Tally[] {
  const dialect = route.endsWith(":*") ? route.slice(0, -1) : undefined;
  return tallies
    .filter((one) => (dialect === undefined ? one.route === route : one.route.startsWith(dialect)))
    .filter((one) => tenant === undefined || one.tenant === "" || one.tenant === tenant);
}

export async function judge(
  tallies: readonly Tally[],
  ledger: Ledger,
  now: number,
  random: Random,
): Promise<Judged[]> {
  const limits = limitsOf(ledger.gates);
  const judged: Judged[] = [];
  for (const tally of tallies) {
    const { route, tenant } = tally;
    judged.push({ route, tenant, gates: await gatesOf(tally, limits, now, random) });
  }
  return judged;
}

/** Throws `conflict` with the number of every gate that does not hold. */
export async function admitFlip(
  flip: Flip & { readonly force: boolean },
  tallies: readonly Tally[],
  ledger: Ledger,
  now: number,
  random: Random,
): Promise<void> {
  const { route, to, force, reason } = flip;
  if (to !== "canary" && to !== "primary") return;
  const [dialect = ""] = route.split(":");
  if (!ledger.upstreams.some((one) => one.dialect === dialect)) return;
  // What answers stays as it is.
  if (to === "primary" && standings(ledger)(route, flip.tenant ?? "", now).state === "primary") return;
  if (force) {
    if (reason.trim() !== "") return;
    throw new Fault("invalid", "force needs why: the reason is kept with the change.", {
      details: [{ path: "why", message: "is needed beside force" }],
    });
  }
  const problems = await problemsOf(flip, tallies, ledger, now, random);
  if (problems.length === 0) return;
  throw new Fault(
    "conflict",
    `${route} cannot go to ${to} yet: ${problems.map(({ message }) => message).join("; ")}. Compare longer, or force it and say why.`,
    { details: problems },
  );
}

async function problemsOf(
  { route, tenant }: Flip,
  tallies: readonly Tally[],
  ledger: Ledger,
  now: number,
  random: Random,
): Promise<{ path: string; message: string }[]> {
  const back = ledger.entries.findLast((one) => one.actor === ROLLBACK_ACTOR && one.route === route);
  if (back !== undefined && Date.parse(back.at) > now - COOL_DOWN_MS) {
    return [{ path: "rollback", message: `it was rolled back at ${back.at} (${back.reason})` }];
  }
  const judged = await judge(talliesFor(tallies, route, tenant), ledger, now, random);
  if (judged.length === 0)
    return [{ path: "shadow", message: "nothing was compared: flip it to shadow first" }];
  return judged.flatMap((one) =>
    one.gates
      .filter(({ ok }) => !ok)
      .map(({ name, text }) => ({
        path: name,
        message: one.route === route ? text : `${one.route}: ${text}`,
      })),
  );
}

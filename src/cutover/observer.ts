// What the cutover learns from the calls that pass: comparisons behind the upstream's replies, and whether this house, where it
// answers, stays within its band. A route that leaves it goes back to `shadow` by itself.

import type { Clock } from "#lib/clock";
import type { Log } from "#lib/log";
import { seeded } from "#lib/random";
import { traceOf } from "#rpc/fault";
import type { CutoverObserver } from "./answer.ts";
import type { Flip } from "./ledger/changes.ts";
import { ROLLBACK_ACTOR, talliesFor } from "./gates/admit.ts";
import { quantile } from "./gates/statistics.ts";
import type { Entry } from "./ledger/ledger.ts";
import { CONFIRM_MS, createWatch, type Watch } from "./rollback.ts";
import type { Shadow } from "./shadow/shadow.ts";

const FAILED = 500;
/** Verdicts of a busy route are this far apart: one sorts the newest calls, and a rollback comes within a second. */
const JUDGED_EVERY_MS = 20;

export interface ObserverDeps {
  readonly shadow: Shadow;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether there is an upstream to go back to. */
  readonly hasUpstream: (route: string) => boolean;
  readonly flip: (flip: Flip) => Promise<unknown>;
}

interface Watched {
  readonly entry: string;
  readonly watch: Watch;
  /** It went back. */
  back: boolean;
  judgedAt: number;
}

export function createObserver({ shadow, clock, log, hasUpstream, flip }: ObserverDeps): CutoverObserver {
  const watches = new Map<string, Watched>();

  const watchOf = (route: string, entry: Entry): Watched => {
    const key = `${route} ${entry.tenant ?? ""}`;
    const known = watches.get(key);
    if (known?.entry === entry.id) return known;
    const pairs = talliesFor(shadow.tallies(), route, entry.tenant).flatMap((tally) => tally.pairs);
    const reference =
      pairs.length === 0
        ? undefined
        : quantile(
            pairs.map(([there]) => there),
            0.99,
          );
    const made = { entry: entry.id, watch: createWatch(reference), back: false, judgedAt: -Infinity };
    watches.set(key, made);
    return made;
  };

  const judge = (route: string, entry: Entry, spaced: boolean): void => {
    const watched = watchOf(route, entry);
    const now = clock.now();
    // A clock that is set back must not keep it from judging.
    const soon = spaced && Math.abs(now - watched.judgedAt) < JUDGED_EVERY_MS;
    if (watched.back || soon) return;
    watched.judgedAt = now;
    const reason = watched.watch.verdict(now);
    if (reason === undefined) return;
    watched.back = true;
    const back: Flip = { route, to: "shadow", tenant: entry.tenant, actor: ROLLBACK_ACTOR, reason };
    log.warn("a route goes back to its upstream", { route, reason });
    flip(back).catch((error: unknown) => {
      // The next call that is outside of the band tries again.
      watched.back = false;
      log.error("a route could not go back to its upstream", { route, ...traceOf(error) });
    });
  };

  return {
    passed: (route, entry, call, passed, again) => shadow.offer(route, entry, call, passed, again),
    compared: (route, entry, call, answered, upstream) =>
      shadow.offerOwn(route, entry, call, answered, upstream),
    answered: (route, entry, status, ms) => {
      // A route without a service has no operation to go back with.
      if (!hasUpstream(route) || route.endsWith(":*")) return;
      const failed = status >= FAILED;
      watchOf(route, entry).watch.note({ at: clock.now(), failed, ms });
      judge(route, entry, true);
      // Also when no further call comes to show it.
      if (failed) setTimeout(() => judge(route, entry, false), CONFIRM_MS + 1).unref();
    },
  };
}

/** For samples, where any sequence does. */
export function sampling(): ReturnType<typeof seeded> {
  return seeded(Date.now());
}

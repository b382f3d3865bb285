// Which requests are let in, and when; the gateway (../gateway.ts) refuses the others. A house that is asked for more
// than it can do answers what it can, at its usual speed, and tells the rest to come back, which costs it next to
// nothing. Two things bound that:
//
// Concurrency limits, one for each service and kind of work, so that a service that hangs holds up nobody but its own
// callers; costly and long work is limited for each caller, so that one of them cannot take it all. And the event-loop
// lag probe, which says how late this process is: requests that arrive while it lags are deferred unread.
//
// A request that finds no room waits for half a second, or a second for what takes long, and no more (wait-queue.ts). One
// that waited in vain is told so then and not at once, because a client that is refused asks again, and the refusals would
// eat what is left. Where there is room nothing of this costs more than a comparison and a count.

import type { QueueFigures } from "#lib/figures";
import type { Log } from "#lib/log";
import type { Work } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import type { Route } from "#rpc/route";
import type { LagProbe } from "./lag-probe.ts";
import { type Wait, WaitQueue } from "./wait-queue.ts";

/** The work that a route declares; `large` is a body of JSON that is held in memory, whatever its route. */
type Kind = Work | "large";

interface Limits {
  readonly atOnceMax: number;
  readonly waitingMax: number;
  readonly waitMsMax: number;
}

/** What most requests are far below; the bodies of 5,000 slow senders are 320 MiB then. */
const SMALL_BYTES_MAX = 64 * 1024;
/** As long as a person takes a reply to be at once, more or less; a refused client asks no oftener than that. */
const WAIT_MS_MAX = 500;
/** For what takes seconds anyway. */
const LONG_WAIT_MS_MAX = 1000;
/** With this much lateness, and as much again for requests that are deferred, /health is answered within 50 ms. */
const LAG_MS_MAX = 10;
/** Requests that are deferred while the process lags: some KiB each. */
const DEFERRED_MAX = 4096;
/** How often waiting requests are looked at. */
const LOOK_MS = 10;
/**
 * What a look counts as waited at most. In one long turn of this process nobody could be let in, and whoever waited then
 * has not waited in vain.
 */
const LOOK_COUNTED_MS_MAX = 5 * LOOK_MS;
/** So many deferred requests are let in at a look: some 3 ms of work, after which the probe is asked again. */
const DEFERRED_PER_LOOK = 64;
/**
 * And so many while it lags still. What holds it up may be no request at all: a file that is read, a machine that is
 * shared. A few requests make that no worse, and a client that asks alone is never refused for it.
 */
const DEFERRED_PER_LOOK_MIN = 8;
const RETRY_AFTER_MS = 1000;
const LOG_PAUSE_MS = 10_000;

const LIMITS: Readonly<Record<Kind, Limits>> = {
  // At a tenth of a millisecond each some 6 ms of work, and as many connections as are kept open to a daemon.
  quick: { atOnceMax: 64, waitingMax: 4096, waitMsMax: WAIT_MS_MAX },
  // The service has a queue that is fair among callers, and this is a caller's share of it.
  bulk: { atOnceMax: 64, waitingMax: 2048, waitMsMax: LONG_WAIT_MS_MAX },
  // Each holds a connection to its service, and buffers of some 100 KiB.
  stream: { atOnceMax: 128, waitingMax: 64, waitMsMax: WAIT_MS_MAX },
  // Goes to disk as it comes; more only wait for the same disk.
  upload: { atOnceMax: 64, waitingMax: 64, waitMsMax: LONG_WAIT_MS_MAX },
  // Held in memory: the largest has 64 MiB, so all of a caller's have 1 GiB.
  large: { atOnceMax: 16, waitingMax: 64, waitMsMax: LONG_WAIT_MS_MAX },
};

/** As its queues are named where they are shown. */
const QUEUE_WORDS: Readonly<Record<Kind, string>> = {
  quick: "requests to",
  bulk: "long work of",
  stream: "streams of",
  upload: "uploads to",
  large: "large requests to",
};

/** One for all: at many thousands a second a stack for each is what would cost most. */
export const REFUSED = new Fault(
  "unavailable",
  "More is asked of this house than it can do. Ask again later.",
  {
    origin: "gateway",
    retryAfterMs: RETRY_AFTER_MS,
  },
);

/** True for a body that may not come in one piece: large, or of a length that nobody said. */
export function isLarge(headers: Headers): boolean {
  const declared = headers.get("content-length");
  return declared === null ? headers.has("transfer-encoding") : Number(declared) > SMALL_BYTES_MAX;
}

export interface ConcurrencyLimit {
  /** True when not even waiting is possible. */
  readonly full: boolean;
  /** True when there is room, which is taken then and given back with `leave`. */
  enter(): boolean;
  leave(): void;
  /** Waits for room; undefined when too many do already. */
  wait(request: Request): Wait | undefined;
  readonly figures: QueueFigures;
  /** Something was let in since the start. */
  readonly wasUsed: boolean;
}

export interface Admission {
  /** The limit of a kind of work of a route's service, for a caller. */
  limit(route: Route, kind: Kind, callerId: string): ConcurrencyLimit;
  /** True when a request that is looked at now should be deferred. */
  lags(now: number): boolean;
  /** Waits until the process has caught up; undefined when too many do already. */
  defer(request: Request): Wait | undefined;
  /** Counts a refusal. */
  refused(route: string): void;
  /** Refusals so far, by route. */
  readonly refusals: ReadonlyMap<string, number>;
  readonly lagMs: number;
  /** Those that were used, by service and kind of work; where each caller has a limit of its own, the fullest. */
  queues(): Readonly<Record<string, QueueFigures>>;
}

interface Named {
  readonly limit: ConcurrencyLimit;
  /** Of the limits of all callers that wait for the same. */
  readonly queue: string;
}

export function createAdmission(probe: LagProbe, log: Log): Admission {
  const limits = new Map<string, Named>();
  const deferred = new WaitQueue(DEFERRED_MAX);
  const queues = [deferred];
  const refusals = new Map<string, number>();
  let looking: ReturnType<typeof setInterval> | undefined;
  let lookedAt = 0;
  /** Milliseconds in which somebody waited and could have been let in: the time of all waits. */
  let waitedMs = 0;
  let unlogged = 0;
  let loggedAt = -Infinity;

  const look = (): void => {
    const now = performance.now();
    let room = isLate(now, LAG_MS_MAX / 2) ? DEFERRED_PER_LOOK_MIN : DEFERRED_PER_LOOK;
    while (room > 0 && deferred.admit()) room -= 1;
    waitedMs += Math.min(now - lookedAt, LOOK_COUNTED_MS_MAX);
    lookedAt = now;
    for (const queue of queues) queue.expire(waitedMs);
    if (queues.some(({ length }) => length > 0)) return;
    clearInterval(looking);
    looking = undefined;
  };
  const isLate = (now: number, limitMs: number): boolean =>
    probe.pendingMs(now) > limitMs || probe.lastMs > limitMs;
  const waitIn = (queue: WaitQueue, request: Request, waitMsMax: number): Wait | undefined => {
    if (looking === undefined) {
      lookedAt = performance.now();
      looking = setInterval(look, LOOK_MS);
    }
    return queue.wait(request, waitedMs + waitMsMax);
  };

  const create = ({ atOnceMax, waitingMax, waitMsMax }: Limits): ConcurrencyLimit => {
    const queue = new WaitQueue(waitingMax);
    queues.push(queue);
    let used = 0;
    let wasUsed = false;
    return {
      get full() {
        return queue.full;
      },
      enter: () => {
        if (used >= atOnceMax) return false;
        used += 1;
        wasUsed = true;
        return true;
      },
      leave: () => {
        if (queue.length === 0 || !queue.admit()) used -= 1;
      },
      wait: (request) => waitIn(queue, request, waitMsMax),
      get figures() {
        return {
          waiting: queue.length,
          waiting_max: waitingMax,
          running: used,
          running_max: atOnceMax,
        };
      },
      get wasUsed() {
        return wasUsed;
      },
    };
  };

  return {
    limit: ({ name }, kind, callerId) => {
      const service = name.slice(0, name.indexOf("."));
      const key = kind === "quick" ? service : `${service} ${kind} ${callerId}`;
      const known = limits.get(key);
      if (known !== undefined) return known.limit;
      const limit = create(LIMITS[kind]);
      limits.set(key, { limit, queue: `${QUEUE_WORDS[kind]} ${service}` });
      return limit;
    },
    lags: (now) => probe.pendingMs(now) > LAG_MS_MAX,
    defer: (request) => waitIn(deferred, request, WAIT_MS_MAX),
    refused: (route) => {
      refusals.set(route, (refusals.get(route) ?? 0) + 1);
      unlogged += 1;
      const now = performance.now();
      if (now - loggedAt < LOG_PAUSE_MS) return;
      log.warn("more is asked than can be done", { refused: unlogged });
      loggedAt = now;
      unlogged = 0;
    },
    refusals,
    get lagMs() {
      return probe.lastMs;
    },
    queues: () => {
      const found: Record<string, QueueFigures> = {
        "requests while it is late": { waiting: deferred.length, waiting_max: DEFERRED_MAX },
      };
      for (const { limit, queue } of limits.values()) {
        if (!limit.wasUsed) continue;
        const fullest = found[queue];
        if (fullest === undefined || fullness(fullest) < fullness(limit.figures))
          found[queue] = limit.figures;
      }
      return found;
    },
  };
}

function fullness({ waiting, running = 0 }: QueueFigures): number {
  return waiting + running;
}

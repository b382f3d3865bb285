// Who is let in, and when. A house that is asked for more than it can do answers what it can, at its usual pace,
// and tells the rest to come back, which costs it next to nothing. Two things are watched:
//
// Gates bound what is worked on at once, one gate for each service and kind of work, so that a service that hangs
// holds up nobody but its own callers; what is dear or long has a gate for each caller, so that one of them cannot
// take it all. The pulse bounds how late this process is: requests that arrive while it lags are put aside unread.
//
// Who finds no room waits for half a second, or a second for what takes long, and no more. The newest goes first: under
// load the others have waited too long already, and would be answered late each, one after another. Who waited in vain
// is told so then and not at once, because a client that is refused asks again, and the refusals would eat what is
// left. Where there is room nothing of this costs more than a comparison and a count.

import type { Log } from "#lib/log";
import type { Work } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import type { Route } from "#rpc/route";
import type { Pulse } from "./pulse.ts";

/** The work that a route declares; `large` is a body of JSON that is held in memory, whatever its route. */
type Kind = Work | "large";

interface GateLimits {
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
/** With this much lateness, and as much again for those who are put aside, /health is answered within 50 ms. */
const LAG_MS_MAX = 10;
/** Requests that are put aside while the process lags: some KiB each. */
const LATE_MAX = 4096;
/** How often those who wait are looked at. */
const SWEEP_MS = 10;
/** So many of the late are taken in a sweep: some 3 ms of work, after which the pulse is asked again. */
const LATE_PER_SWEEP = 64;
/**
 * And so many while it lags still. What holds it up may be no request at all: a file that is read, a machine that is
 * shared. A few requests make that no worse, and nobody who asks alone is ever refused for it.
 */
const LATE_PER_SWEEP_MIN = 8;
/** So many are refused in a sweep: they were put aside in one moment, and their replies would be another lag. */
const REFUSED_PER_SWEEP = 256;
const RETRY_AFTER_MS = 1000;
const LOG_PAUSE_MS = 10_000;

const LIMITS: Readonly<Record<Kind, GateLimits>> = {
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

/** Resolves to false when there was no room in time. */
export type Wait = Promise<boolean>;

interface Waiting {
  readonly until: number;
  readonly request: Request;
  readonly decide: (come: boolean) => void;
}

/** Those who wait for one thing, in the order in which they came. */
class Line {
  readonly #max: number;
  #waiting: Waiting[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  get length(): number {
    return this.#waiting.length;
  }

  get full(): boolean {
    return this.#waiting.length >= this.#max;
  }

  wait(request: Request, until: number): Wait | undefined {
    if (this.full) return undefined;
    return new Promise((decide) => this.#waiting.push({ until, request, decide }));
  }

  /** Lets the newest in who is still there; false when there is none. */
  admit(): boolean {
    for (let one = this.#waiting.pop(); one !== undefined; one = this.#waiting.pop()) {
      const gone = one.request.signal.aborted;
      one.decide(!gone);
      if (!gone) return true;
    }
    return false;
  }

  /** Refuses those whose time is over, the oldest first. */
  expire(now: number): void {
    let over = 0;
    while (over < REFUSED_PER_SWEEP && (this.#waiting[over]?.until ?? Infinity) <= now) over += 1;
    for (const { decide } of this.#waiting.splice(0, over)) decide(false);
  }
}

export interface Gate {
  /** True when nobody may even wait. */
  readonly full: boolean;
  /** True when there is room, which is taken then and given back with `leave`. */
  enter(): boolean;
  leave(): void;
  /** Waits for room; undefined when too many do already. */
  wait(request: Request): Wait | undefined;
}

export interface Admission {
  /** The gate of a kind of work of a route's service, for a caller. */
  gate(route: Route, kind: Kind, callerId: string): Gate;
  /** True when a request that is looked at now should be put aside. */
  lags(now: number): boolean;
  /** Waits until the process has caught up; undefined when too many do already. */
  putAside(request: Request): Wait | undefined;
  /** Counts a refusal. */
  refused(route: string): void;
  /** Refusals so far, by route. */
  readonly refusals: ReadonlyMap<string, number>;
  readonly lagMs: number;
}

export function createAdmission(pulse: Pulse, log: Log): Admission {
  const gates = new Map<string, Gate>();
  const late = new Line(LATE_MAX);
  const lines = [late];
  const refusals = new Map<string, number>();
  let sweeping: ReturnType<typeof setInterval> | undefined;
  let unsaid = 0;
  let saidAt = -Infinity;

  const sweep = (): void => {
    const now = performance.now();
    let room = isLate(now, LAG_MS_MAX / 2) ? LATE_PER_SWEEP_MIN : LATE_PER_SWEEP;
    while (room > 0 && late.admit()) room -= 1;
    for (const line of lines) line.expire(now);
    if (lines.some(({ length }) => length > 0)) return;
    clearInterval(sweeping);
    sweeping = undefined;
  };
  const isLate = (now: number, limitMs: number): boolean =>
    pulse.pendingMs(now) > limitMs || pulse.lastMs > limitMs;
  const waitIn = (line: Line, request: Request, waitMsMax: number): Wait | undefined => {
    sweeping ??= setInterval(sweep, SWEEP_MS);
    return line.wait(request, performance.now() + waitMsMax);
  };

  const open = ({ atOnceMax, waitingMax, waitMsMax }: GateLimits): Gate => {
    const line = new Line(waitingMax);
    lines.push(line);
    let used = 0;
    return {
      get full() {
        return line.full;
      },
      enter: () => {
        if (used >= atOnceMax) return false;
        used += 1;
        return true;
      },
      leave: () => {
        if (line.length === 0 || !line.admit()) used -= 1;
      },
      wait: (request) => waitIn(line, request, waitMsMax),
    };
  };

  return {
    gate: ({ name }, kind, callerId) => {
      const service = name.slice(0, name.indexOf("."));
      const key = kind === "quick" ? service : `${service} ${kind} ${callerId}`;
      const known = gates.get(key);
      if (known !== undefined) return known;
      const made = open(LIMITS[kind]);
      gates.set(key, made);
      return made;
    },
    lags: (now) => pulse.pendingMs(now) > LAG_MS_MAX,
    putAside: (request) => waitIn(late, request, WAIT_MS_MAX),
    refused: (route) => {
      refusals.set(route, (refusals.get(route) ?? 0) + 1);
      unsaid += 1;
      const now = performance.now();
      if (now - saidAt < LOG_PAUSE_MS) return;
      log.warn("more is asked than can be done", { refused: unsaid });
      saidAt = now;
      unsaid = 0;
    },
    refusals,
    get lagMs() {
      return pulse.lastMs;
    },
  };
}

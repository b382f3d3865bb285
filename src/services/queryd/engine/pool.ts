// The engines: child processes that are started when somebody asks, kept warm, and replaced when they died,
// were killed, grew, or answered enough. Each runs one statement at a time, so a lease on an engine is what a
// question waits for, and what it gives back exactly once.
//
// Nobody can tell how long a statement will run, and those that run for minutes must not keep out those that are
// answered at once. So there is one engine more than may run for long: it is lent in slices, to questions that can
// be begun anew, and who has not ended with its slice when another one waits goes to wait for a place that is not
// sliced. And whoever runs for long stands back when the processors are short.

import { join } from "node:path";
import { onAbort } from "#lib/abort";
import { NICE_USUAL, setNice } from "#lib/priority";
import { type Deadline, deadline } from "#lib/coarse-timer";
import type { Call } from "#rpc/call";
import { type Child, type ChildEnd, spawnChild } from "#rpc/child";
import type { Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { engine, type EngineSettings } from "./contract.ts";
import { type FairQueue, fairQueue } from "./fair-queue.ts";

export interface PoolSettings extends EngineSettings {
  /** Statements that may run at once for as long as they need; beside them one more, in slices. */
  readonly workersMax: number;
  /** Resident bytes at which an engine is killed. */
  readonly processBytesMax: number;
  /** Milliseconds of a slice: the longest that a short question waits for the engine beside the long ones. */
  readonly sliceMs: number;
  /** Milliseconds after which an engine that nobody needed is ended. */
  readonly idleMs: number;
  /** Statements after which an engine is replaced: whatever leaks, leaks no further. */
  readonly statementsMax: number;
}

export interface Lease {
  readonly engine: Service<typeof engine>;
  /** Goes with everything that is asked of the engine. */
  readonly turn: number;
  readonly waitedMs: number;
  /** Milliseconds that the statement may run before `mayGoOn` is asked, again and again; null where nobody does. */
  readonly sliceMs: number | null;
  /** False when the statement must give the engine back, and ask for a place without slices. */
  mayGoOn(): boolean;
  /** Resolves when the process is gone. */
  readonly gone: Promise<ChildEnd>;
  /** The statement is done. */
  end(): void;
  /** The statement may still be running: the engine is told to stop, and killed if it does not. */
  abandon(): void;
  /** The engine is not to be trusted any more. */
  discard(): void;
}

export interface Pool {
  /**
   * Waits for a free engine; `unavailable` when too many wait already, or none can be started. `restartable`: the
   * statement may be lent an engine for a slice, and begin anew elsewhere when that was too short.
   */
  lease(call: Pick<Call, "signal" | "caller">, restartable: boolean): Promise<Lease>;
  /** Engines that live, and questions that wait. */
  stats(): { engines: number; waiting: number; pids: number[] };
  close(): Promise<void>;
}

/** Some seconds of work for the engines; who comes later had better come again. */
const WAITING_MAX = 256;
const WAITING_PER_CALLER_MAX = 64;
/** Sent with a full queue: longer than a caller in the house waits by itself. */
const RETRY_AFTER_MS = 1000;
/** What an engine gets to stop in before it is killed. */
const STOP_MS_MAX = 200;
/** An engine that holds more than this share of its limit after a statement is replaced before the next. */
const GROWN_SHARE = 0.6;
/** After this long a statement is no question that somebody waits for without a thought of the time. */
const LONG_MS = 250;
/** A tenth of a share of the processor beside others, and all of it when nobody else wants any. */
const NICE_LONG = 10;
const ENTRY = join(import.meta.dir, "main.ts");

/** What an engine is doing: nothing, a statement for a slice, or one for as long as it needs. */
type Use = "idle" | "sliced" | "whole";

interface Slot {
  readonly child: Child<typeof engine>;
  statements: number;
  use: Use;
  dead: boolean;
  idleTimer: ReturnType<typeof setTimeout> | undefined;
  /** Until it stands back. */
  long: Deadline | undefined;
  nice: boolean;
}

interface Waiting {
  readonly resolve: (slot: Slot) => void;
  readonly reject: (fault: Fault) => void;
}

export function enginePool(settings: PoolSettings): Pool {
  const slots = new Set<Slot>();
  const limits = { max: WAITING_MAX, perCallerMax: WAITING_PER_CALLER_MAX };
  /** Who takes a slice too, and who needs an engine for as long as it takes. */
  const either = fairQueue<Waiting>(limits);
  const whole = fairQueue<Waiting>(limits);
  const enginesMax = settings.workersMax + 1;
  let starting = 0;
  let closed = false;

  const wholeIsFree = (): boolean => {
    let used = 0;
    for (const slot of slots) if (slot.use === "whole") used += 1;
    return used < settings.workersMax;
  };
  /** Who is served next, when an engine is free. */
  const shift = (): Waiting | undefined => (wholeIsFree() ? whole.shift() : undefined) ?? either.shift();

  const start = async (): Promise<void> => {
    starting += 1;
    try {
      const child = await spawnChild(engine, {
        entry: ENTRY,
        origin: "queryd",
        settings: {
          memoryBytesMax: settings.memoryBytesMax,
          tempBytesMax: settings.tempBytesMax,
          threads: settings.threads,
        } satisfies EngineSettings,
        memoryBytesMax: settings.processBytesMax,
      });
      const slot: Slot = {
        child,
        statements: 0,
        use: "idle",
        dead: false,
        idleTimer: undefined,
        long: undefined,
        nice: false,
      };
      slots.add(slot);
      void child.exited.then(() => bury(slot, true));
      if (closed) child.kill();
      else free(slot);
    } catch (thrown) {
      const fault = new Fault("unavailable", "No query engine could be started; ask again in a moment.", {
        cause: thrown,
        retryAfterMs: RETRY_AFTER_MS,
      });
      // One that waits gets the bad news; the others get the next try.
      shift()?.reject(fault);
    } finally {
      starting -= 1;
      serve();
    }
  };

  /** Gives idle engines to those who wait, and starts engines while some wait that none is on its way to. */
  const serve = (): void => {
    if (closed) return;
    for (const slot of slots) {
      if (slot.use !== "idle") continue;
      const served = shift();
      if (served === undefined) return;
      take(slot);
      served.resolve(slot);
    }
    const wanted = (): number => either.length + (wholeIsFree() ? whole.length : 0);
    while (wanted() > starting && slots.size + starting < enginesMax) void start();
  };

  const bury = (slot: Slot, replace: boolean): void => {
    if (slot.dead) return;
    slot.dead = true;
    clearTimeout(slot.idleTimer);
    slot.long?.clear();
    slots.delete(slot);
    // One that never ran anything would die again just so.
    const wanted = replace && slot.statements > 0 && slots.size + starting < settings.workersMax;
    if (wanted && !closed) void start();
    serve();
  };

  /** Ends an engine at once and starts another in its place. */
  const retire = (slot: Slot): void => {
    slot.child.kill();
    bury(slot, true);
  };

  /** Ends an engine that nobody needs. */
  const rest = (slot: Slot): void => {
    slot.child.kill();
    bury(slot, false);
  };

  const free = (slot: Slot): void => {
    if (slot.dead) return;
    slot.long?.clear();
    slot.use = "idle";
    const grown = slot.child.memoryBytes() > settings.processBytesMax * GROWN_SHARE;
    const usable = !slot.nice || setNice(slot.child.pid, NICE_USUAL);
    slot.nice = false;
    if (closed || slot.statements >= settings.statementsMax || grown || !usable) {
      retire(slot);
      return;
    }
    slot.idleTimer = setTimeout(() => rest(slot), settings.idleMs);
    slot.idleTimer.unref();
    serve();
  };

  /** From now on somebody's. */
  const take = (slot: Slot): Slot => {
    slot.use = wholeIsFree() ? "whole" : "sliced";
    clearTimeout(slot.idleTimer);
    slot.long = deadline(Date.now() + LONG_MS, () => {
      slot.nice = true;
      setNice(slot.child.pid, NICE_LONG);
    });
    return slot;
  };

  const wait = (call: Pick<Call, "signal" | "caller">, line: FairQueue<Waiting>): Promise<Slot> => {
    const { promise, resolve, reject } = Promise.withResolvers<Slot>();
    const entry: Waiting = { resolve, reject };
    if (!line.push(call.caller.id, entry)) {
      throw new Fault("unavailable", "Too many questions are waiting for an engine; ask again in a moment.", {
        retryAfterMs: RETRY_AFTER_MS,
      });
    }
    const forget = onAbort(call.signal, (reason) => {
      line.remove(call.caller.id, entry);
      reject(reason);
    });
    serve();
    return promise.finally(forget);
  };

  const stop = async (slot: Slot): Promise<void> => {
    const tooLate = setTimeout(() => retire(slot), STOP_MS_MAX);
    try {
      await slot.child.service.stop({ turn: slot.statements }, { timeoutMs: STOP_MS_MAX });
    } catch {
      // It does not answer: the timer, or what ended it, has dealt with it.
      retire(slot);
    } finally {
      clearTimeout(tooLate);
    }
    free(slot);
  };

  const leaseOf = (slot: Slot, waitedMs: number): Lease => {
    slot.statements += 1;
    let over = false;
    const once = (work: () => void) => (): void => {
      if (over) return;
      over = true;
      work();
    };
    return {
      engine: slot.child.service,
      turn: slot.statements,
      waitedMs,
      sliceMs: slot.use === "sliced" ? settings.sliceMs : null,
      mayGoOn: () => {
        if (over || slot.use === "whole") return true;
        if (whole.length === 0 && wholeIsFree()) {
          slot.use = "whole";
          return true;
        }
        return either.length === 0;
      },
      gone: slot.child.exited,
      end: once(() => free(slot)),
      abandon: once(() => void stop(slot)),
      discard: once(() => retire(slot)),
    };
  };

  return {
    lease: async (call, restartable) => {
      if (closed) throw new Fault("unavailable", "The query service is shutting down.");
      const asked = performance.now();
      const slot = await wait(call, restartable ? either : whole);
      return leaseOf(slot, performance.now() - asked);
    },
    stats: () => ({
      engines: slots.size,
      waiting: either.length + whole.length,
      pids: [...slots].map(({ child }) => child.pid),
    }),
    close: async () => {
      closed = true;
      const fault = new Fault("unavailable", "The query service is shutting down.");
      for (const line of [either, whole]) {
        for (let one = line.shift(); one !== undefined; one = line.shift()) one.reject(fault);
      }
      const ends = [...slots].map(({ child }) => child.exited);
      for (const slot of slots) retire(slot);
      await Promise.all(ends);
    },
  };
}

// The engines: child processes that are started when a statement needs one, kept warm, and replaced when they died, were
// killed, grew, or ran enough. Each runs one statement at a time: a lease on an engine is what a statement waits for,
// and what it gives back exactly once.
//
// How long a statement will run cannot be known, and those that run for minutes must not keep out those that take
// milliseconds. So there is one engine more than may run for long: it is leased in slices, to statements that can be
// started again, and one that has not ended with its slice when another waits moves to the queue for an engine
// without slices. Statements that run for long also get a low priority from the scheduler: without it the 99th percentile of
// short ones beside an endless one is nearly three times what it is alone.

import { join } from "node:path";
import { onAbort } from "#lib/abort";
import { NICE_USUAL, setNice } from "#lib/priority";
import { type Deadline, deadline } from "#lib/coarse-timer";
import type { QueueFigures } from "#lib/figures";
import { BackgroundFailures } from "#rpc/background-failures";
import type { Call } from "#rpc/call";
import { type Child, type ChildEnd, spawnChild } from "#rpc/child";
import type { Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { engine as contract, type EngineSettings } from "./contract.ts";
import { type FairQueue, fairQueue } from "./fair-queue.ts";

export interface PoolSettings extends EngineSettings {
  /** Statements that may run at once for as long as they need; beside them one more, in slices. */
  readonly workersMax: number;
  /** Resident bytes at which an engine is killed. */
  readonly processBytesMax: number;
  /** Milliseconds of a slice: the longest that a short statement waits for the engine beside the long ones. */
  readonly sliceMs: number;
  /** Milliseconds after which an unused engine is ended. */
  readonly idleMs: number;
  /** Statements after which an engine is replaced: whatever leaks, leaks no further. */
  readonly statementsMax: number;
}

export interface Lease {
  readonly engine: Service<typeof contract>;
  /** Goes with every call of the engine. */
  readonly turn: number;
  readonly waitedMs: number;
  /** Milliseconds that the statement may run before `mayGoOn` is called, again and again; null for as long as it takes. */
  readonly sliceMs: number | null;
  /** False when the statement must give the engine back, and ask for a place without slices. */
  mayGoOn(): boolean;
  /** Resolves when the process is gone. */
  readonly gone: Promise<ChildEnd>;
  /** The statement is done. */
  end(): void;
  /** The statement may still be running: the engine is stopped, and killed if it does not stop. */
  abandon(): void;
  /** The engine is not to be trusted any more. */
  discard(): void;
}

/**
 * What a statement waits for: any engine, of which it may get a slice only, since it can be started again; one for as
 * long as it takes; or that after a slice was too short, which no full queue refuses: it was let in before.
 */
export type LeaseKind = "restartable" | "whole" | "restarted";

/** A type and not an interface, so that it is a record of figures too. */
export type PoolStats = {
  /** Processes that live, of which some run a statement. */
  readonly engines: number;
  readonly busy: number;
  /** Statements that wait for an engine. */
  readonly waiting: number;
  readonly queues: Readonly<Record<string, QueueFigures>>;
  readonly pids: number[];
  /** By the name of the work. */
  readonly failures: Readonly<Record<string, number>>;
};

export interface Pool {
  /** Waits for a free engine; `unavailable` when too many wait already, or none can be started. */
  lease(call: Pick<Call, "signal" | "caller">, kind: LeaseKind): Promise<Lease>;
  stats(): PoolStats;
  close(): Promise<void>;
}

/** Some seconds of work for the engines; what comes beyond had better come later. */
const WAITING_MAX = 256;
const WAITING_PER_CALLER_MAX = 64;
/** Sent with a full queue: longer than a caller in the house waits by itself. */
const RETRY_AFTER_MS = 1000;
/** What an engine gets to stop in before it is killed. */
const STOP_MS_MAX = 200;
/** An engine that holds more than this share of its limit after a statement is replaced before the next. */
const GROWN_SHARE = 0.6;
/** Most statements of a person have ended by then. */
const LONG_MS = 250;
/** A tenth of the processor beside other processes, and all of it without them. */
const NICE_LONG = 10;
const ENTRY = join(import.meta.dir, "main.ts");

/** What an engine is doing: nothing, a statement for a slice, or one for as long as it needs. */
type Use = "idle" | "sliced" | "whole";

interface Engine {
  readonly child: Child<typeof contract>;
  statements: number;
  use: Use;
  dead: boolean;
  idleTimer: ReturnType<typeof setTimeout> | undefined;
  /** Until its priority is lowered. */
  long: Deadline | undefined;
  nice: boolean;
}

interface Waiting {
  readonly resolve: (engine: Engine) => void;
  readonly reject: (fault: Fault) => void;
}

export function enginePool(settings: PoolSettings): Pool {
  const engines = new Set<Engine>();
  const limits = { max: WAITING_MAX, perCallerMax: WAITING_PER_CALLER_MAX };
  /** Statements that take a slice too, and those that need an engine for as long as they take. */
  const either = fairQueue<Waiting>(limits);
  const whole = fairQueue<Waiting>(limits);
  const enginesMax = settings.workersMax + 1;
  const failures = new BackgroundFailures(undefined);
  let starting = 0;
  let closed = false;

  const wholeIsFree = (): boolean => {
    let used = 0;
    for (const engine of engines) if (engine.use === "whole") used += 1;
    return used < settings.workersMax;
  };
  /** The next one to be served, when an engine is free. */
  const next = (): Waiting | undefined => (wholeIsFree() ? whole.shift() : undefined) ?? either.shift();

  const start = async (): Promise<void> => {
    starting += 1;
    try {
      const child = await spawnChild(contract, {
        entry: ENTRY,
        origin: "queryd",
        settings: {
          memoryBytesMax: settings.memoryBytesMax,
          tempBytesMax: settings.tempBytesMax,
          threads: settings.threads,
        } satisfies EngineSettings,
        memoryBytesMax: settings.processBytesMax,
      });
      const engine: Engine = {
        child,
        statements: 0,
        use: "idle",
        dead: false,
        idleTimer: undefined,
        long: undefined,
        nice: false,
      };
      engines.add(engine);
      void child.exited.then(() => remove(engine, true));
      if (closed) child.kill();
      else free(engine);
    } catch (thrown) {
      const fault = new Fault("unavailable", "No query engine could be started; try again in a moment.", {
        cause: thrown,
        retryAfterMs: RETRY_AFTER_MS,
      });
      // One of those that wait is refused; the others get the next try. When none waits, it was to be a successor.
      const refused = next();
      if (refused === undefined) failures.count("start of an engine");
      else refused.reject(fault);
    } finally {
      starting -= 1;
      serve();
    }
  };

  /** Gives idle engines to statements that wait, and starts engines while more wait than are on their way. */
  const serve = (): void => {
    if (closed) return;
    for (const engine of engines) {
      if (engine.use !== "idle") continue;
      const served = next();
      if (served === undefined) return;
      occupy(engine);
      served.resolve(engine);
    }
    const wanted = (): number => either.length + (wholeIsFree() ? whole.length : 0);
    while (wanted() > starting && engines.size + starting < enginesMax) void start();
  };

  const remove = (engine: Engine, successor: boolean): void => {
    if (engine.dead) return;
    engine.dead = true;
    clearTimeout(engine.idleTimer);
    engine.long?.clear();
    engines.delete(engine);
    // One that never ran anything would die again just so.
    const wanted = successor && engine.statements > 0 && engines.size + starting < settings.workersMax;
    if (wanted && !closed) void start();
    serve();
  };

  /** Ends an engine at once and starts another in its place. */
  const replace = (engine: Engine): void => {
    engine.child.kill();
    remove(engine, true);
  };

  /** Ends an idle engine. */
  const endIdle = (engine: Engine): void => {
    engine.child.kill();
    remove(engine, false);
  };

  const free = (engine: Engine): void => {
    if (engine.dead) return;
    engine.long?.clear();
    engine.use = "idle";
    const grown = engine.child.memoryBytes() > settings.processBytesMax * GROWN_SHARE;
    const usable = !engine.nice || setNice(engine.child.pid, NICE_USUAL);
    engine.nice = false;
    if (closed || engine.statements >= settings.statementsMax || grown || !usable) {
      replace(engine);
      return;
    }
    engine.idleTimer = setTimeout(() => endIdle(engine), settings.idleMs);
    engine.idleTimer.unref();
    serve();
  };

  /** From now on it runs a statement. */
  const occupy = (engine: Engine): Engine => {
    engine.use = wholeIsFree() ? "whole" : "sliced";
    clearTimeout(engine.idleTimer);
    engine.long = deadline(Date.now() + LONG_MS, () => {
      engine.nice = true;
      setNice(engine.child.pid, NICE_LONG);
    });
    return engine;
  };

  const wait = (
    call: Pick<Call, "signal" | "caller">,
    queue: FairQueue<Waiting>,
    admitted: boolean,
  ): Promise<Engine> => {
    const { promise, resolve, reject } = Promise.withResolvers<Engine>();
    const entry: Waiting = { resolve, reject };
    if (!queue.push(call.caller.id, entry, admitted)) {
      throw new Fault(
        "unavailable",
        "Too many statements are waiting for an engine; try again in a moment.",
        {
          retryAfterMs: RETRY_AFTER_MS,
        },
      );
    }
    const forget = onAbort(call.signal, (reason) => {
      queue.remove(call.caller.id, entry);
      reject(reason);
    });
    serve();
    return promise.finally(forget);
  };

  const stop = async (engine: Engine): Promise<void> => {
    const tooLate = setTimeout(() => replace(engine), STOP_MS_MAX);
    try {
      await engine.child.service.stop({ turn: engine.statements }, { timeoutMs: STOP_MS_MAX });
    } catch {
      // It does not reply: the timer, or what ended it, has dealt with it.
      replace(engine);
    } finally {
      clearTimeout(tooLate);
    }
    free(engine);
  };

  const leaseOf = (engine: Engine, waitedMs: number): Lease => {
    engine.statements += 1;
    let over = false;
    const once = (work: () => void) => (): void => {
      if (over) return;
      over = true;
      work();
    };
    return {
      engine: engine.child.service,
      turn: engine.statements,
      waitedMs,
      sliceMs: engine.use === "sliced" ? settings.sliceMs : null,
      mayGoOn: () => {
        if (over || engine.use === "whole") return true;
        if (whole.length === 0 && wholeIsFree()) {
          engine.use = "whole";
          return true;
        }
        return either.length === 0;
      },
      gone: engine.child.exited,
      end: once(() => free(engine)),
      abandon: once(() => void stop(engine)),
      discard: once(() => replace(engine)),
    };
  };

  return {
    lease: async (call, kind) => {
      if (closed) throw new Fault("unavailable", "The query service is shutting down.");
      const began = performance.now();
      const queue = kind === "restartable" ? either : whole;
      const engine = await wait(call, queue, kind === "restarted");
      return leaseOf(engine, performance.now() - began);
    },
    stats: () => {
      const busy = [...engines].filter(({ use }) => use !== "idle").length;
      const waiting = either.length + whole.length;
      // Either queue takes so many.
      const statements = { waiting, waiting_max: 2 * WAITING_MAX, running: busy, running_max: enginesMax };
      return {
        engines: engines.size,
        busy,
        waiting,
        queues: { statements },
        pids: [...engines].map(({ child }) => child.pid),
        failures: failures.counts,
      };
    },
    close: async () => {
      closed = true;
      const fault = new Fault("unavailable", "The query service is shutting down.");
      for (const queue of [either, whole]) {
        for (let one = queue.shift(); one !== undefined; one = queue.shift()) one.reject(fault);
      }
      const ends = [...engines].map(({ child }) => child.exited);
      for (const engine of engines) replace(engine);
      await Promise.all(ends);
    },
  };
}

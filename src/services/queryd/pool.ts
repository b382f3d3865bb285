// The engines: child processes that are started when somebody asks, kept warm, and replaced when they died,
// were killed, grew, or answered enough. Each runs one statement at a time, so a lease on an engine is what a
// question waits for, and what it gives back exactly once.

import { join } from "node:path";
import type { Call } from "#rpc/call";
import { type Child, type ChildEnd, spawnChild } from "#rpc/child";
import type { Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { engine, type EngineSettings } from "./engine.ts";
import { fairQueue } from "./fair-queue.ts";

export interface PoolSettings extends EngineSettings {
  readonly workersMax: number;
  /** Resident bytes at which an engine is killed. */
  readonly processBytesMax: number;
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
  /** Waits for a free engine; `unavailable` when too many wait already, or none can be started. */
  lease(call: Pick<Call, "signal" | "caller">): Promise<Lease>;
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
const ENTRY = join(import.meta.dir, "engine-child.ts");

interface Slot {
  readonly child: Child<typeof engine>;
  statements: number;
  idle: boolean;
  dead: boolean;
  idleTimer: ReturnType<typeof setTimeout> | undefined;
}

interface Waiting {
  readonly resolve: (slot: Slot) => void;
  readonly reject: (fault: Fault) => void;
}

export function enginePool(settings: PoolSettings): Pool {
  const slots = new Set<Slot>();
  const waiting = fairQueue<Waiting>({ max: WAITING_MAX, perCallerMax: WAITING_PER_CALLER_MAX });
  let starting = 0;
  let closed = false;

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
      const slot: Slot = { child, statements: 0, idle: false, dead: false, idleTimer: undefined };
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
      waiting.shift()?.reject(fault);
    } finally {
      starting -= 1;
      fill();
    }
  };

  /** Starts engines while there are questions that no engine is on its way to. */
  const fill = (): void => {
    if (closed) return;
    while (waiting.length > starting && slots.size + starting < settings.workersMax) void start();
  };

  const bury = (slot: Slot, replace: boolean): void => {
    if (slot.dead) return;
    slot.dead = true;
    clearTimeout(slot.idleTimer);
    slots.delete(slot);
    // One that never ran anything would die again just so.
    const wanted = replace && slot.statements > 0 && slots.size + starting < settings.workersMax;
    if (wanted && !closed) void start();
    else fill();
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
    const grown = slot.child.memoryBytes() > settings.processBytesMax * GROWN_SHARE;
    if (closed || slot.statements >= settings.statementsMax || grown) {
      retire(slot);
      return;
    }
    const next = waiting.shift();
    if (next !== undefined) {
      next.resolve(slot);
      return;
    }
    slot.idle = true;
    slot.idleTimer = setTimeout(() => rest(slot), settings.idleMs);
    slot.idleTimer.unref();
  };

  const take = (slot: Slot): Slot => {
    slot.idle = false;
    clearTimeout(slot.idleTimer);
    return slot;
  };

  const wait = (call: Pick<Call, "signal" | "caller">): Promise<Slot> => {
    const { promise, resolve, reject } = Promise.withResolvers<Slot>();
    const entry: Waiting = { resolve, reject };
    if (!waiting.push(call.caller.id, entry)) {
      throw new Fault("unavailable", "Too many questions are waiting for an engine; ask again in a moment.", {
        retryAfterMs: RETRY_AFTER_MS,
      });
    }
    const left = (): void => {
      waiting.remove(call.caller.id, entry);
      reject(call.signal.reason as Fault);
    };
    if (call.signal.aborted) left();
    call.signal.addEventListener("abort", left, { once: true });
    fill();
    return promise.finally(() => call.signal.removeEventListener("abort", left));
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
      gone: slot.child.exited,
      end: once(() => free(slot)),
      abandon: once(() => void stop(slot)),
      discard: once(() => retire(slot)),
    };
  };

  return {
    lease: async (call) => {
      if (closed) throw new Fault("unavailable", "The query service is shutting down.");
      const asked = performance.now();
      for (const slot of slots) if (slot.idle && !slot.dead) return leaseOf(take(slot), 0);
      const slot = await wait(call);
      return leaseOf(slot, performance.now() - asked);
    },
    stats: () => ({
      engines: slots.size,
      waiting: waiting.length,
      pids: [...slots].map(({ child }) => child.pid),
    }),
    close: async () => {
      closed = true;
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        next.reject(new Fault("unavailable", "The query service is shutting down."));
      }
      const ends = [...slots].map(({ child }) => child.exited);
      for (const slot of slots) retire(slot);
      await Promise.all(ends);
    },
  };
}

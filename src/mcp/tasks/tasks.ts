// Tasks: calls of tools that go on after their reply. A task is durable before its id is given out, so that its id is
// known after a restart; its work is not, and is reported as failed then. A task belongs to the key that began it, and to
// another one it is as if it were not there.

import {
  type CallToolResult,
  type InputRequest,
  type InputRequiredResult,
  type InputResponse,
  isInputRequiredResult,
  ProtocolError,
  ProtocolErrorCode,
} from "@modelcontextprotocol/server";
import { untilAbort } from "#lib/abort";
import type { Clock } from "#lib/clock";
import { type Call, CallState, type Caller } from "#rpc/call";
import { Fault } from "#rpc/fault";
import type { Use } from "../surface.ts";
import type { KeptTask, TaskStore } from "./task-store.ts";

export const ENDED: ReadonlySet<KeptTask["status"]> = new Set(["completed", "failed", "cancelled"]);

/** A result is kept that long unless the client says otherwise, and never longer than the second. */
const TTL_MS_DEFAULT = 3_600_000;
const TTL_MS_MAX = 24 * 3_600_000;
const TTL_MS_MIN = 60_000;
/** The longest work there is, an ingest. */
const WORK_MS_MAX = 3_600_000;
/** Tasks at once, of all callers and of one: their work is admitted once and goes on without a request that holds room. */
const RUNNING_MAX = 64;
const RUNNING_PER_CALLER_MAX = 16;
/** A house that is replaced lets work end for so long; until then the next one does not report its work as lost. */
const TAKE_OVER_MS = 60_000;

export interface Task extends KeptTask {
  /** What it waits for, by keys that its responses name. */
  readonly inputRequests?: Readonly<Record<string, InputRequest>>;
}

interface Running {
  task: KeptTask;
  readonly stop: (fault: Fault) => void;
  readonly waiting: Map<string, { request: InputRequest; respond: (response: InputResponse) => void }>;
  readonly ended: Promise<void>;
}

export interface Start {
  readonly tool: string;
  readonly call: Call;
  readonly ttlMs: number | undefined;
}

export interface Tasks {
  /** Resolves when the task is durable. */
  start(
    start: Start,
    work: (within: Pick<Use, "call" | "progress" | "ask">) => Promise<CallToolResult | InputRequiredResult>,
  ): Promise<Task>;
  get(id: string, caller: Caller): Promise<Task | undefined>;
  /** Waits until it has ended; rejects when the signal fires. */
  ended(id: string, caller: Caller, signal: AbortSignal): Promise<Task | undefined>;
  list(caller: Caller): Promise<readonly Task[]>;
  respond(id: string, caller: Caller, responses: Readonly<Record<string, unknown>>): Promise<boolean>;
  /** Resolves once the task has ended; true where it is known. */
  cancel(id: string, caller: Caller): Promise<boolean>;
  /** Ends all work; what had not ended is kept as failed. */
  close(): Promise<void>;
}

export interface TasksDeps {
  readonly store: TaskStore;
  readonly clock: Clock;
}

export function createTasks({ store, clock }: TasksDeps): Tasks {
  const running = new Map<string, Running>();
  const openedAt = clock.now();
  const time = (): string => new Date(clock.now()).toISOString();

  const mine = async (id: string, caller: Caller): Promise<Task | undefined> => {
    const live = running.get(id);
    const kept = live?.task ?? (await store.load(id));
    if (kept === undefined || kept.caller !== caller.id) return undefined;
    if (live !== undefined) return seen(live);
    if (Date.parse(kept.created_at) + kept.ttl_ms < clock.now() && ENDED.has(kept.status)) return undefined;
    return interrupted(kept);
  };

  /** Work that no process does any more. */
  const interrupted = (kept: KeptTask): KeptTask => {
    if (ENDED.has(kept.status) || clock.now() < openedAt + TAKE_OVER_MS) return kept;
    const message = `The house was restarted while ${kept.tool} ran. Look at what it did, and call it again.`;
    return { ...kept, status: "failed", message, error: { code: ProtocolErrorCode.InternalError, message } };
  };

  const end = async (live: Running, change: Partial<KeptTask>): Promise<void> => {
    live.waiting.clear();
    live.task = { ...live.task, ...change, updated_at: time() };
    await store.save(live.task);
    running.delete(live.task.task_id);
  };

  return {
    start: async ({ tool, call, ttlMs = TTL_MS_DEFAULT }, work) => {
      const own = [...running.values()].filter(({ task }) => task.caller === call.caller.id).length;
      if (running.size >= RUNNING_MAX || own >= RUNNING_PER_CALLER_MAX) {
        throw new Fault("unavailable", "Too many tasks are under way. Wait until one has ended.");
      }
      const created = time();
      const task: KeptTask = {
        task_id: crypto.randomUUID(),
        tool,
        caller: call.caller.id,
        status: "working",
        created_at: created,
        updated_at: created,
        ttl_ms: Math.min(TTL_MS_MAX, Math.max(TTL_MS_MIN, Math.trunc(ttlMs))),
      };
      const { caller, requestId, traceparent } = call;
      // The request that began it is over long before: the task has a call of its own.
      const ownCall = new CallState({ caller, requestId, traceparent }, clock.now() + WORK_MS_MAX);
      const ending = Promise.withResolvers<void>();
      const live: Running = {
        task,
        stop: (fault) => ownCall.end(fault),
        waiting: new Map(),
        ended: ending.promise,
      };
      running.set(task.task_id, live);
      try {
        await store.save(task);
      } catch (error) {
        running.delete(task.task_id);
        throw error;
      }
      const within = {
        call: ownCall,
        progress: (message: string) => {
          live.task = { ...live.task, message, updated_at: time() };
        },
        ask: (request: InputRequest) => ask(live, request, ownCall.signal),
      };
      void perform(live, work(within), ownCall.signal).then(ending.resolve, ending.reject);
      // A record that could not be written: the next request reads the one before, and reports the task as interrupted.
      ending.promise.catch(() => running.delete(task.task_id));
      return seen(live);
    },
    get: mine,
    ended: async (id, caller, signal) => {
      const task = await mine(id, caller);
      const live = running.get(id);
      if (task === undefined || live === undefined) return task;
      await untilAbort(live.ended, signal);
      return mine(id, caller);
    },
    list: async (caller) => {
      const kept = await store.list((task) => task.caller === caller.id);
      return kept.map((task) => {
        const live = running.get(task.task_id);
        return live === undefined ? interrupted(task) : seen(live);
      });
    },
    respond: async (id, caller, responses) => {
      const task = await mine(id, caller);
      const live = running.get(id);
      // Keys that nothing waits for are those of an earlier round.
      for (const [key, response] of Object.entries(responses)) {
        const waiting = live?.waiting.get(key);
        live?.waiting.delete(key);
        waiting?.respond(response as InputResponse);
      }
      return task !== undefined;
    },
    cancel: async (id, caller) => {
      const task = await mine(id, caller);
      const live = running.get(id);
      if (task === undefined || live === undefined) return task !== undefined;
      live.stop(new Fault("cancelled", "The task was cancelled."));
      await live.ended;
      return true;
    },
    close: async () => {
      const all = [...running.values()];
      for (const { stop } of all)
        stop(new Fault("unavailable", "The house stopped while it ran. Call it again."));
      await Promise.allSettled(all.map(({ ended }) => ended));
    },
  };

  /** Until the work has ended and is kept. Cancelled work is not waited for: it ends by its signal when it notices. */
  async function perform(
    live: Running,
    work: Promise<CallToolResult | InputRequiredResult>,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      const result = await untilAbort(work, signal);
      if (isInputRequiredResult(result)) throw new Error("a task asks by ask() and never by its result");
      await end(live, { status: "completed", result });
    } catch (thrown) {
      if (signal.aborted && thrown === signal.reason) {
        const fault = signal.reason as Fault;
        const error = { code: ProtocolErrorCode.InternalError, message: fault.message };
        await end(
          live,
          fault.code === "cancelled"
            ? { status: "cancelled", message: fault.message }
            : { status: "failed", message: fault.message, error },
        );
        return;
      }
      const error =
        thrown instanceof ProtocolError
          ? { code: thrown.code, message: thrown.message }
          : { code: ProtocolErrorCode.InternalError, message: "Internal error" };
      await end(live, { status: "failed", message: error.message, error });
    }
  }
}

function ask(live: Running, request: InputRequest, signal: AbortSignal): Promise<InputResponse> {
  const response = Promise.withResolvers<InputResponse>();
  const key = crypto.randomUUID();
  live.waiting.set(key, { request, respond: response.resolve });
  return untilAbort(response.promise, signal);
}

function seen({ task, waiting }: Running): Task {
  if (waiting.size === 0) return task;
  const inputRequests = Object.fromEntries([...waiting].map(([key, { request }]) => [key, request]));
  return { ...task, status: "input_required", inputRequests };
}

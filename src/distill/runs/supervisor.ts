// Runs that this process started: each is a child process, which goes on when its caller goes away. What a run is under way
// is told by its last state; whoever follows it gets each newer one. A child that dies leaves a record that says running, and
// is told as failed from then on.

import { untilAbort } from "#lib/abort";
import { systemClock } from "#lib/clock";
import type { DistillRun } from "#contracts/distill";
import type { Child, ChildEnd } from "#rpc/child";
import type { Call } from "#rpc/call";
import type { ParsedOf } from "#rpc/contract";
import type { distill } from "#contracts/distill";
import { Fault } from "#rpc/fault";
import { UNREACHABLE } from "#rpc/remote";
import { newRunId } from "../run.ts";
import { leftBy } from "./perform.ts";
import { readRecord, writeRecord } from "./record.ts";
import type { distillWorker } from "./worker/contract.ts";

/** An export of every kind, of a million rows, takes some minutes; a replay waits for models. */
const RUN_MS_MAX = 24 * 3_600_000;

export interface SupervisorDeps {
  readonly spawn: () => Promise<Child<typeof distillWorker>>;
  /** The folder of a root. */
  readonly folderOf: (root: string) => string;
  readonly gitCommit: () => Promise<string | null>;
  readonly onFailure: (what: string, error: unknown) => void;
}

export interface Supervisor {
  /** Resolves when the run is on record and holds its root. Throws `conflict` that names the run which holds it. */
  start(input: ParsedOf<typeof distill.start>, call: Call): Promise<DistillRun>;
  /** The state of a run that this process started and that has not ended. */
  running(root: string, runId: string): DistillRun | undefined;
  /** States of such a run, from now to its end; undefined where it is none. */
  follow(root: string, runId: string, signal: AbortSignal): AsyncGenerator<DistillRun> | undefined;
  /** Resolves when it has ended; false where it is no run of this process. */
  cancel(root: string, runId: string): Promise<boolean>;
  close(): Promise<void>;
}

interface Live {
  state: DistillRun;
  changed: PromiseWithResolvers<void>;
  /** Why it is ended before its time, and by whose word. */
  stopped: { readonly status: "cancelled" | "failed"; readonly problem: string } | undefined;
  readonly child: Child<typeof distillWorker>;
  readonly ended: Promise<void>;
}

export function superviseRuns({ spawn, folderOf, gitCommit, onFailure }: SupervisorDeps): Supervisor {
  /** By root: one run at a time works on one. */
  const lives = new Map<string, Live>();
  const starting = new Set<string>();
  let closed = false;

  const liveOf = (root: string, runId: string): Live | undefined => {
    const live = lives.get(root);
    return live?.state.run_id === runId ? live : undefined;
  };

  const put = (live: Live, state: DistillRun): void => {
    live.state = state;
    const { changed } = live;
    live.changed = Promise.withResolvers();
    changed.resolve();
  };

  const watch = async (live: Live, states: AsyncIterator<DistillRun>): Promise<void> => {
    const { root } = live.state;
    let failure: unknown;
    /** Told when the root is free: whoever hears of it may start the next run. */
    let last = live.state.status === "running" ? undefined : live.state;
    try {
      for (let step = await states.next(); step.done !== true; step = await states.next()) {
        if (step.value.status === "running") put(live, step.value);
        else last = step.value;
      }
    } catch (error) {
      failure = error;
    }
    live.child.kill();
    const why = await live.child.exited;
    lives.delete(root);
    if (last !== undefined) return put(live, last);
    const { stopped } = live;
    if (stopped === undefined) onFailure("a distillation run", failure);
    const { status, problem } = stopped ?? { status: "failed" as const, problem: problemOf(why, failure) };
    const left = leftBy(live.state.progress?.stage, live.state.receipts);
    await settle(live, status, `${problem} ${left}`);
  };

  /** Its process is gone: the record gets its end from here. */
  const settle = async (live: Live, status: "cancelled" | "failed", problem: string): Promise<void> => {
    const { progress: _, ...state } = live.state;
    const ended_at = new Date(systemClock.now()).toISOString();
    const folder = folderOf(state.root);
    try {
      const record = await readRecord(folder, state.run_id);
      if (record?.status === "running") await writeRecord(folder, { ...record, status, problem, ended_at });
    } finally {
      put(live, { ...state, status, problem, ended_at });
    }
  };

  const stop = async (live: Live, stopped: NonNullable<Live["stopped"]>): Promise<void> => {
    live.stopped = stopped;
    live.child.kill();
    await live.ended;
  };

  return {
    start: async (input, call) => {
      const { root } = input;
      const other = lives.get(root);
      if (other !== undefined || starting.has(root)) throw busy(other?.state.run_id);
      if (closed) throw new Fault("unavailable", "The house is stopping.");
      starting.add(root);
      try {
        const git_commit = await gitCommit();
        const child = await spawn();
        // The run's own call: its caller's ends with the reply.
        const { caller, requestId, traceparent } = call;
        const performed = child.service.perform(
          { ...input, run_id: newRunId(systemClock), actor: caller.id, git_commit },
          { caller, requestId, traceparent, timeoutMs: RUN_MS_MAX },
        );
        const states = performed[Symbol.asyncIterator]();
        let first: IteratorResult<DistillRun>;
        try {
          first = await states.next();
          if (first.done === true) throw new Fault("internal", "The run did not begin.");
        } catch (error) {
          child.kill();
          throw error;
        }
        const ended = Promise.withResolvers<void>();
        const live: Live = {
          state: first.value,
          changed: Promise.withResolvers(),
          stopped: undefined,
          child,
          ended: ended.promise,
        };
        lives.set(root, live);
        if (closed) child.kill();
        void watch(live, states).then(ended.resolve, (error: unknown) => {
          // Its record could not be written: it says running, and is read as failed.
          onFailure("the end of a distillation run", error);
          ended.resolve();
        });
        return live.state;
      } finally {
        starting.delete(root);
      }
    },
    running: (root, runId) => liveOf(root, runId)?.state,
    follow: (root, runId, signal) => {
      const live = liveOf(root, runId);
      return live === undefined ? undefined : statesOf(live, signal);
    },
    cancel: async (root, runId) => {
      const live = liveOf(root, runId);
      if (live === undefined) return false;
      await stop(live, { status: "cancelled", problem: "It was cancelled." });
      return true;
    },
    close: async () => {
      closed = true;
      const problem = "The house stopped while it ran.";
      await Promise.all([...lives.values()].map((live) => stop(live, { status: "failed", problem })));
    },
  };
}

async function* statesOf(live: Live, signal: AbortSignal): AsyncGenerator<DistillRun> {
  let seen: DistillRun | undefined;
  for (;;) {
    const { state, changed } = live;
    if (state !== seen) yield state;
    seen = state;
    if (state.status !== "running") return;
    if (live.state === state) await untilAbort(changed.promise, signal);
  }
}

function busy(runId: string | undefined): Fault {
  const name = runId === undefined ? "Another run" : `The run ${runId}`;
  return new Fault(
    "conflict",
    `${name} works on this root. Wait until it has ended, or cancel it, and try again.`,
  );
}

function problemOf(why: ChildEnd, failure: unknown): string {
  if (why === "out_of_memory")
    return "It needed more memory than a run may have. Export fewer kinds at once, or run lakehouse distill run, which has no limit.";
  // Also `unavailable`, which a full disk and a neighbour that is away are; a process that is gone cannot be reached.
  if (failure instanceof Fault && failure.reason !== UNREACHABLE) return failure.message;
  return "Its process ended.";
}

// The processes that build graphs: one a build, a bounded number at once for all indexes, killed when the build is
// no longer wanted or takes too long.

import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Semaphore } from "#lib/semaphore";
import { spawnChild } from "#rpc/child";
import { Fault } from "#rpc/fault";
import { graphBuilder } from "./contract.ts";

/** A build takes a core; one more core is left to those that serve. */
const BUILDS_AT_ONCE = Math.max(1, availableParallelism() - 1);
/** Each index waits for at most one build. */
const WAITING_MAX = 10_000;
/** Behind this many builds searches scan for long, and work all the same. */
const WAIT_MS_MAX = 24 * 3_600_000;
/** A build that takes longer than this hangs. */
const BUILD_MS_MIN = 120_000;
const BUILD_MS_A_ROW = 10;

const builders = new Semaphore(BUILDS_AT_ONCE, WAITING_MAX);

/**
 * Runs a job whose file is at `job`. Throws `internal` when the process fails, `unavailable` when none is free, and
 * `cancelled` as soon as the signal fires; by then the process is gone and writes nothing any more.
 */
export async function runBuild(job: string, rows: number, signal: AbortSignal): Promise<void> {
  const release = await slot(signal);
  try {
    const child = await spawnChild(graphBuilder, {
      entry: join(import.meta.dir, "main.ts"),
      origin: "vectord",
      settings: {},
    });
    try {
      if (signal.aborted) throw cancelled();
      await child.service.build({ job }, { signal, timeoutMs: BUILD_MS_MIN + rows * BUILD_MS_A_ROW });
    } finally {
      child.kill();
      await child.exited;
    }
  } catch (error) {
    if (signal.aborted) throw cancelled();
    const message = "A build of the graph failed; searches scan instead, and the build is tried again.";
    throw new Fault("internal", message, { cause: error });
  } finally {
    release();
  }
}

/** A place among the builds; waiting for one ends as soon as the signal fires. */
async function slot(signal: AbortSignal): Promise<() => void> {
  const taken = builders.take(WAIT_MS_MAX);
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(cancelled());
  signal.addEventListener("abort", abort, { once: true });
  try {
    if (signal.aborted) throw cancelled();
    const release = await Promise.race([taken, aborted.promise]);
    if (release === undefined) throw new Fault("unavailable", "Too many graphs are being built already.");
    return release;
  } catch (error) {
    void taken.then((release) => release?.());
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function cancelled(): Fault {
  return new Fault("cancelled", "The index was closed during the build.");
}

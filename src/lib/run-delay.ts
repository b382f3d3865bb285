// How long a process has waited for a processor: what tells one that is starved on a busy machine from one that hangs.
// Linux alone keeps it (proc(5), /proc/PID/schedstat: time on a processor, time in the run queue, in nanoseconds).

import { readFileSync } from "node:fs";

/** Milliseconds in the run queue, of the process's main thread, since it started; undefined where nothing tells. */
export function runDelayMs(pid: number): number | undefined {
  try {
    const [, waitedNs] = readFileSync(`/proc/${pid}/schedstat`, "latin1").split(" ");
    const ms = Number(waitedNs) / 1e6;
    return Number.isFinite(ms) ? ms : undefined;
  } catch {
    return undefined;
  }
}

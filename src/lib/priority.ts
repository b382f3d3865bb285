// A process's nice value. Linux keeps it for each thread, and a thread starts with that of its parent, so it is set for
// every thread of the process.

import { readdirSync } from "node:fs";
import { setPriority } from "node:os";

/** The usual nice value; 19 yields most. */
export const NICE_USUAL = 0;

/** False when the system refuses: lowering a value again may need privileges. */
export function setNice(pid: number, nice: number): boolean {
  return threadsOf(pid).every((thread) => {
    try {
      setPriority(thread, nice);
      return true;
    } catch (error) {
      // Threads come and go.
      return (error as { info?: { code?: string } }).info?.code === "ESRCH";
    }
  });
}

/** The process itself where there is no /proc. */
function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [pid];
  }
}

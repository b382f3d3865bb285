// How much a process's work matters to the scheduler, beside everybody else's. Linux keeps that for each thread,
// and a thread starts with its parent's: so all of a process are told.

import { readdirSync } from "node:fs";
import { setPriority } from "node:os";

/** As others are treated; 19 is the most that a process can stand back. */
export const NICE_USUAL = 0;

/** Sets a process's nice value. False when the system lets nobody take back what was once given up. */
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

/** Where there is no /proc, a process is told as a whole. */
function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [pid];
  }
}

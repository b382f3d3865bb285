// What processes cost: the CPU time of a process and of all that it started. Linux only, from /proc (man 5 proc); where that is
// missing the figures are null.

import { readdirSync, readFileSync } from "node:fs";

/** The unit of CPU times in /proc, USER_HZ: 100 a second on every Linux that runs here. */
const TICK_US = 10_000;

interface Stat {
  readonly parent: number;
  readonly cpuUs: number;
}

function statOf(pid: number): Stat | null {
  try {
    // The command's name stands in brackets and may hold anything, so fields are counted from the last one.
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    // Its own time, as a user and in the system, and that of its children that have ended.
    const ticks = [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0);
    return { parent: Number(fields[1]), cpuUs: ticks * TICK_US };
  } catch {
    return null;
  }
}

/**
 * User and system time that the processes and all that they started have used so far, in microseconds; null when
 * none of them is there. What has ended meanwhile counts with the one that started it.
 */
export function cpuUsOf(pids: readonly number[]): number | null {
  const stats = [...new Set(pids.flatMap(familyOf))].map(statOf).filter((stat) => stat !== null);
  return stats.length === 0 ? null : stats.reduce((sum, { cpuUs }) => sum + cpuUs, 0);
}

/** The process and everything it started that still runs. */
export function familyOf(pid: number): number[] {
  let names: string[];
  try {
    names = readdirSync("/proc");
  } catch {
    return [pid];
  }
  const children = new Map<number, number[]>();
  for (const name of names) {
    const child = Number(name);
    const parent = Number.isInteger(child) ? statOf(child)?.parent : undefined;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), child]);
  }
  const family = [pid];
  for (let index = 0; index < family.length; index += 1)
    family.push(...(children.get(family[index] ?? 0) ?? []));
  return family;
}

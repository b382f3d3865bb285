// What the kernel knows of processes: their CPU time, their memory, their children. Linux only, from /proc
// (man 5 proc); where that is missing the figures are null, and the benches say less.

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
    return { parent: Number(fields[1]), cpuUs: (Number(fields[11]) + Number(fields[12])) * TICK_US };
  } catch {
    return null;
  }
}

/** User and system time that the processes have used so far, in microseconds; null when one of them is not there. */
export function cpuUsOf(pids: readonly number[]): number | null {
  let sum = 0;
  for (const pid of pids) {
    const stat = statOf(pid);
    if (stat === null) return null;
    sum += stat.cpuUs;
  }
  return sum;
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

/** Resident bytes (RSS) and bytes with shared pages divided among their holders (PSS), summed; null without /proc. */
export function memoryOf(
  pids: readonly number[],
): { readonly rssBytes: number; readonly pssBytes: number } | null {
  let rssBytes = 0;
  let pssBytes = 0;
  for (const pid of pids) {
    try {
      const text = readFileSync(`/proc/${pid}/smaps_rollup`, "latin1");
      rssBytes += Number(/^Rss:\s+(\d+) kB/m.exec(text)?.[1]) * 1024;
      pssBytes += Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1]) * 1024;
    } catch {
      return null;
    }
  }
  return { rssBytes, pssBytes };
}

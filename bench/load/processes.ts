// What the kernel knows of processes' memory. Linux only, from /proc (man 5 proc); where that is missing the figures are
// null, and the benches say less.

import { readFileSync } from "node:fs";

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

// An event as a line of a segment: `checksum json`. A recorder's file is written without waiting for the disk, so a crash may
// leave half a line, and a disk may flip a bit: such a line is counted, and never read as something else.

import type { ObservedEvent } from "#contracts/observe";

const SUM_CHARS = 8;

export function lineOf(json: string): string {
  return `${sumOf(json)} ${json}\n`;
}

/** Undefined for a line that is not what was written. */
export function eventIn(line: string): ObservedEvent | undefined {
  const json = line.slice(SUM_CHARS + 1);
  if (line.slice(0, SUM_CHARS) !== sumOf(json)) return undefined;
  return JSON.parse(json) as ObservedEvent;
}

function sumOf(json: string): string {
  return Bun.hash.xxHash32(json).toString(16).padStart(SUM_CHARS, "0");
}

/** The last event of a process that stopped in order. */
export const ENDING = { source: "observerd", kind: "stopped" } as const;

export function isEnding({ source, kind }: ObservedEvent): boolean {
  return source === ENDING.source && kind === ENDING.kind;
}

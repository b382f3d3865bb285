// What an earlier process wrote into a recording that goes on now.

import { readFile } from "node:fs/promises";
import type { Losses, RecordedCall } from "./recording.ts";
import { unreplayable } from "./redacted.ts";

/** Of a file that an earlier process wrote; a last line that it could not finish counts as none. */
export async function countedIn(
  path: string,
): Promise<{ bytes: number; calls: number; gaps: number; lost: Losses; torn: boolean }> {
  const bytes = await readFile(path);
  let calls = 0;
  let gaps = 0;
  let start = 0;
  let bodies = 0;
  let redacted = 0;
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, start)) {
    const line = bytes.subarray(start, at).toString();
    start = at + 1;
    if (line.startsWith('{"gap":')) gaps += 1;
    if (!line.startsWith('{"t_ms":')) continue;
    calls += 1;
    try {
      const call = JSON.parse(line) as RecordedCall;
      if ([call.request.body, call.reply.body].some((body) => body !== null && "cut" in body)) bodies += 1;
      if (unreplayable(call)?.startsWith("redacted") === true) redacted += 1;
    } catch {
      // A line that a crash tore: it is counted as a call that is lost.
      calls -= 1;
    }
  }
  // What was queued when the process died is not known; a replay is told of the gap.
  const lost = { queue: 0, bodies, redacted };
  return { bytes: bytes.length, calls, gaps, lost, torn: start < bytes.length };
}

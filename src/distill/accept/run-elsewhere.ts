// A run in another process, under another time zone, language and clock.

import { join } from "node:path";

/** Furthest from UTC, so that nearly every local day is another; a language whose lower case of I is not i. */
const ELSEWHERE = { TZ: "Pacific/Kiritimati", LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8" };

/** Throws with what the process said when it did not end well. */
export async function runElsewhere(root: string): Promise<void> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "run-child.ts"), root], {
    env: ELSEWHERE,
    stdout: "ignore",
    stderr: "pipe",
  });
  const said = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`the run in another process failed: ${said.trim()}`);
}

// A run that is killed at any moment, and run again, leaves the bytes of a run that nobody disturbed.

import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seeded } from "#lib/random";
import { listRuns } from "./runs/reads/runs.ts";
import { contentsOf } from "./accept/root-files.ts";
import { sampleLogs } from "./accept/sample-logs.ts";
import { writeLogs } from "./root.testing.ts";

const MAIN = join(import.meta.dir, "../main.ts");
/** More of them take minutes; `KILLS=100` is the full measure. */
// oxlint-disable-next-line node/no-process-env -- a switch of this test alone
const KILLS = Number(process.env["KILLS"] ?? 6);

const roots: string[] = [];
const newRoot = (): string => {
  const root = mkdtempSync(join(tmpdir(), "distill-kill-"));
  roots.push(root);
  return root;
};
let undisturbed: string;
beforeEach(() => {
  undisturbed = newRoot();
});
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
});

function start(root: string): Bun.Subprocess {
  return Bun.spawn([process.execPath, MAIN, "distill", "run", "--root", root], {
    stdout: "ignore",
    stderr: "ignore",
  });
}

test(`killed at ${KILLS} moments, the next run makes up for it`, async () => {
  const logs = sampleLogs(40);
  writeLogs(undisturbed, logs);
  const began = performance.now();
  expect(await start(undisturbed).exited).toBe(0);
  const tookMs = performance.now() - began;
  const expected = contentsOf(undisturbed);
  const random = seeded(KILLS);
  for (let n = 0; n < KILLS; n += 1) {
    const root = newRoot();
    writeLogs(root, logs);
    const child = start(root);
    await Bun.sleep(random.next() * tookMs);
    child.kill("SIGKILL");
    await child.exited;
    // What was under way is told as failed, whether anything was left of it or not.
    const left = (await listRuns(root, { limit: 1 })).items;
    expect(left.every(({ status }) => status === "failed" || status === "succeeded")).toBe(true);
    expect(await start(root).exited).toBe(0);
    expect((await listRuns(root, { limit: 1 })).items[0]?.status).toBe("succeeded");
    expect(contentsOf(root)).toEqual(expected);
  }
});

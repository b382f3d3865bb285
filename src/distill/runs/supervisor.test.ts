// A run whose process dies, is cancelled, or is stopped with its house is told so, with what it left, and the next run goes
// on from there.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { distill, type DistillRun } from "#contracts/distill";
import { CallState } from "#rpc/call";
import { type Child, spawnChild } from "#rpc/child";
import { sampleLogs } from "../accept/sample-logs.ts";
import { writeLogs } from "../root.testing.ts";
import { readRun } from "./reads/runs.ts";
import { type Supervisor, superviseRuns } from "./supervisor.ts";
import { distillWorker } from "./worker/contract.ts";
import type { WorkerSettings } from "./worker/main.ts";

/** Not the house's own, whose datasets would need a house. */
const ROOT = "distill-test";
let data: string;
let supervisor: Supervisor;
let children: Child<typeof distillWorker>[] = [];
const failures: string[] = [];

function supervise(entry = join(import.meta.dir, "worker/main.ts")): Supervisor {
  return superviseRuns({
    spawn: async () => {
      const settings: WorkerSettings = { data, captureMode: "off", socket: join(data, "nobody") };
      const child = await spawnChild(distillWorker, { entry, origin: "distill", settings });
      children.push(child);
      return child;
    },
    folderOf: (root) => join(data, root),
    gitCommit: () => Promise.resolve(null),
    onFailure: (what) => void failures.push(what),
  });
}

beforeAll(() => {
  data = mkdtempSync(join(tmpdir(), "distill-runs-"));
  mkdirSync(join(data, ROOT));
  writeLogs(join(data, ROOT), sampleLogs(300));
  supervisor = supervise();
});
afterAll(async () => {
  await supervisor.close();
  rmSync(data, { recursive: true, force: true });
});

const call = new CallState({}, Infinity);
const start = (stages: readonly string[]): Promise<DistillRun> =>
  supervisor.start(distill.start.input.parse({ root: ROOT, stages }), call);

async function ended(run: DistillRun): Promise<DistillRun> {
  let last = run;
  for await (const state of supervisor.follow(ROOT, run.run_id, call.signal) ?? []) last = state;
  return last;
}

test("one whose process is killed has failed, and says what it left", async () => {
  const run = await start(["materialize", "score", "export"]);
  expect(run).toMatchObject({ status: "running", actor: "local" });
  const end = ended(run);
  children.at(-1)?.kill();
  expect(await end).toMatchObject({
    status: "failed",
    problem: expect.stringMatching(/^Its process ended\. It ended .*The next run continues from there\.$/),
  });
  expect(failures).toEqual(["a distillation run"]);
  expect(await readRun(join(data, ROOT), run.run_id)).toMatchObject({ status: "failed" });
});

test("one whose disk is full has failed for that, and not for its process", async () => {
  const own = supervise(join(import.meta.dir, "worker/full-disk.testing.ts"));
  const run = await own.start(distill.start.input.parse({ root: ROOT, stages: ["score"] }), call);
  let last = run;
  for await (const state of own.follow(ROOT, run.run_id, call.signal) ?? []) last = state;
  expect(last).toMatchObject({
    status: "failed",
    problem: expect.stringMatching(/^The disk is full\. It ended /),
  });
  expect(failures.splice(1)).toEqual(["a distillation run"]);
  await own.close();
});

test("one that is cancelled, or stopped with its house, is not a failure of anything", async () => {
  const cancelled = await start(["materialize"]);
  const end = ended(cancelled);
  expect(await supervisor.cancel(ROOT, cancelled.run_id)).toBe(true);
  expect(await end).toMatchObject({ status: "cancelled" });
  const stopped = await start(["materialize"]);
  const other = ended(stopped);
  await supervisor.close();
  expect(await other).toMatchObject({ status: "failed", problem: expect.stringContaining("house stopped") });
  expect(await start(["score"]).then(() => "started", String)).toContain("The house is stopping.");
  expect(failures).toHaveLength(1);
});

test("the next run takes all that was there", async () => {
  supervisor = supervise();
  children = [];
  const run = await start(["materialize"]);
  const first = await ended(run);
  expect(first).toMatchObject({ status: "succeeded", receipts: [{ stage: "materialize" }] });
  expect(first.receipts[0]?.totals).toMatchObject({ in: 3600, out: 3600 });
  expect(await supervisor.cancel(ROOT, run.run_id)).toBe(false);
});

import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contentsOf } from "./accept/root-files.ts";
import { sampleLogs } from "./accept/sample-logs.ts";
import { CLOCK, runAll, writeLogs } from "./root.testing.ts";
import { HOLDOUT_PERCENT, runStages } from "./stages.ts";
import { askStillness } from "./stillness.ts";

let data: string;
let root: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), "distill-"));
  root = join(data, "distill");
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

const STILL_MS = 200;

test("a run puts nothing in place while its root is copied, and goes on afterwards", async () => {
  writeLogs(root, sampleLogs(2));
  await runAll(root, []);
  let asked: Promise<() => Promise<void>> | undefined;
  const reached = Promise.withResolvers<void>();
  const running = runStages(
    {
      root,
      runId: "run-1",
      clock: CLOCK,
      gitCommit: null,
      step: (name) => {
        if (name !== "materialize: rows are in temporary files" || asked !== undefined) return;
        asked = askStillness(data);
        // The next look at the file is made after this step; it is there by then.
        writeFileSync(join(root, ".still.partial"), "");
        reached.resolve();
      },
    },
    { stages: ["materialize"], kinds: [], target: "trl", holdoutPercent: HOLDOUT_PERCENT, against: [] },
  );
  await reached.promise;
  const end = await asked;
  const rows = (): string[] =>
    Object.keys(contentsOf(root)).filter(
      (path) => /evidence\/.*[^/.]\.jsonl$/.test(path) && !path.includes("partial"),
    );
  await Bun.sleep(STILL_MS);
  expect(rows()).toEqual([]);
  await end?.();
  await running;
  expect(rows().length).toBeGreaterThan(0);
});

test("what a backup that died left behind holds nobody up", async () => {
  writeLogs(root, sampleLogs(2));
  const left = join(root, ".still.partial");
  writeFileSync(left, "");
  utimesSync(left, new Date(0), new Date(0));
  expect(await runAll(root, ["materialize"])).toMatchObject([{ out: 24 }]);
});

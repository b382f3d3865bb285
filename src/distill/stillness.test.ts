import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { captureData } from "#topology/upkeep/capture";
import { contentsOf, copyRoot } from "./accept/root-files.ts";
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

test("a backup taken while a run works is one that the next run ends with the same bytes", async () => {
  // A partition for each line, so that hardly a moment passes without a file being put in place.
  const logs = Object.fromEntries(
    Object.entries(sampleLogs(6)).map(([name, lines]) => [
      name,
      lines.map((line, at) => ({ ...line, recorded_at: new Date(at * 86_400_000).toISOString() })),
    ]),
  );
  writeLogs(root, logs);
  await runAll(root, []);
  let isOver = false;
  const running = runAll(root).finally(() => {
    isOver = true;
  });
  const copies: string[] = [];
  while (!isOver) {
    const capture = await captureData(data, undefined, () => Promise.resolve(""));
    const copy = join(data, `copy-${copies.length}.partial`);
    copyRoot(capture.path({ path: "distill", size: 0, version: "" }), copy);
    await capture.close();
    copies.push(copy);
    await Bun.sleep(50);
  }
  await running;
  const expected = contentsOf(root);
  expect(copies.length).toBeGreaterThan(0);
  for (const copy of new Set([copies[copies.length >> 1], copies.at(-1)])) {
    if (copy === undefined) continue;
    await runAll(copy, undefined, "run-2");
    expect(contentsOf(copy)).toEqual(expected);
  }
}, 240_000);

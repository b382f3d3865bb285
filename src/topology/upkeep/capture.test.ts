import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contentsOf, copyRoot } from "#distill/accept/root-files";
import { sampleLogs } from "#distill/accept/sample-logs";
import { runAll, writeLogs } from "#distill/root.testing";
import { captureData } from "./capture.ts";

let data: string;
let root: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), "capture-"));
  root = join(data, "distill");
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

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
  const over = new AbortController();
  const running = runAll(root).finally(() => over.abort());
  const copies: string[] = [];
  while (!over.signal.aborted) {
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

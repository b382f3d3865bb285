// Exported files in the loaders of `datasets` and TRL, where this machine's Python has them. `LOADERS_PYTHON` names another
// interpreter: pip install datasets trl transformers jinja2.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportFolders } from "../accept/root-files.ts";
import { sampleLogs } from "../accept/sample-logs.ts";
import { CLOCK, writeLogs } from "../root.testing.ts";
import { runStages } from "../stages.ts";
import { TARGETS } from "./targets.ts";

// oxlint-disable-next-line node/no-process-env -- a switch of this test alone
const PYTHON = process.env["LOADERS_PYTHON"] ?? "python3";
const NEEDED = "import datasets, jinja2, tokenizers, transformers, trl.data_utils";

function hasLoaders(): boolean {
  try {
    return Bun.spawnSync([PYTHON, "-c", NEEDED], { stdout: "ignore", stderr: "ignore" }).exitCode === 0;
  } catch {
    // There is no Python.
    return false;
  }
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "distill-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.skipIf(!hasLoaders())(
  "every file loads in datasets, and TRL prepares its own (needs Python with datasets, trl, transformers, jinja2)",
  async () => {
    const root = join(folder, "root");
    writeLogs(root, sampleLogs(12));
    for (const target of TARGETS)
      await runStages(
        { root, runId: target, clock: CLOCK, gitCommit: null },
        {
          stages: ["materialize", "score", "export"],
          kinds: ["sft", "preference", "kto", "rag"],
          target,
          holdoutPercent: 20,
          against: [],
        },
      );
    const files = exportFolders(root)
      .flatMap(({ kind, target, folder: below }) =>
        ["", ".holdout"].map((side) => ({ kind, target, path: join(root, below, `${kind}${side}.jsonl`) })),
      )
      .filter(({ path }) => Bun.file(path).size > 0);
    expect(new Set(files.map(({ target }) => target)).size).toBe(TARGETS.length);
    const python = Bun.spawn([PYTHON, join(import.meta.dir, "load-files.py"), join(folder, "cache")], {
      stdin: new Blob([JSON.stringify(files)]),
      stdout: "pipe",
      stderr: "pipe",
    });
    const [out, said] = await Promise.all([
      new Response(python.stdout).text(),
      new Response(python.stderr).text(),
    ]);
    expect(await python.exited, said).toBe(0);
    expect(JSON.parse(out.trim().split("\n").at(-1) ?? "")).toEqual([]);
  },
  300_000,
);

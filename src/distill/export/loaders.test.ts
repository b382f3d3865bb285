// Exported files in the code by which trainers read theirs, where this machine's Python has it. `LOADERS_PYTHON` names another
// interpreter: pip install datasets trl transformers jinja2 addict colorama pydantic, and, without what they need to train,
// pip install --no-deps axolotl llamafactory.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportFolders } from "../accept/root-files.ts";
import { sampleLogs } from "../accept/sample-logs.ts";
import { CLOCK, writeLogs } from "../root.testing.ts";
import { runStages } from "../stages.ts";
import { type Target, TARGETS } from "./targets.ts";

// oxlint-disable-next-line node/no-process-env -- a switch of this test alone
const PYTHON = process.env["LOADERS_PYTHON"] ?? "python3";
const LOADERS = "datasets, jinja2, tokenizers, transformers, trl.data_utils";
const TRAINERS =
  "addict, colorama, datasets, jinja2, pydantic, tokenizers, transformers, axolotl, importlib.util as util; assert util.find_spec('llamafactory')";

function canImport(modules: string): boolean {
  try {
    const python = Bun.spawnSync([PYTHON, "-c", `import ${modules}`], { stdout: "ignore", stderr: "ignore" });
    return python.exitCode === 0;
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

interface ExportedFile {
  readonly kind: string;
  readonly target: string;
  readonly path: string;
}

async function exportedFiles(targets: readonly Target[]): Promise<ExportedFile[]> {
  const root = join(folder, targets.join("-"));
  writeLogs(root, sampleLogs(12));
  for (const target of targets)
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
  expect(new Set(files.map(({ target }) => target))).toEqual(new Set([...targets, "native"]));
  return files;
}

async function problemsBy(
  program: string,
  files: readonly ExportedFile[],
  ...options: readonly string[]
): Promise<unknown> {
  const python = Bun.spawn([PYTHON, join(import.meta.dir, program), ...options], {
    stdin: new Blob([JSON.stringify(files)]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, said] = await Promise.all([
    new Response(python.stdout).text(),
    new Response(python.stderr).text(),
  ]);
  expect(await python.exited, said).toBe(0);
  return JSON.parse(out.trim().split("\n").at(-1) ?? "");
}

test.skipIf(!canImport(LOADERS))(
  "every file loads in datasets, and TRL prepares its own (needs Python with datasets, trl, transformers, jinja2)",
  async () => {
    const files = await exportedFiles(TARGETS);
    expect(await problemsBy("load-files.py", files, join(folder, "cache"))).toEqual([]);
  },
  300_000,
);

test.skipIf(!canImport(TRAINERS))(
  "axolotl and LLaMA-Factory read their files as they were meant (needs Python with both, and transformers)",
  async () => {
    const files = (await exportedFiles(["axolotl", "llamafactory"])).filter(({ kind }) => kind !== "rag");
    expect(files.length).toBeGreaterThanOrEqual(6);
    expect(await problemsBy("load-trainers.py", files)).toEqual([]);
    // A row of another's form is told, so that no problem is not for want of looking.
    const path = join(folder, "kto.jsonl");
    writeFileSync(path, `${JSON.stringify({ prompt: "a", completion: "b", label: true })}\n`);
    expect(await problemsBy("load-trainers.py", [{ kind: "kto", target: "axolotl", path }])).toHaveLength(1);
  },
  300_000,
);

// Invariants of running: again, in another order, elsewhere, and after a crash at each step.

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { seeded } from "#lib/random";
import { EVIDENCE_FOLDER, SOURCES_FOLDER } from "../root.ts";
import { type Fixture, run, writeLogs } from "./fixture.ts";
import type { Invariant, Problems } from "./invariant.ts";
import { type Logs } from "./planted-logs.ts";
import { contentsOf, copyRoot, differences, exportFolders, filesBelow, linesOfFile } from "./root-files.ts";

const FIRST_STEP = "materialize: rows are in temporary files";
const MEMORY = `${EVIDENCE_FOLDER}/.materialize.json`;

const shown = (found: readonly string[]): string =>
  `${found.slice(0, 3).join(", ")}${found.length > 3 ? ", ..." : ""}`;

async function writesAgain({ root, plain, parts, newFolder }: Fixture): Promise<Problems> {
  const again = newFolder();
  copyRoot(root, again);
  const before = contentsOf(again);
  const receipts = await run(parts, again, { runId: "run-2" });
  const changed = differences(before, contentsOf(again));
  return [
    ...receipts
      .filter((each) => each.in + each.out > 0)
      .map(({ stage, in: rowsIn, out }) => `${stage}: ${rowsIn} rows in, ${out} out`),
    ...(changed.length === 0 ? [] : [`bytes changed: ${shown(changed)}`]),
    ...(Object.keys(plain).length === 0 ? ["the first run wrote nothing"] : []),
  ];
}

function logsOf(root: string): Logs {
  return Object.fromEntries(
    filesBelow(root, SOURCES_FOLDER)
      .filter((path) => path.endsWith(".jsonl"))
      .map((path) => [
        path.slice(SOURCES_FOLDER.length + 1, -".jsonl".length),
        linesOfFile(join(root, path)),
      ]),
  );
}

/** Rows of exports by file, without the names of folders, which are hashes of the evidence and of its order. */
function exportedOf(root: string): Record<string, string> {
  return Object.fromEntries(
    exportFolders(root)
      .filter(({ kind, target }) => target === "trl" || kind === "rag")
      .flatMap(({ kind, folder }) =>
        [
          `${kind}.jsonl`,
          `${kind}.holdout.jsonl`,
          ...(kind === "rag" ? ["corpus.jsonl", "qrels/train.tsv"] : []),
        ].map((file) => [file, readFileSync(join(root, folder, file), "utf8")]),
      ),
  );
}

const SHUFFLE_SEED = 7;

async function ordered({ root, parts, newFolder }: Fixture): Promise<Problems> {
  const random = seeded(SHUFFLE_SEED);
  const shuffled = newFolder();
  const logs = Object.entries(logsOf(root)).map(([name, lines]): [string, string[]] => {
    const keyed = lines.map((line) => ({ line, key: random.next() }));
    return [name, keyed.sort((a, b) => a.key - b.key).map(({ line }) => line)];
  });
  writeLogs(shuffled, Object.fromEntries(logs));
  await run(parts, shuffled);
  return differences(exportedOf(root), exportedOf(shuffled)).map(
    (file) => `${file} follows the order of the lines`,
  );
}

async function equalElsewhere({ root, plain, parts, newFolder }: Fixture): Promise<Problems> {
  const elsewhere = newFolder();
  writeLogs(elsewhere, logsOf(root));
  await parts.runElsewhere(elsewhere);
  const changed = differences(plain, contentsOf(elsewhere));
  return changed.length === 0 ? [] : [`bytes differ: ${shown(changed)}`];
}

async function resumed({ crashed, steps, plain, parts, newFolder }: Fixture): Promise<Problems> {
  const problems: string[] = [];
  const stages = new Set(steps.map((step) => step.split(":")[0]));
  for (const stage of ["materialize", "score", "export-sft", "export-preference", "export-kto", "export-rag"])
    if (!stages.has(stage)) problems.push(`there is no crash in ${stage}`);
  for (const [step, left] of crashed) {
    const resumedRoot = newFolder();
    copyRoot(left, resumedRoot);
    await run(parts, resumedRoot, { runId: "resumed" });
    const changed = differences(plain, contentsOf(resumedRoot));
    if (changed.length > 0) problems.push(`after a crash at "${step}": ${shown(changed)}`);
    rmSync(resumedRoot, { recursive: true, force: true });
  }
  return problems;
}

/** A part that does something to the root after each run. */
function runsThen({ parts }: Fixture, then: (root: string, nowMs: number) => void): Pick<Fixture, "parts"> {
  return {
    parts: {
      ...parts,
      runStages: async (started, ...rest) => {
        const receipts = await parts.runStages(started, ...rest);
        then(started.root, started.clock.now());
        return receipts;
      },
    },
  };
}

function lastRowsRemoved(root: string): void {
  const sft = exportFolders(root).find(({ kind }) => kind === "sft");
  const path = join(root, sft?.folder ?? "", "sft.jsonl");
  const ways = linesOfFile(`${path}.prov.jsonl`);
  const last = ways.findIndex((way) => way.includes('"line_offset":0,'));
  writeFileSync(
    path,
    linesOfFile(path)
      .filter((_, at) => at !== last)
      .map((line) => `${line}\n`)
      .join(""),
  );
}

export const RUN_INVARIANTS: readonly Invariant[] = [
  {
    name: "idempotence",
    proves: "a second run reads and writes 0 rows and leaves every byte as it is",
    check: writesAgain,
    breach: {
      name: "a stage that forgets what it read",
      plant: ({ parts }) => ({
        parts: {
          ...parts,
          runStages: (started, ...rest) => {
            rmSync(join(started.root, MEMORY), { force: true });
            return parts.runStages(started, ...rest);
          },
        },
      }),
    },
  },
  {
    name: "order_independence",
    proves: "the order of the lines in their logs changes no byte of a training file",
    check: ordered,
    breach: {
      name: "a selection that leaves out the first line of a log",
      plant: (fixture) => runsThen(fixture, lastRowsRemoved),
    },
  },
  {
    name: "equal_bytes",
    proves: "two runs of the same logs are equal bytes, under another clock, time zone and language too",
    check: equalElsewhere,
    breach: {
      name: "rows under the local day",
      plant: ({ parts }) => ({
        parts: {
          ...parts,
          runElsewhere: async (root) => {
            await parts.runElsewhere(root);
            const [utc, local] = ["2026/11/20/truth.jsonl", "2026/11/19/truth.jsonl"].map((path) =>
              join(root, EVIDENCE_FOLDER, path),
            );
            if (utc === undefined || local === undefined || !existsSync(utc)) return;
            mkdirSync(dirname(local), { recursive: true });
            renameSync(utc, local);
          },
        },
      }),
    },
  },
  {
    name: "crash_and_resume",
    proves: "after a crash at each step of each stage the next run ends with the bytes of an undisturbed one",
    check: resumed,
    breach: {
      name: "what was read is written down before its rows",
      plant: ({ crashed, newFolder, root }) => {
        const left = crashed.get(FIRST_STEP);
        if (left === undefined) throw new Error(`there is no crash at "${FIRST_STEP}"`);
        const ahead = newFolder();
        copyRoot(left, ahead);
        copyMemory(root, ahead);
        return { crashed: new Map([[FIRST_STEP, ahead]]) };
      },
    },
  },
];

function copyMemory(from: string, to: string): void {
  writeFileSync(join(to, MEMORY), readFileSync(join(from, MEMORY)));
}

// A run: the root it works on, its id and clock, one at a time on a root, and the reports it leaves under
// `reports/distillation/RUN_ID`.

import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "#lib/clock";
import { makeFolder, TEMPORARY_SUFFIX, writeDurably } from "#lib/durable";
import { lockWithin } from "#lib/file-lock";
import { Fault } from "#rpc/fault";
import { digestOf } from "./files/digest.ts";
import { entriesOf, EXPORTS_FOLDER, LINES_SUFFIX, QUARANTINE_FOLDER, REPORTS_FOLDER } from "./root.ts";
import { LOCK_FILE, runningRecord } from "./runs/record.ts";
import type { FileDigest, Receipt } from "./schemas/reports.ts";
import { whileCopied } from "./stillness.ts";

export interface Run {
  readonly root: string;
  readonly runId: string;
  readonly clock: Clock;
  readonly gitCommit: string | null;
  /** Called between steps that a kill may separate, for whoever looks at what it would leave behind. */
  readonly step?: (name: string) => void;
  /** Called by a stage every so often: lines, rows or calls so far, and of how many where that is known. */
  readonly onProgress?: ((done: number, total?: number) => void) | undefined;
}

export interface StageCounts {
  readonly in: number;
  readonly out: number;
  readonly duplicates: number;
  readonly quarantined: number;
}

export interface StageResult {
  readonly counts: StageCounts;
  readonly totals: StageCounts;
  readonly detail: Readonly<Record<string, number>>;
  readonly notes: readonly string[];
  readonly inputs: readonly FileDigest[];
  readonly outputs: readonly FileDigest[];
}

export const NOTHING: StageCounts = Object.freeze({ in: 0, out: 0, duplicates: 0, quarantined: 0 });

export function newRunId(clock: Clock): string {
  const time = new Date(clock.now()).toISOString().replaceAll(/[-:.]/g, "");
  return `${time}-${crypto.randomUUID().slice(0, 6)}`;
}

/**
 * Runs a stage and writes its receipt, into the folder of the stage's name unless the run has several of one stage. The
 * counts must add up, or it is a bug.
 */
export async function withReceipt(
  run: Run,
  stage: string,
  work: () => Promise<StageResult>,
  name = stage,
): Promise<Receipt> {
  const startedAt = new Date(run.clock.now()).toISOString();
  await whileCopied(run.root);
  const { counts, totals, detail, notes, inputs, outputs } = await explained(work);
  await whileCopied(run.root);
  run.step?.(`${stage}: before its receipt`);
  const quarantine = `${QUARANTINE_FOLDER}/${stage}${LINES_SUFFIX}`;
  const quarantines = existsSync(join(run.root, quarantine)) ? [await digestOf(run.root, quarantine)] : [];
  const receipt: Receipt = {
    schema: "receipt.v1",
    run_id: run.runId,
    stage,
    started_at: startedAt,
    ended_at: new Date(run.clock.now()).toISOString(),
    git_commit: run.gitCommit,
    ...counts,
    totals,
    detail,
    notes: [...notes],
    inputs: [...inputs],
    outputs: [...outputs, ...quarantines],
  };
  for (const sums of [receipt, totals]) {
    if (sums.in !== sums.out + sums.duplicates + sums.quarantined)
      throw new Error(`${stage}: ${sums.in} in, but ${sums.out} + ${sums.duplicates} + ${sums.quarantined}`);
  }
  const folder = join(run.root, REPORTS_FOLDER, run.runId, name);
  await makeFolder(folder);
  await writeDurably(join(folder, "receipt.json"), `${JSON.stringify(receipt, null, 2)}\n`);
  return receipt;
}

/** `summary.json` and `report.md` of a run, from its receipts. */
export async function summarize(run: Run, receipts: readonly Receipt[]): Promise<void> {
  const [first] = receipts;
  if (first === undefined) return;
  const countsOf = (of: readonly Receipt[]): object | undefined => {
    if (of.length === 0) return undefined;
    const sum = (pick: (receipt: Receipt) => number): number => of.reduce((all, each) => all + pick(each), 0);
    return {
      records_in: sum((each) => each.in),
      records_out: sum((each) => each.out),
      duplicates: sum((each) => each.duplicates),
      quarantined: sum((each) => each.quarantined),
    };
  };
  const summary = {
    schema: "run_summary.v1",
    run_id: run.runId,
    started_at: first.started_at,
    ended_at: new Date(run.clock.now()).toISOString(),
    git_commit: run.gitCommit,
    collect: countsOf(receipts.filter(({ stage }) => stage === "materialize")),
    score: countsOf(receipts.filter(({ stage }) => stage === "score")),
    export: countsOf(receipts.filter(({ stage }) => stage.startsWith("export-"))),
    stages: receipts.map(({ stage, in: rowsIn, out, duplicates, quarantined, totals, detail }) => ({
      stage,
      in: rowsIn,
      out,
      duplicates,
      quarantined,
      totals,
      detail,
    })),
  };
  const folder = join(run.root, REPORTS_FOLDER, run.runId);
  await writeDurably(join(folder, "summary.json"), `${JSON.stringify(summary, null, 2)}\n`);
  await writeDurably(join(folder, "report.md"), reportOf(run, receipts));
}

function reportOf(run: Run, receipts: readonly Receipt[]): string {
  const rows = receipts.map(
    ({ stage, in: rowsIn, out, duplicates, quarantined, totals }) =>
      `| ${stage} | ${rowsIn} | ${out} | ${duplicates} | ${quarantined} | ${totals.out} |`,
  );
  const notes = receipts.flatMap(({ stage, notes, detail }) => [
    ...notes.map((note) => `- ${stage}: ${note}`),
    ...Object.entries(detail).map(([name, count]) => `- ${stage}: ${name} ${count}`),
  ]);
  return [
    `# Run ${run.runId}`,
    "",
    "| stage | in | out | duplicates | quarantined | out in all |",
    "| --- | ---: | ---: | ---: | ---: | ---: |",
    ...rows,
    "",
    ...notes,
    "",
  ].join("\n");
}

/** Whoever looks whether a run is under way holds the lock for a moment. */
const LOCK_WAIT_MS = 500;

/** Holds the root for one run at a time. Throws `conflict` that names the run which holds it. */
export async function withRoot<T>(root: string, work: () => Promise<T>): Promise<T> {
  await explained(() => mkdir(root, { recursive: true }));
  const lock = await lockWithin(join(root, LOCK_FILE), LOCK_WAIT_MS);
  if (lock === undefined) {
    const other = await runningRecord(root);
    throw new Fault(
      "conflict",
      `${other === undefined ? "Another run" : `The run ${other.run_id}`} works on this root. Wait until it has ended, and try again.`,
    );
  }
  try {
    for (const folder of ["data", EXPORTS_FOLDER]) await removeTemporaries(join(root, folder));
    return await work();
  } finally {
    lock.release();
  }
}

/** What a killed run was writing to. */
async function removeTemporaries(folder: string): Promise<void> {
  for (const entry of await entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (entry.name.endsWith(TEMPORARY_SUFFIX)) await rm(path, { recursive: true, force: true });
    else if (entry.isDirectory()) await removeTemporaries(path);
  }
}

/** Failures of the disk, as sentences for whoever runs the stage. */
async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
    if (code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG")
      throw new Fault(
        "unavailable",
        "The disk is full. Make room and run the stage again: it goes on where it was.",
      );
    if (code === "EACCES" || code === "EROFS" || code === "EPERM")
      throw new Fault(
        "forbidden",
        "The root cannot be written. Check whose it is, or name another with --root.",
      );
    throw error;
  }
}

// What the commands of `lakehouse distill` share: where the root is, a run on it with its progress on the terminal, and the
// datasets of the house that runs over the data folder.

import { join } from "node:path";
import { replayOptions, type RunStage } from "#contracts/distill";
import type { ExportKind } from "#distill/export/candidates";
import { newRunId, type Run } from "#distill/run";
import { gitCommit } from "#distill/runs/git-commit";
import { performRun, type RunHouse, type RunPlan } from "#distill/runs/perform";
import type { Receipt } from "#distill/schemas/reports";
import { HOLDOUT_PERCENT } from "#distill/stages";
import { systemClock } from "#lib/clock";
import { Fault } from "#rpc/fault";
import { DATA_ARG, OUTPUT_ARG, settingsOf } from "../../args.ts";
import type { ArgsDef } from "../../command.ts";
import { connect } from "../../connect.ts";
import { settingsOver } from "../../data-folder.ts";
import { createProgress } from "../../terminal/progress.ts";
import { count } from "../../terminal/plain-text.ts";
import { say } from "../../terminal/terminal.ts";

export const ROOT_ARGS = {
  root: {
    type: "string",
    valueHint: "DIR",
    description: "Where sources, evidence and exports are; the data folder's distill unless given",
  },
  ...DATA_ARG,
  ...OUTPUT_ARG,
} as const satisfies ArgsDef;

export const KINDS = ["sft", "preference", "kto", "rag"] as const satisfies readonly ExportKind[];

interface RootArgs {
  readonly root: string | undefined;
  readonly data: string | undefined;
}

export async function rootOf({ root, data }: RootArgs): Promise<string> {
  return root ?? join((await settingsOver({ data })).data, "distill");
}

export async function newRun(root: string): Promise<Run> {
  return { root, runId: newRunId(systemClock), clock: systemClock, gitCommit: await gitCommit() };
}

/** A run of the command line: every option that a command has no flag for as it is by default. */
export async function performHere(
  root: string,
  stages: readonly RunStage[],
  change: {
    readonly options?: Partial<RunPlan["options"]>;
    readonly plan?: Partial<RunPlan>;
    readonly house?: RunHouse;
  } = {},
): Promise<{ readonly run: Run; readonly receipts: Receipt[] }> {
  const progress = createProgress();
  let stage = "";
  const run: Run = {
    ...(await newRun(root)),
    onProgress: (done, total) =>
      progress.show(
        `${stage}: ${count(done)}${total === undefined ? "" : ` of ${count(total)}`}`,
        total === undefined || total === 0 ? undefined : done / total,
      ),
  };
  const plan: RunPlan = {
    stages,
    options: { kinds: KINDS, target: "trl", holdoutPercent: HOLDOUT_PERCENT, against: [], ...change.options },
    actor: "cli",
    captureMode: "off",
    appendBaseline: false,
    breaches: false,
    replay: replayOptions.parse({}),
    ...change.plan,
  };
  try {
    const receipts = await performRun(run, plan, {
      house: change.house,
      onRecord: (record) => {
        stage = record.progress?.stage ?? stage;
        if (record.status === "running") progress.show(stage);
      },
    });
    return { run, receipts };
  } finally {
    progress.end();
  }
}

export type Datasets = Awaited<ReturnType<HouseDatasets["refreshDatasets"]>>;
type HouseDatasets = Awaited<ReturnType<typeof connect>>["house"]["distill"];

/**
 * The datasets of the house that runs over the data folder, after a run on its own root. Null, and why, where they were not
 * brought up to date: the files are right all the same.
 */
export async function refreshDatasets({ root, data }: RootArgs): Promise<Datasets | string> {
  if (root !== undefined) return "The datasets of a house follow its own root, not one of --root.";
  try {
    const { house } = await connect(settingsOf({ data }));
    return await house.distill.refreshDatasets({});
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    if (error.code === "unavailable")
      return "No house runs over the data folder: its datasets are brought up to date by lakehouse distill datasets, or by the next run, when one does.";
    return `The datasets were not brought up to date: ${error.message}`;
  }
}

export function sayDatasets(refreshed: Datasets | string): void {
  if (typeof refreshed === "string") return say(refreshed);
  const rows = Object.values(refreshed).reduce((all, each) => all + each, 0);
  say(
    rows === 0
      ? "The datasets evidence, scored_runs and exports are up to date."
      : `For SQL: ${Object.entries(refreshed)
          .map(([name, written]) => `${name} ${count(written)}`)
          .join(", ")} rows written.`,
  );
}

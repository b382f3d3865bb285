// What the commands of `lakehouse distill` share: where the root is, and a run on it.

import { join } from "node:path";
import type { ExportKind } from "#distill/export/candidates";
import { newRunId, type Run } from "#distill/run";
import { systemClock } from "#lib/clock";
import { DATA_ARG, OUTPUT_ARG, settingsOf } from "../../args.ts";
import type { ArgsDef } from "../../command.ts";

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

export function rootOf({
  root,
  data,
}: {
  readonly root: string | undefined;
  readonly data: string | undefined;
}): string {
  return root ?? join(settingsOf({ data }).data, "distill");
}

/** The commit of the checkout that runs, where it is one. */
function gitCommit(): string | null {
  try {
    const git = Bun.spawnSync(["git", "rev-parse", "HEAD"], { cwd: import.meta.dir, stderr: "ignore" });
    const commit = git.stdout.toString().trim();
    return git.exitCode === 0 && /^[0-9a-f]{40}$/.test(commit) ? commit : null;
  } catch {
    // There is no git on this machine.
    return null;
  }
}

export function newRun(root: string): Run {
  return { root, runId: newRunId(systemClock), clock: systemClock, gitCommit: gitCommit() };
}

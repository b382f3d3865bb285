// The stages that a run goes through, in their order, each with its receipt.

import { type ExportOptions, exportRows } from "./export/export.ts";
import type { ExportKind } from "./export/candidates.ts";
import { FORMS, type Target } from "./export/targets.ts";
import { materialize } from "./materialize/materialize.ts";
import { type Run, summarize, withReceipt, withRoot } from "./run.ts";
import type { Receipt, Stage } from "./schemas/reports.ts";
import { score } from "./score/score.ts";
import { SCORER_VERSION } from "./score/scorers.ts";

export interface RunOptions {
  readonly stages: readonly Stage[];
  readonly kinds: readonly ExportKind[];
  readonly target: Target;
  /** Exports in further forms, beside those of `target`. */
  readonly furtherTargets?: readonly Target[] | undefined;
  readonly holdoutPercent: number;
  readonly holdoutAfter?: string | undefined;
  readonly against: readonly string[];
  readonly scorerVersion?: string | undefined;
}

export const HOLDOUT_PERCENT = 10;

/** Runs the stages and leaves receipts, a summary and a report. `progress` is called with each receipt as it is written. */
export function runStages(
  run: Run,
  options: RunOptions,
  progress: (receipt: Receipt) => void = () => undefined,
): Promise<Receipt[]> {
  return withRoot(run.root, () => stagesOn(run, options, { onReceipt: progress }));
}

export interface StageWatch {
  readonly onStage?: (stage: string) => Promise<void> | void;
  readonly onReceipt?: (receipt: Receipt) => void;
}

/** The same, for who holds the root already. */
export async function stagesOn(
  run: Run,
  options: RunOptions,
  { onStage, onReceipt }: StageWatch,
): Promise<Receipt[]> {
  const receipts: Receipt[] = [];
  const done = async (
    stage: string,
    work: Parameters<typeof withReceipt>[2],
    name = stage,
  ): Promise<void> => {
    await onStage?.(name);
    const receipt = await withReceipt(run, stage, work, name);
    receipts.push(receipt);
    onReceipt?.(receipt);
  };
  if (options.stages.includes("materialize")) await done("materialize", () => materialize(run));
  if (options.stages.includes("score"))
    await done("score", () => score(run, options.scorerVersion ?? SCORER_VERSION));
  if (options.stages.includes("export")) {
    const { holdoutPercent, holdoutAfter, against } = options;
    const targets = new Set([...(options.furtherTargets ?? []), options.target]);
    for (const kind of options.kinds) {
      // Triples have one form. The target's own receipt comes last: it is the newest of its kind, by which audits go.
      for (const target of kind === "rag" ? (["native"] as const) : targets) {
        if (kind === "kto" && FORMS[target].kto === undefined) continue;
        const chosen: ExportOptions = { kind, target, holdoutPercent, holdoutAfter, against };
        const stage = `export-${kind}`;
        const name = kind === "rag" || target === options.target ? stage : `${stage}-${target}`;
        await done(stage, () => exportRows(run, chosen), name);
      }
    }
  }
  await summarize(run, receipts);
  return receipts;
}

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
  return withRoot(run.root, async () => {
    const receipts: Receipt[] = [];
    const done = async (stage: string, work: Parameters<typeof withReceipt>[2]): Promise<void> => {
      const receipt = await withReceipt(run, stage, work);
      receipts.push(receipt);
      progress(receipt);
    };
    if (options.stages.includes("materialize")) await done("materialize", () => materialize(run));
    if (options.stages.includes("score"))
      await done("score", () => score(run, options.scorerVersion ?? SCORER_VERSION));
    if (options.stages.includes("export")) {
      for (const kind of options.kinds) {
        // A trainer that has no KTO gets none, and triples have one form.
        if (kind === "kto" && FORMS[options.target].kto === undefined) continue;
        const { holdoutPercent, holdoutAfter, against } = options;
        const target = kind === "rag" ? "native" : options.target;
        const chosen: ExportOptions = { kind, target, holdoutPercent, holdoutAfter, against };
        await done(`export-${kind}`, () => exportRows(run, chosen));
      }
    }
    await summarize(run, receipts);
    return receipts;
  });
}

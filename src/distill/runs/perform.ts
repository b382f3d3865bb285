// A run from its first stage to its last, holding its root: what the command line and the house's worker both do. The
// record of the run is on the disk before the first stage begins, and says how it ended whatever ended it, short of the
// death of the process.

import { Fault } from "#rpc/fault";
import type { House } from "#contracts/house";
import type { ReplayOptions, RunStage } from "#contracts/distill";
import { RUN_STAGES } from "#contracts/distill";
import type { Call } from "#rpc/call";
import { brokenIn } from "../audit/acceptance.ts";
import { auditRun } from "../audit/report.ts";
import { captureInto, sourcesOf } from "../capture/capture.ts";
import type { CaptureMode } from "../capture/lines-of.ts";
import { replayRun } from "../replay/replay.ts";
import { type Run, withRoot } from "../run.ts";
import { type RunOptions, stagesOn } from "../stages.ts";
import { type Receipt, type Stage, STAGES } from "../schemas/reports.ts";
import type { RunRecord } from "../schemas/run-reports.ts";
import { writeRecord } from "./record.ts";

export interface RunPlan {
  readonly stages: readonly RunStage[];
  readonly options: Omit<RunOptions, "stages">;
  readonly actor?: string | undefined;
  readonly captureMode: CaptureMode | "off";
  readonly appendBaseline: boolean;
  /** Acceptance also plants a breach of each invariant. */
  readonly breaches: boolean;
  readonly driftMax?: number | undefined;
  readonly replay: ReplayOptions;
}

/** Services that capture and replay call. */
export type RunHouse = Pick<House, "journald" | "matrixd" | "chatd" | "validatord" | "truthd" | "queryd">;

export interface RunWatch {
  /** The record is on the disk and the root is held. */
  readonly onRecord?: (record: RunRecord) => void;
  readonly onReceipt?: (receipt: Receipt) => void;
}

export interface PerformDeps extends RunWatch {
  /** Undefined where no house runs. */
  readonly house: RunHouse | undefined;
  readonly call?: Pick<Call, "caller" | "signal">;
  /** Brings the datasets of the house up to date, as the run's last stage. */
  readonly refresh?: () => Promise<void>;
}

const isStage = (stage: RunStage): stage is Stage => (STAGES as readonly string[]).includes(stage);

export async function performRun(run: Run, plan: RunPlan, deps: PerformDeps): Promise<Receipt[]> {
  const stages = RUN_STAGES.filter((stage) => plan.stages.includes(stage));
  const needsHouse = (stage: string): RunHouse => {
    if (deps.house !== undefined) return deps.house;
    throw new Fault("unavailable", `The stage ${stage} needs a running house. Start one with: lakehouse up`);
  };
  return withRoot(run.root, async () => {
    let record: RunRecord = {
      schema: "distill_run.v1",
      run_id: run.runId,
      status: "running",
      stages,
      ...(plan.actor === undefined ? {} : { actor: plan.actor }),
      started_at: new Date(run.clock.now()).toISOString(),
    };
    const put = async (change: Partial<RunRecord>): Promise<void> => {
      record = { ...record, ...change };
      await writeRecord(run.root, record);
      deps.onRecord?.(record);
    };
    const onStage = (stage: string): Promise<void> => put({ progress: { stage, done: 0 } });
    await put({});
    const receipts: Receipt[] = [];
    try {
      if (stages.includes("capture")) {
        if (plan.captureMode === "off")
          throw new Fault(
            "invalid",
            "Capture is off. Set LAKEHOUSE_CAPTURE to metadata or full, or leave the stage capture out.",
          );
        await onStage("capture");
        await captureInto(run.root, sourcesOf(needsHouse("capture")), plan.captureMode);
      }
      const chosen = { ...plan.options, stages: stages.filter(isStage) };
      receipts.push(
        ...(await stagesOn(run, chosen, {
          onStage,
          ...(deps.onReceipt === undefined ? {} : { onReceipt: deps.onReceipt }),
        })),
      );
      if (stages.includes("replay")) {
        await onStage("replay");
        const receipt = await replayRun(run, plan.replay, {
          house: needsHouse("replay"),
          ...(deps.call === undefined ? {} : { call: deps.call }),
        });
        receipts.push(receipt);
        deps.onReceipt?.(receipt);
      }
      if (stages.includes("accept")) {
        await onStage("accept");
        await acceptedRun(run, plan.breaches);
      }
      if (stages.includes("audit")) {
        await onStage("audit");
        await auditRun(run, {
          appendBaseline: plan.appendBaseline,
          ...(plan.driftMax === undefined ? {} : { threshold: plan.driftMax }),
        });
      }
      if (deps.refresh !== undefined) {
        await onStage("datasets");
        await deps.refresh();
      }
    } catch (error) {
      await put({ status: "failed", ended_at: now(run), problem: problemOf(error, record, receipts) });
      throw error;
    }
    const { progress: _, ...rest } = record;
    record = rest;
    await put({ status: "succeeded", ended_at: now(run) });
    return receipts;
  });
}

/** Throws `rejected` where an invariant does not hold; the report is on the disk by then. */
async function acceptedRun(run: Run, breaches: boolean): Promise<void> {
  // Most runs have no use for it.
  const { acceptAndReport } = await import("../accept/report.ts");
  const broken = brokenIn(await acceptAndReport(run, breaches));
  if (broken.length === 0) return;
  throw new Fault("rejected", `Acceptance found what does not hold: ${broken.join(", ")}.`);
}

function now(run: Run): string {
  return new Date(run.clock.now()).toISOString();
}

function problemOf(error: unknown, { progress }: RunRecord, receipts: readonly Receipt[]): string {
  const why = error instanceof Fault ? error.message : "A stage failed by an error of the house's own.";
  return `${why} ${leftBy(progress?.stage, receipts)}`;
}

/** What a run that did not end left. */
export function leftBy(stage: string | undefined, receipts: readonly Pick<Receipt, "stage">[]): string {
  const ended = receipts.map((receipt) => receipt.stage).join(", ");
  const at = stage === undefined ? "It ended before its first stage" : `It ended during the stage ${stage}`;
  return `${at}; ${ended === "" ? "no stage had ended" : `these had ended: ${ended}`}. The next run continues from there.`;
}

// What a worker does: one run, or reads for anyone who asks. It reaches the services of its house over a socket of the
// gateway, as any neighbour would.

import { join } from "node:path";
import type { DistillRun } from "#contracts/distill";
import type { House } from "#contracts/house";
import { systemClock } from "#lib/clock";
import type { Call } from "#rpc/call";
import type { Handlers } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import type { CaptureMode } from "../../capture/lines-of.ts";
import { refreshDatasets } from "../../datasets/refresh.ts";
import { traceRow } from "../../export/trace.ts";
import { type Run, withRoot } from "../../run.ts";
import type { Receipt } from "../../schemas/reports.ts";
import { HOLDOUT_PERCENT } from "../../stages.ts";
import { EXPORT_KINDS, type RunProgress, replayOptions } from "#contracts/distill";
import type { RunRecord } from "../../schemas/run-reports.ts";
import { briefReceipt } from "../brief-receipt.ts";
import { performRun, type RunHouse } from "../perform.ts";
import { exportFolders, type FoundExport, listExports, readExport } from "../reads/exports.ts";
import { readEvidence } from "../reads/evidence.ts";
import { quarantinePage } from "../reads/quarantine.ts";
import { listRuns, readAudit, type ReadRun, readRun } from "../reads/runs.ts";
import type { distillWorker } from "./contract.ts";

export interface WorkerDeps {
  /** The data folder. */
  readonly data: string;
  readonly captureMode: CaptureMode | "off";
  readonly house: RunHouse & Pick<House, "ingestd" | "catalogd">;
}

/** The root whose rows SQL sees. */
export const HOUSE_ROOT = "distill";

/** Reports of progress no closer than this: a person watches them. */
const PROGRESS_MS = 200;

export function workerHandlers({ data, captureMode, house }: WorkerDeps): Handlers<typeof distillWorker> {
  const at = (root: string): string => join(data, root);
  return {
    runs: async ({ root, ...query }) => {
      const { items, next_cursor } = await listRuns(at(root), query);
      const shown = items.map((run) => ({
        ...shownRun(run, root),
        receipts: run.receipts.map(briefReceipt),
      }));
      return { runs: shown, ...(next_cursor === undefined ? {} : { next_cursor }) };
    },
    run: async ({ root, run_id }) => {
      const run = await readRun(at(root), run_id);
      return { ...shownRun(run, root), receipts: run.receipts };
    },
    audit: async ({ root, run_id }) => {
      const { schema: _, ...audit } = await readAudit(at(root), run_id);
      return audit;
    },
    quarantine: ({ root, ...query }) => quarantinePage(at(root), query),
    exports: async ({ root, ...query }) => {
      const { items, next_cursor } = await listExports(at(root), await exportFolders(at(root)), query);
      return { exports: items.map(shownExport), ...(next_cursor === undefined ? {} : { next_cursor }) };
    },
    export: async ({ root, name }) => {
      const found = await readExport(at(root), name);
      return { ...shownExport(found), certificate: { ...found.certificate } };
    },
    evidence: ({ root, evidence_id }) => readEvidence(at(root), evidence_id),
    trace: async ({ root, file, row }) => {
      const traced = await traceRow(at(root), file, row);
      return {
        ...traced,
        evidence: traced.evidence as Record<string, unknown> | null,
        scored: traced.scored as Record<string, unknown> | null,
        broken: [...traced.broken],
      };
    },
    refreshDatasets: (_, call) =>
      withRoot(at(HOUSE_ROOT), () => refreshDatasets(at(HOUSE_ROOT), house, call)),
    perform: (input, call) => perform(input, call),
  };

  async function* perform(
    input: Parameters<Handlers<typeof distillWorker>["perform"]>[0],
    call: Call,
  ): AsyncGenerator<DistillRun> {
    const { root, run_id, git_commit, targets, kinds = EXPORT_KINDS, stages, actor } = input;
    let record: RunRecord | undefined;
    let progress: RunProgress | undefined;
    const receipts: Receipt[] = [];
    let changed = Promise.withResolvers<void>();
    let toldAt = 0;
    const run: Run = {
      root: at(root),
      runId: run_id,
      clock: systemClock,
      gitCommit: git_commit,
      onProgress: (done, total) => {
        if (progress === undefined) return;
        progress = { stage: progress.stage, done, ...(total === undefined ? {} : { total }) };
        const now = performance.now();
        if (now - toldAt < PROGRESS_MS) return;
        toldAt = now;
        changed.resolve();
      },
    };
    const [target = "trl", ...furtherTargets] = targets;
    let failure: unknown;
    let isOver = false;
    const working = performRun(
      run,
      {
        stages,
        options: {
          kinds,
          target,
          furtherTargets,
          holdoutPercent: input.holdout_percent ?? HOLDOUT_PERCENT,
          holdoutAfter: input.holdout_after,
          against: [],
        },
        actor,
        captureMode,
        appendBaseline: input.append_baseline,
        breaches: input.breaches,
        replay: input.replay ?? replayOptions.parse({}),
      },
      {
        house,
        call,
        onRecord: (next) => {
          record = next;
          ({ progress } = next);
          changed.resolve();
        },
        onReceipt: (receipt) => {
          receipts.push(receipt);
          changed.resolve();
        },
        ...(root === HOUSE_ROOT
          ? { refresh: async () => void (await refreshDatasets(at(root), house, call)) }
          : {}),
      },
    )
      .catch((error: unknown) => {
        failure = error;
      })
      .finally(() => {
        isOver = true;
        changed.resolve();
      });
    for (;;) {
      await changed.promise;
      changed = Promise.withResolvers();
      if (record === undefined) {
        if (isOver) throw failure ?? new Fault("internal", "The run did not begin.");
        continue;
      }
      if (isOver) break;
      if (record.status !== "running") continue;
      const { schema: _schema, progress: _progress, ...rest } = record;
      yield {
        ...rest,
        root,
        ...(progress === undefined ? {} : { progress }),
        receipts: receipts.map(briefReceipt),
        reports: [],
      };
    }
    await working;
    if (record.status === "running") throw failure;
    const { receipts: all, ...ended } = await readRun(at(root), run_id);
    yield { ...shownRun({ ...ended, receipts: all }, root), receipts: all.map(briefReceipt) };
  }
}

function shownRun(run: ReadRun, root: string): ReadRun & { root: string } {
  return { ...run, root };
}

function shownExport({
  certificate: _certificate,
  folder: _folder,
  ...shown
}: FoundExport): Omit<FoundExport, "certificate" | "folder"> {
  return shown;
}

// An audit of a run, with its drift, as the file `audit.json` of the run.

import { join } from "node:path";
import { makeFolder, writeDurably } from "#lib/durable";
import type { Run } from "../run.ts";
import { reportsOf } from "../runs/record.ts";
import type { Metrics } from "../schemas/reports.ts";
import type { AuditReport } from "../schemas/run-reports.ts";
import { audit } from "./audit.ts";
import { appendBaseline, DRIFT_MAX, driftOf, readBaselines } from "./baselines.ts";

export const AUDIT_FILE = "audit.json";

export interface AuditOptions {
  /** A share; see `driftOf`. */
  readonly threshold?: number;
  readonly appendBaseline?: boolean;
}

/** Looks, and writes nothing. */
export async function observeRoot(
  run: Run,
  { threshold = DRIFT_MAX }: AuditOptions = {},
): Promise<AuditReport> {
  const { ok, checks, metrics } = await audit(run.root);
  const baselines = await readBaselines(run.root);
  return {
    schema: "audit.v1",
    run_id: run.runId,
    recorded_at: new Date(run.clock.now()).toISOString(),
    ok,
    checks: [...checks],
    metrics,
    drift: driftOf(metrics, baselines, run.gitCommit, threshold),
    baselines: baselines.length,
  };
}

export async function auditRun(run: Run, options: AuditOptions = {}): Promise<AuditReport> {
  const report = await observeRoot(run, options);
  const folder = reportsOf(run.root, run.runId);
  await makeFolder(folder);
  await writeDurably(join(folder, AUDIT_FILE), `${JSON.stringify(report, null, 2)}\n`);
  if (options.appendBaseline === true) {
    await appendBaseline(run.root, {
      recorded_at: report.recorded_at,
      git_commit: run.gitCommit,
      run_id: run.runId,
      ...(report.metrics as Metrics),
    });
  }
  return report;
}

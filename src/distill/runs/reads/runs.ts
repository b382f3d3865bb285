// Runs of a root as the wire has them: their record, their receipts, which reports they left.

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { DistillRun } from "#contracts/distill";
import { REPORT_NAMES } from "#contracts/distill";
import { isThere, readIfThere } from "#lib/durable";
import { Fault } from "#rpc/fault";
import { AUDIT_FILE } from "../../audit/report.ts";
import { jsonOr } from "#lib/json-or";
import { type Receipt, receipt as receiptSchema } from "../../schemas/reports.ts";
import { type AuditReport, auditReport } from "../../schemas/run-reports.ts";
import { leftBy } from "../perform.ts";
import { currentRunId, readRecord, reportsOf, runIds } from "../record.ts";
import { type Page, pageOf } from "./page.ts";

export type ReadRun = Omit<DistillRun, "receipts" | "root"> & { readonly receipts: Receipt[] };

export async function listRuns(
  root: string,
  given: {
    readonly limit: number;
    readonly cursor?: string | undefined;
    readonly status?: string | undefined;
  },
): Promise<Page<ReadRun>> {
  const current = await currentRunId(root);
  return pageOf(await runIds(root), given, async (runId) => {
    const run = await runIn(root, runId, current);
    return given.status === undefined || run?.status === given.status ? run : undefined;
  });
}

/** Throws `not_found`. */
export async function readRun(root: string, runId: string): Promise<ReadRun> {
  const run = await runIn(root, runId, await currentRunId(root));
  if (run === undefined) throw new Fault("not_found", `There is no run ${runId} of this root.`);
  return run;
}

async function runIn(root: string, runId: string, current: string | undefined): Promise<ReadRun | undefined> {
  const record = await readRecord(root, runId);
  const receipts = await receiptsOf(root, runId);
  const [first] = receipts;
  if (record === undefined && first === undefined) return undefined;
  const reports: string[] = [];
  for (const name of REPORT_NAMES) if (await isThere(join(reportsOf(root, runId), name))) reports.push(name);
  // One of a program that writes no record has a summary when it ended.
  const {
    status = reports.includes("summary.json") ? "succeeded" : "failed",
    stages = receipts.map(({ stage }) => stage),
    started_at = first?.started_at ?? "",
    actor,
    ended_at,
    problem,
    progress,
  } = record ?? {};
  const about = {
    run_id: runId,
    stages,
    started_at,
    receipts,
    reports,
    ...(actor === undefined ? {} : { actor }),
  };
  if (status === "running" && current === runId)
    return { ...about, status, ...(progress === undefined ? {} : { progress }) };
  const isDead = status === "running" || (record === undefined && status === "failed");
  const told = isDead ? `The process that ran it died. ${leftBy(progress?.stage, receipts)}` : problem;
  const ended = ended_at ?? receipts.at(-1)?.ended_at;
  return {
    ...about,
    status: isDead ? "failed" : status,
    ...(ended === undefined ? {} : { ended_at: ended }),
    ...(told === undefined ? {} : { problem: told }),
  };
}

/** In the order in which the stages ran. */
async function receiptsOf(root: string, runId: string): Promise<Receipt[]> {
  const folder = reportsOf(root, runId);
  const found: Receipt[] = [];
  for (const name of await namesIn(folder)) {
    if (name.includes(".")) continue;
    const text = await readIfThere(join(folder, name, "receipt.json"));
    const read = text === undefined ? undefined : receiptSchema.safeParse(jsonOr(text)).data;
    if (read !== undefined) found.push(read);
  }
  return found.sort((a, b) => (a.ended_at < b.ended_at ? -1 : 1));
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** The audit of a run, or the newest one. Throws `not_found`. */
export async function readAudit(root: string, runId: string | undefined): Promise<AuditReport> {
  for (const id of runId === undefined ? await runIds(root) : [runId]) {
    const text = await readIfThere(join(reportsOf(root, id), AUDIT_FILE));
    const read = text === undefined ? undefined : auditReport.safeParse(jsonOr(text)).data;
    if (read !== undefined) return read;
  }
  throw new Fault(
    "not_found",
    runId === undefined
      ? "There is no audit of this root yet. Start a run with the stage audit."
      : `The run ${runId} has no audit. Start a run with the stage audit.`,
  );
}

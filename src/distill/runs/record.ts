// What a run says of itself: `reports/distillation/RUN_ID/run.json`, written when it begins, with each stage, and when it
// ends. A record that says running, of a root that nobody holds, is of a process that died: it is read as failed.

import { jsonOr } from "#lib/json-or";
import { join } from "node:path";
import { makeFolder, readIfThere, writeDurably } from "#lib/durable";
import { isLocked } from "#lib/file-lock";
import { entriesOf, REPORTS_FOLDER } from "../root.ts";
import { type RunRecord, runRecord } from "../schemas/run-reports.ts";

export const RECORD_FILE = "run.json";
/** A root with more runs since the one under way began does not exist. */
const LOOKED_AT_MAX = 1000;

export function reportsOf(root: string, runId: string): string {
  return join(root, REPORTS_FOLDER, runId);
}

export async function writeRecord(root: string, record: RunRecord): Promise<void> {
  const folder = reportsOf(root, record.run_id);
  await makeFolder(folder);
  await writeDurably(join(folder, RECORD_FILE), `${JSON.stringify(record, null, 2)}\n`);
}

/** Undefined where there is none, or none that can be read. */
export async function readRecord(root: string, runId: string): Promise<RunRecord | undefined> {
  const text = await readIfThere(join(reportsOf(root, runId), RECORD_FILE));
  if (text === undefined) return undefined;
  return runRecord.safeParse(jsonOr(text)).data;
}

/** Ids of the runs of a root, the newest first: an id begins with the time. */
export async function runIds(root: string): Promise<string[]> {
  const entries = await entriesOf(join(root, REPORTS_FOLDER));
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
    .reverse();
}

/** The newest record that says running. */
export async function runningRecord(root: string): Promise<RunRecord | undefined> {
  for (const runId of (await runIds(root)).slice(0, LOOKED_AT_MAX)) {
    const record = await readRecord(root, runId);
    if (record?.status === "running") return record;
  }
  return undefined;
}

/** The id of the run that holds the root just now. */
export async function currentRunId(root: string): Promise<string | undefined> {
  if (!isLocked(join(root, LOCK_FILE))) return undefined;
  return (await runningRecord(root))?.run_id;
}

/** A file of its own: what holds a lock must not be read. */
export const LOCK_FILE = ".distill.lock";

// Phase 7: the newest replay, computed again from its lines. Each line fits its schema, one answer to one prompt has one
// verdict, and the report says what the lines say.

import { join } from "node:path";
import { canonicalJson } from "#lib/canonical-json";
import { readIfThere } from "#lib/durable";
import { jsonOr } from "#lib/json-or";
import { linesIfThere } from "../files/quarantine.ts";
import { REPLAY_LOG, type ReplayLine } from "../replay/log.ts";
import { reportOf } from "../replay/report.ts";
import { reportsOf, runIds } from "../runs/record.ts";
import { type ReplayReport, replayReport } from "../schemas/run-reports.ts";
import { replayRun } from "../schemas/source-logs.ts";

/** What is wrong; a string is why there is nothing to look at. */
export async function replayProblems(root: string): Promise<readonly string[] | string> {
  const problems: string[] = [];
  const lines: ReplayLine[] = [];
  const decoder = new TextDecoder();
  for await (const { bytes, offset, length } of linesIfThere(join(root, REPLAY_LOG))) {
    if (length === 0) continue;
    const line = bytes === undefined ? undefined : replayRun.safeParse(jsonOr(decoder.decode(bytes))).data;
    if (line === undefined) problems.push(`${REPLAY_LOG} line ${offset}`);
    else lines.push(line);
  }
  const newest = await newestReplay(root);
  if (newest === undefined) return lines.length + problems.length === 0 ? "nothing was replayed" : problems;
  const own = lines.filter(({ run_id }) => run_id === newest.replay_id);
  const verdicts = new Map<string, string>();
  for (const { evidence_id, prompt_sha256, reply, verdict } of own) {
    const key = canonicalJson([evidence_id, prompt_sha256, reply]);
    const seen = verdicts.get(key) ?? canonicalJson(verdict);
    if (seen !== canonicalJson(verdict)) problems.push(`${evidence_id}: one answer has two verdicts`);
    verdicts.set(key, seen);
  }
  const again = reportOf({
    runId: newest.run_id,
    replayId: newest.replay_id,
    recordedAt: newest.recorded_at,
    evidence: newest.evidence,
    leftOut: newest.left_out,
    stopped: newest.stopped,
    models: newest.models.map(({ model }) => model),
    lines: own,
    failedCalls: Object.fromEntries(newest.models.map(({ model, failed_calls }) => [model, failed_calls])),
  });
  for (const part of ["models", "pairs", "changed", "findings"] as const) {
    if (canonicalJson(sorted(again[part])) !== canonicalJson(sorted(newest[part])))
      problems.push(`${part} of the replay ${newest.run_id} are not what its lines say`);
  }
  return problems;
}

/** Lines of a replay that was continued may have come in another order. */
function sorted(parts: readonly object[]): string[] {
  return parts.map((part) => canonicalJson(part)).sort();
}

async function newestReplay(root: string): Promise<ReplayReport | undefined> {
  for (const runId of await runIds(root)) {
    const text = await readIfThere(join(reportsOf(root, runId), "replay.json"));
    const report = text === undefined ? undefined : replayReport.safeParse(jsonOr(text)).data;
    if (report !== undefined) return report;
  }
  return undefined;
}

// The report of an acceptance, which lies beside the receipts of a root and is read by its audits.

import { join } from "node:path";
import { makeFolder, writeDurably } from "#lib/durable";
import { ACCEPTANCE_FILE, REPORTS_FOLDER } from "../root.ts";
import type { Run } from "../run.ts";
import type { Acceptance } from "../schemas/acceptance.ts";
import { SCORER_VERSION } from "../score/scorers.ts";
import { TERMS_SHA256 } from "../score/terms.ts";
import { accept } from "./accept.ts";

export async function acceptAndReport(run: Run, withBreaches: boolean): Promise<Acceptance> {
  const startedAt = new Date(run.clock.now()).toISOString();
  const found = await accept(withBreaches, run.onProgress);
  const report: Acceptance = {
    schema: "acceptance.v1",
    run_id: run.runId,
    started_at: startedAt,
    ended_at: new Date(run.clock.now()).toISOString(),
    git_commit: run.gitCommit,
    scorer_version: SCORER_VERSION,
    terms_sha256: TERMS_SHA256,
    ...found,
  };
  const folder = join(run.root, REPORTS_FOLDER, run.runId);
  await makeFolder(folder);
  await writeDurably(join(folder, ACCEPTANCE_FILE), `${JSON.stringify(report, null, 2)}\n`);
  return report;
}

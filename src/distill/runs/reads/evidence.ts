// One row of evidence with all that it hangs together with: its score, its source line, the exports that have it.

import { join } from "node:path";
import { Fault } from "#rpc/fault";
import { scoredEvidence, type ScoredEvidence } from "../../export/scored-evidence.ts";
import { lineAt } from "../../export/trace.ts";
import { sha256Hex } from "../../files/digest.ts";
import { rowsOf } from "./exports.ts";

export interface EvidenceRead {
  readonly evidence: ScoredEvidence["evidence"];
  readonly scored: NonNullable<ScoredEvidence["scored"]> | null;
  readonly source_line: string | null;
  readonly exports: { readonly file: string; readonly row: number }[];
  readonly broken: string[];
}

/** Throws `not_found`. */
export async function readEvidence(root: string, evidenceId: string): Promise<EvidenceRead> {
  for await (const { evidence, scored } of scoredEvidence(root)) {
    if (evidence.evidence_id !== evidenceId) continue;
    const { source_file, line_offset, source_sha256 } = evidence.provenance;
    const line = await lineAt(join(root, source_file), line_offset);
    const broken: string[] = [];
    if (line === undefined) broken.push("the source line is gone");
    else if (sha256Hex(line) !== source_sha256) broken.push("the source line has changed");
    return {
      evidence,
      scored: scored ?? null,
      source_line: line ?? null,
      exports: await rowsOf(root, evidenceId),
      broken,
    };
  }
  throw new Fault("not_found", "There is no evidence of this id in this root.");
}

// Evidence with its score and its place, as exports read it.

import { join } from "node:path";
import { linesIfThere } from "../files/quarantine.ts";
import { EVIDENCE_FOLDER, partitions, SCORED_FOLDER } from "../root.ts";
import { evidence, type Evidence, type ScoredRun, scoredRun } from "../schemas/evidence.ts";

export interface ScoredEvidence {
  readonly evidence: Evidence;
  readonly scored: ScoredRun | undefined;
  /** The file and line of the evidence. */
  readonly file: string;
  readonly offset: number;
}

const utf8 = new TextDecoder();

/** All rows that are `evidence.v1`, partition by partition; others were put into quarantine when they were scored. */
export async function* scoredEvidence(root: string): AsyncGenerator<ScoredEvidence> {
  for (const path of await partitions(root, EVIDENCE_FOLDER)) yield* scoredPartition(root, path);
}

/** The rows of one partition. */
export async function* scoredPartition(root: string, path: string): AsyncGenerator<ScoredEvidence> {
  const scores = new Map<string, ScoredRun>();
  for await (const { bytes } of linesIfThere(join(root, SCORED_FOLDER, path))) {
    const row = parsed(bytes, scoredRun);
    if (row !== undefined) scores.set(row.evidence_id, row);
  }
  const seen = new Set<string>();
  for await (const { bytes, offset } of linesIfThere(join(root, EVIDENCE_FOLDER, path))) {
    const row = parsed(bytes, evidence);
    if (row === undefined || seen.has(row.evidence_id)) continue;
    seen.add(row.evidence_id);
    yield {
      evidence: row,
      scored: scores.get(row.evidence_id),
      file: `${EVIDENCE_FOLDER}/${path}`,
      offset,
    };
  }
}

function parsed<T>(
  bytes: Uint8Array | undefined,
  schema: { safeParse(value: unknown): { data?: T | undefined } },
): T | undefined {
  if (bytes === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(utf8.decode(bytes))).data;
  } catch {
    return undefined;
  }
}

// Which evidence can be replayed: that which has a prompt, and an output that the house's checks judge. The rest is counted by
// why it cannot.

import { ARTIFACT_KINDS, type ArtifactKind } from "#contracts/validate";
import type { Evidence } from "../schemas/evidence.ts";
import { scoredEvidence } from "../export/scored-evidence.ts";

export interface Replayable {
  readonly evidence: Evidence;
  readonly artifactKind: ArtifactKind;
  /** What was answered then; undefined where it was not kept. */
  readonly recorded: string | undefined;
  readonly recordedOk: boolean | undefined;
}

export interface Chosen {
  readonly evidence: readonly Replayable[];
  readonly leftOut: Readonly<Record<string, number>>;
}

export interface Choice {
  readonly limit: number;
  readonly kinds?: readonly string[] | undefined;
  readonly evidence_ids?: readonly string[] | undefined;
}

/** The lowest ids first: an order that says nothing of the evidence, and is the same each time. */
export async function choose(root: string, { limit, kinds, evidence_ids }: Choice): Promise<Chosen> {
  const wanted = evidence_ids === undefined ? undefined : new Set(evidence_ids);
  const found: Replayable[] = [];
  const leftOut: Record<string, number> = {};
  for await (const { evidence } of scoredEvidence(root)) {
    if (wanted !== undefined && !wanted.has(evidence.evidence_id)) continue;
    if (kinds !== undefined && !kinds.includes(evidence.kind)) continue;
    const replayable = replayableOf(evidence);
    if (typeof replayable === "string") leftOut[replayable] = (leftOut[replayable] ?? 0) + 1;
    else found.push(replayable);
  }
  found.sort((a, b) => (a.evidence.evidence_id < b.evidence.evidence_id ? -1 : 1));
  if (found.length > limit) leftOut["over_limit"] = found.length - limit;
  return { evidence: found.slice(0, limit), leftOut };
}

function replayableOf(evidence: Evidence): Replayable | string {
  if (evidence.kind === "replay") return "is_a_replay";
  const artifactKind = artifactKindOf(evidence);
  if (artifactKind === undefined) return "no_check_for_its_kind";
  if ((evidence.input.messages ?? []).length === 0) return "no_prompt";
  const { text, rejected } = evidence.output;
  return {
    evidence,
    artifactKind,
    recorded: text ?? rejected?.at(-1)?.text,
    recordedOk: evidence.validation?.ok,
  };
}

/** Tasks name what was drafted: `draft a fill`, `validate a email`. */
function artifactKindOf({ kind, task }: Evidence): ArtifactKind | undefined {
  if (kind === "fill") return "fill";
  if (kind !== "iterate" && kind !== "validation") return undefined;
  return ARTIFACT_KINDS.find((name) => task.endsWith(` ${name}`));
}

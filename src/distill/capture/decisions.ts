// Decisions of persons about facts, as lines of the `truth` log, with what the sources said when each was made. They are read
// from truthd, which keeps them.

import type { Decision, truth } from "#contracts/truth";
import type { Service } from "#rpc/contract";
import type { CaptureMode, LogLine } from "./lines-of.ts";

export type Decisions = Pick<Service<typeof truth>, "decisions" | "entity">;

const PAGE = 500;

/** Those after the decision `doneId`, the oldest first; all of them where it is not there. */
export async function decisionsAfter(truthd: Decisions, doneId: string | undefined): Promise<Decision[]> {
  const found: Decision[] = [];
  let cursor: string | undefined;
  do {
    const page = await truthd.decisions({ limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
    for (const decision of page.decisions) {
      if (decision.decision_id === doneId) return found.reverse();
      found.push(decision);
    }
    cursor = page.next_cursor;
  } while (cursor !== undefined);
  return found.reverse();
}

export async function decisionLine(
  truthd: Decisions,
  { decision_id, entity, attribute, value, actor, reason, at }: Decision,
  mode: CaptureMode,
): Promise<LogLine> {
  const line = { schema: "truth.v1", recorded_at: at, decision_id, entity, attribute, actor };
  if (mode === "metadata") return { log: "truth", line: { ...line, value: null, reason: "", claims: [] } };
  const { attributes } = await truthd.entity({ entity, as_of: at });
  const belief = attributes[attribute];
  const claims = [...(belief?.supporting ?? []), ...(belief?.dissenting ?? [])]
    .map((voice) => ({ source: voice.source, value: voice.value }))
    .sort((a, b) => (a.source < b.source ? -1 : 1));
  return { log: "truth", line: { ...line, value, reason, claims } };
}

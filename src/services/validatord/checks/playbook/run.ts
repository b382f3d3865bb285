// A playbook through its checks. What they must know of the house, the answer's row and the outcome's event, is looked up
// before, so that the checks themselves are pure.

import type { Context } from "#contracts/validate";
import type { World } from "../fill/run.ts";
import { type Findings, runChecks } from "../findings.ts";
import {
  type Answer,
  type Outcome,
  type PlaybookRecord,
  type PlaybookSubject,
  readPlaybook,
} from "./subject.ts";
import { PLAYBOOK_CHECKS } from "./table.ts";

export interface PlaybookSources {
  answer(record: PlaybookRecord): Promise<Answer>;
  outcome(eventId: string): Promise<Outcome>;
}

export async function checkPlaybook(
  artifact: Readonly<Record<string, unknown>>,
  context: Context,
  world: World,
  sources: PlaybookSources,
  findings: Findings,
): Promise<PlaybookSubject> {
  const { record, defects } = readPlaybook(artifact);
  const asksForAnswer = record.answer_id !== "" && record.answer_corpus !== "";
  const [answer, outcome] = await Promise.all([
    asksForAnswer ? sources.answer(record) : ({ state: "unasked" } as const),
    record.event_id === undefined ? undefined : sources.outcome(record.event_id),
  ]);
  const { order, policy = {}, blocks = [] } = context;
  const merged = answer.state === "found" ? answer.worker.merged_into : undefined;
  const own = blocks.filter(({ worker_id }) => worker_id === record.answer_id || worker_id === merged);
  const title = record.role ?? world.know.reader.read(record.query_text, world.now).role ?? undefined;
  const subject: PlaybookSubject = {
    ...world,
    record,
    defects,
    answer,
    outcome,
    asked: {
      title,
      ...(title === undefined ? { soc: undefined, role: undefined } : world.know.occupation(title)),
    },
    blocks: answer.state === "found" ? [...own, ...answer.worker.blocks] : own,
    order,
    policy,
  };
  runChecks(PLAYBOOK_CHECKS, subject, [], findings);
  return subject;
}

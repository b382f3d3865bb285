// Outcomes of shifts, as events of the journal.

import { journalLine } from "../schemas/source-logs.ts";
import { asked, transform } from "./transform.ts";

/** Outcomes of shifts. They are judgements about a search, and nothing that a model should write. */
const SCORES: Readonly<Record<string, number>> = {
  "shift.completed": 1,
  "shift.confirmed": 0.6,
  "shift.declined": 0.4,
  "shift.cancelled": 0.5,
  late_cancel: 0.2,
  no_show: 0,
};

export const journal = transform(journalLine, (line) => {
  const score = line.score ?? SCORES[line.type];
  const isJudged = score !== undefined && line.worker_id !== undefined;
  return {
    kind: "journal",
    source_class: "shift_outcome",
    task: line.type,
    input: { entity: line.subject, messages: asked(line.query_text) },
    output: {
      made_by: "person",
      rating: line.rating,
      ranking: isJudged
        ? [{ id: line.worker_id ?? "", text: "", title: "", score: score ?? null }]
        : undefined,
    },
    context: line.worker_id === undefined ? [] : [line.worker_id],
    outcome: score === undefined ? undefined : { result: line.type, score, event_id: line.event_id },
    trace_id: line.trace_id,
  };
});

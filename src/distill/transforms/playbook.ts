import { playbookLine } from "../schemas/source-logs.ts";
import { asked, transform } from "./transform.ts";

const PROVEN_SCORE = 0.5;

export const playbook = transform(playbookLine, (line) => {
  const proven = line.score >= PROVEN_SCORE;
  return {
    kind: "playbook",
    source_class: proven ? "playbook_proven" : "playbook_recorded",
    task: "who worked out for an order",
    input: { entity: line.entity ?? line.playbook_id, messages: asked(line.query_text) },
    output: {
      text: line.answer_text ?? line.answer_id,
      made_by: "house",
      ranking: [{ id: line.answer_id, text: line.answer_text ?? "", title: "", score: line.score }],
    },
    context: [line.answer_id],
    outcome: { result: line.result, score: line.score, event_id: line.event_id },
    trace_id: line.trace_id,
  };
});

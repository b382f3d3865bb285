// Orders that were filled, and what came of each person that was sent.

import { fillLine } from "../schemas/source-logs.ts";
import { asked, teacherOf, transform } from "./transform.ts";

const TASK = "Propose who fills this order.";
const GOOD = new Set(["filled", "completed"]);
/** A shift that was worked and rated badly is nothing to learn from. */
const GOOD_SCORE = 0.5;

export const fill = transform(fillLine, (line) => {
  const { order, order_text: text, places, proposal } = line;
  const isGood = GOOD.has(line.result) && (line.score ?? 1) >= GOOD_SCORE;
  const orderText = text ?? (order === undefined ? undefined : JSON.stringify(order));
  return {
    kind: "fill",
    source_class: isGood ? "fill_accepted" : "fill_outcome",
    task: "fill an order",
    input: { entity: line.entity ?? line.fill_id, messages: asked(orderText, TASK) },
    output: {
      text:
        places.length === 0
          ? undefined
          : JSON.stringify({ fills: places.map(({ worker_id }) => ({ worker_id })) }),
      made_by: proposal?.by === "model" ? "model" : proposal?.by === "hand" ? "person" : "house",
    },
    context: places.map(({ worker_id }) => worker_id),
    outcome: { result: line.result, score: line.score ?? (isGood ? 1 : 0), event_id: line.event_id },
    validation: proposal === undefined ? undefined : { ok: proposal.ok, findings: proposal.findings },
    teacher: teacherOf(line),
    usage: line.usage,
    trace_id: line.trace_id,
  };
});

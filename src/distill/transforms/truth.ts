import { truthLine } from "../schemas/source-logs.ts";
import { asked, transform } from "./transform.ts";

const TASK = "Decide what holds, and say why.";

/** A person's decision among sources that contradict each other. */
export const truth = transform(truthLine, ({ entity, attribute, value, reason, claims, trace_id }) => ({
  kind: "truth",
  source_class: "truth_decision",
  task: `decide ${attribute}`,
  input: {
    entity,
    messages: asked(
      [
        `What is ${attribute} of ${entity}?`,
        ...claims.map((claim) => `- ${claim.source} says ${JSON.stringify(claim.value ?? null)}`),
      ].join("\n"),
      TASK,
    ),
  },
  output: { text: JSON.stringify({ value: value ?? null, reason }), made_by: "person" },
  context: claims.map(({ source }) => source),
  outcome: { result: "decided", score: 1 },
  trace_id,
}));

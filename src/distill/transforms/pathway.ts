import { pathwayLine } from "../schemas/source-logs.ts";
import { asked, teacherOf, transform } from "./transform.ts";

const SUCCESS_SCORE = 0.5;

export const pathway = transform(pathwayLine, (line) => ({
  kind: "pathway",
  source_class: (line.outcome?.score ?? 0) >= SUCCESS_SCORE ? "pathway_success" : "pathway_trace",
  task: line.kind,
  input: { entity: line.pathway_id, messages: asked(line.task) },
  output: { text: line.content, made_by: line.made_by ?? (line.model === undefined ? "house" : "model") },
  context: [],
  outcome:
    line.outcome === undefined ? undefined : { result: line.outcome.result, score: line.outcome.score },
  teacher: teacherOf(line),
  usage: line.usage,
  trace_id: line.trace_id,
}));

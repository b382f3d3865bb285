import { searchLine } from "../schemas/source-logs.ts";
import { asked, transform } from "./transform.ts";

/** A search with its hits in order; those with an outcome are what a retriever learns from. */
export const search = transform(searchLine, (line) => {
  const scores = new Map(line.chosen.map(({ id, score }) => [id, score]));
  const best = line.chosen.toSorted((a, b) => b.score - a.score)[0];
  return {
    kind: "search",
    source_class: "search_outcome",
    task: `search ${line.corpus ?? "workers"}`,
    input: { entity: line.search_id, messages: asked(line.query_text) },
    output: {
      made_by: "house",
      ranking: line.hits.map(({ id, text, title }) => ({
        id,
        text: text ?? "",
        title: title ?? "",
        score: scores.get(id) ?? null,
      })),
    },
    context: line.chosen.map(({ id }) => id),
    outcome:
      best === undefined
        ? undefined
        : { result: best.result ?? "chosen", score: best.score, event_id: line.event_id },
    trace_id: line.trace_id,
  };
});

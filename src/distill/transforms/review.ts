// What people, or judge models, said of a draft.

import { reviewLine } from "../schemas/source-logs.ts";
import { asked, teacherOf, transform } from "./transform.ts";

/** A rating, or a correction: a text that a person put in place of a draft. */
export const review = transform(reviewLine, (line) => {
  const { corrected, draft, reviewer_is_model: isModel = false } = line;
  const corrects = corrected !== undefined && !isModel;
  return {
    kind: "review",
    source_class: corrects ? "review_correction" : "review_rating",
    task: "review a draft",
    input: { entity: line.entity ?? line.review_id, messages: asked(line.prompt) },
    output: {
      text: corrects ? corrected : draft,
      // A correction keeps most of the draft, so its teacher stays the draft's.
      made_by: line.draft_by ?? (line.model === undefined ? "person" : "model"),
      rejected: corrects && draft !== undefined ? [{ text: draft, labels: ["review.corrected"] }] : undefined,
      rating: line.rating,
    },
    context: [],
    outcome: isModel
      ? { result: "judged_by_model", score: line.rating === undefined ? 0.5 : (line.rating - 1) / 4 }
      : line.rating === undefined
        ? undefined
        : { result: "rated", score: (line.rating - 1) / 4 },
    teacher: teacherOf(line),
    usage: line.usage,
    trace_id: line.trace_id,
  };
});

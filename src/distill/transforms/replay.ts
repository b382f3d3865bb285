import { replayRun } from "../schemas/source-logs.ts";
import { asked, codesOf, teacherOf, transform } from "./transform.ts";

/** What a model wrote for a recorded task, and the verdict. */
export const replay = transform(replayRun, (line) => ({
  kind: "replay",
  source_class: "replay_verdict",
  task: "replay",
  input: { entity: line.evidence_id, messages: asked(line.prompt) },
  output: {
    text: line.verdict.ok ? line.reply : undefined,
    made_by: "model",
    rejected: line.verdict.ok ? undefined : [{ text: line.reply, labels: codesOf(line.verdict.findings) }],
  },
  context: [line.evidence_id],
  validation: line.verdict,
  teacher: teacherOf(line),
  trace_id: line.trace_id,
}));

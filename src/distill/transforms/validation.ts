// Verdicts of checks, and artifacts that were corrected by them.

import { validationLine } from "../schemas/source-logs.ts";
import { asked, codesOf, teacherOf, transform } from "./transform.ts";

const TASK = "Correct what the checks found, and change nothing else.";

/** With a corrected artifact it teaches the correction; without one it is a verdict. */
export const validation = transform(validationLine, (line) => {
  const { corrected, artifact, findings } = line;
  const corrects = corrected !== undefined && artifact !== undefined;
  const found = findings.map(
    ({ code, message }) => `- ${code}${typeof message === "string" ? `: ${message}` : ""}`,
  );
  return {
    kind: "validation",
    source_class: corrects ? "validation_correction" : "validation_verdict",
    task: `validate a ${line.kind}`,
    input: {
      entity: line.entity ?? line.validation_id,
      messages: asked(corrects ? `${artifact}\n\nFindings:\n${found.join("\n")}` : artifact, TASK),
    },
    output: {
      text: corrects ? corrected : undefined,
      // Fixes are applied by code; the rest of the text is the artifact's.
      made_by: line.made_by ?? "model",
      rejected: corrects ? [{ text: artifact, labels: codesOf(findings) }] : undefined,
    },
    context: [],
    validation: { ok: corrects || line.ok, findings: corrects ? [] : findings },
    teacher: teacherOf(line),
    usage: line.usage,
    trace_id: line.trace_id,
  };
});

// Runs in which a model drafted, was checked, and corrected itself.

import { iterateLine } from "../schemas/source-logs.ts";
import { asked, codesOf, teacherOf, transform } from "./transform.ts";

/** One run is one row: the draft that passed, and each that did not with the codes of its findings. */
export const iterate = transform(iterateLine, (line) => ({
  kind: "iterate",
  source_class: line.ok ? "iterate_accepted" : "iterate_failed",
  task: `draft a ${line.kind}`,
  input: { entity: line.entity ?? line.run_id, messages: asked(line.prompt) },
  output: {
    text: line.ok ? (line.artifact ?? undefined) : undefined,
    made_by: "model",
    rejected: line.attempts
      .filter(({ status }) => status !== "accepted")
      .map(({ draft, status, reasons, provider, model }) => ({
        text: draft,
        labels: reasons === undefined || reasons.length === 0 ? [status] : codesOf(reasons),
        teacher:
          provider === undefined && model === undefined
            ? undefined
            : { provider: provider ?? "unknown", model: model ?? "unknown" },
      })),
  },
  context: [],
  validation: {
    ok: line.ok,
    findings: line.ok ? [] : [...(line.attempts.at(-1)?.reasons ?? []), ...stopFinding(line.stopped)],
  },
  teacher: teacherOf(line),
  usage: line.usage,
  trace_id: line.trace_id,
}));

/** A run that a protected term ended says so even where its last attempt's findings were not kept. */
function stopFinding(stopped: string | undefined): { code: string }[] {
  return stopped === "protected_term" ? [{ code: "iterate.protected_term" }] : [];
}

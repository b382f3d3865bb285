import { messageLine } from "../schemas/source-logs.ts";
import { asked, teacherOf, transform } from "./transform.ts";

/** A drafted e-mail or SMS. */
export const message = transform(messageLine, (line) => ({
  kind: "message",
  source_class: line.ok ? "message_accepted" : "message_draft",
  task: `draft an ${line.channel} (${line.purpose})`,
  input: {
    entity: line.entity ?? line.message_id,
    messages: asked(
      line.instruction ??
        `Draft an ${line.channel} to a worker: ${line.purpose}${line.language === undefined ? "" : `, in ${line.language}`}.`,
    ),
  },
  output: {
    text:
      line.subject === undefined || line.body === undefined ? line.body : `${line.subject}\n\n${line.body}`,
    made_by: line.by === "model" ? "model" : line.by === "hand" ? "person" : "house",
  },
  context: [],
  validation: { ok: line.ok, findings: line.findings },
  teacher: teacherOf(line),
  usage: line.usage,
  trace_id: line.trace_id,
}));

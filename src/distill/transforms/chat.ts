import { chatLine } from "../schemas/source-logs.ts";
import { teacherOf, transform } from "./transform.ts";

export const chat = transform(chatLine, (line) => ({
  kind: "chat",
  source_class: "chat_call",
  task: line.task ?? "chat",
  input: { entity: line.call_id, messages: line.messages },
  output: { text: line.reply, made_by: "model" },
  context: [],
  teacher: teacherOf(line),
  usage: line.usage,
  trace_id: line.trace_id,
}));

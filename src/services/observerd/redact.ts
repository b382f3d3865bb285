// What may be kept of an event. Prompts and replies are content: they are left out unless the house is told to keep them. In
// what is kept, telephone numbers, e-mail addresses, social security numbers and keys are replaced wherever they stand, and
// so is everything under a name that says it is one of these.

import { isSecret, MASK, redactedThrough, redactText as redacted } from "#domain/redact";

/** Fields of what a model was given and what it said. */
const CONTENT: ReadonlySet<string> = new Set([
  "input",
  "output",
  "prompt",
  "completion",
  "content",
  "messages",
  "message_text",
  "text",
  "body",
  "raw",
  "reasoning",
  "tool_arguments",
  "tool_result",
]);

/** Ids that are made by machines: a run of digits in one is no telephone number. */
const ID_NAME = /(?:^|_)(?:trace|span|request|event|decision)_id$/;
const ID =
  /^(?:[0-9a-f]{16}|[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-z]{6,8}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** Deeper values say nothing that anyone would look for. */
const DEPTH_MAX = 8;
const STRING_CHARS_MAX = 8192;

export function redactText(text: string): string {
  return redacted(shortened(text));
}

function shortened(text: string): string {
  return text.length > STRING_CHARS_MAX ? `${text.slice(0, STRING_CHARS_MAX)}...` : text;
}

export function redactData(
  data: Readonly<Record<string, unknown>>,
  keepContent: boolean,
): Record<string, unknown> {
  return redactObject(data, keepContent, 0);
}

function redactObject(data: object, keepContent: boolean, depth: number): Record<string, unknown> {
  const entries = Object.entries(data)
    .filter(([name]) => keepContent || !CONTENT.has(name.toLowerCase()))
    .map(([name, value]): [string, unknown] => [
      redactText(name),
      redactField(name, value, keepContent, depth + 1),
    ]);
  return Object.fromEntries(entries);
}

function redactField(name: string, value: unknown, keepContent: boolean, depth: number): unknown {
  if (isSecret(name, value)) return MASK;
  if (typeof value === "string" && ID_NAME.test(name) && ID.test(value)) return value;
  return redactValue(value, keepContent, depth);
}

function redactValue(value: unknown, keepContent: boolean, depth: number): unknown {
  if (typeof value === "string")
    return depth > DEPTH_MAX
      ? redactText(value)
      : redactedThrough(shortened(value), (inner) => redactValue(inner, keepContent, depth + 1));
  if (typeof value !== "object" || value === null) return value;
  if (depth > DEPTH_MAX) return MASK;
  if (Array.isArray(value)) return value.map((item: unknown) => redactValue(item, keepContent, depth + 1));
  return redactObject(value, keepContent, depth);
}

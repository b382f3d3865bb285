// What may be kept of an event. Prompts and replies are content: they are left out unless the house is told to keep them. In
// what is kept, telephone numbers, e-mail addresses, social security numbers and keys are replaced wherever they stand, and
// so is everything under a name that says it is one of these. All patterns are linear in the length of the text.

const MASK = "[redacted]";

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

const SECRET_NAME =
  /^(?:.*[_-])?(?:authorization|api[_-]?key|apikey|password|passwd|secret|token|access[_-]?token|refresh[_-]?token|cookie|set-cookie|ssn|email|e-mail|phone|mobile|telephone)$/i;

const PATTERNS: readonly (readonly [pattern: RegExp, by: string])[] = [
  // Keys of Lakehouse, of model providers, of Langfuse, AWS, GitHub and Slack; JSON web tokens.
  [
    /\b(?:[lsrp]k[_-]|gh[pousr]_|xox[abprs]-|AKIA|ASIA|AIza)[\w-]{8,200}|\beyJ[\w-]{8,2000}\.[\w-]{8,2000}(?:\.[\w-]{0,2000})?/g,
    "[key]",
  ],
  [/\b(Bearer|Basic)\s+[\w~+/.=-]{8,2000}/gi, "$1 [key]"],
  [/(?<![\w.+-])[\w.+-]{1,256}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}/g, "[email]"],
  [/(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)/g, "[ssn]"],
  [/(?<![\d.])(?:\+?1[ .-]?)?(?:\(\d{3}\) ?|\d{3}[ .-]?)\d{3}[ .-]?\d{4}(?![\d.]\d|\d)/g, "[phone]"],
  // With its country and no sign of it.
  [/(?<!\d)\d{10,15}(?!\d)/g, "[phone]"],
  [/(?<![\d.])\+\d{1,3}(?:[ .-]?\d{2,4}){2,5}(?!\d)/g, "[phone]"],
];

/** Ids that are made by machines: a run of digits in one is no telephone number. */
const ID_NAME = /(?:^|_)(?:trace|span|request|event|decision)_id$/;
const ID =
  /^(?:[0-9a-f]{16}|[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-z]{6,8}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** Deeper values say nothing that anyone would look for. */
const DEPTH_MAX = 8;
const STRING_CHARS_MAX = 8192;

export function redactText(text: string): string {
  const short = text.length > STRING_CHARS_MAX ? `${text.slice(0, STRING_CHARS_MAX)}...` : text;
  return PATTERNS.reduce((redacted, [pattern, by]) => redacted.replaceAll(pattern, by), short);
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
  if (SECRET_NAME.test(name) && isSaid(value)) return MASK;
  if (typeof value === "string" && ID_NAME.test(name) && ID.test(value)) return value;
  return redactValue(value, keepContent, depth);
}

/** Numbers of tokens, and whether there is a key, are no secrets. */
function isSaid(value: unknown): boolean {
  return typeof value === "string" || (typeof value === "number" && value > 1e6);
}

function redactValue(value: unknown, keepContent: boolean, depth: number): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth > DEPTH_MAX) return MASK;
  if (Array.isArray(value)) return value.map((item: unknown) => redactValue(item, keepContent, depth + 1));
  return redactObject(value, keepContent, depth);
}

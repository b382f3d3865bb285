// Personal data and keys in text: telephone numbers, e-mail addresses, social security and card numbers, keys of programs.
// They are replaced before anything that is kept touches the disk, and looked for again before anything leaves. All patterns
// are linear in the length of the text.

import { jsonOr } from "#lib/json-or";

export const MASK = "[redacted]";

/** Names under which a value is a secret whatever it looks like: `client_secret`, `phoneNumber`, `Set-Cookie`. */
const SECRET_NAME =
  /^(?:.*[_-])?(?:authorization|(?:api|access|private|secret)[_-]?key|apikey|password|passwd|pwd|passphrase|secret|token|cookie|ssn|email|e-mail|phone|mobile|telephone)(?:[_-]?(?:number|address))?$/i;
const CAMEL = /(?<=[a-z\d])(?=[A-Z])/g;

const PATTERNS: readonly (readonly [kind: string, pattern: RegExp, by: string])[] = [
  // Keys of Lakehouse, of model providers, of Langfuse, AWS, GitHub and Slack; JSON web tokens.
  [
    "key",
    /\b(?:[lsrp]k[_-]|gh[pousr]_|xox[abprs]-|AKIA|ASIA|AIza)[\w-]{8,200}|\beyJ[\w-]{8,2000}\.[\w-]{8,2000}(?:\.[\w-]{0,2000})?/g,
    "[key]",
  ],
  ["key", /\b(Bearer|Basic)\s+[\w~+/.=-]{8,2000}/gi, "$1 [key]"],
  ["email", /(?<![\w.+-])[\w.+-]{1,256}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}/g, "[email]"],
  ["ssn", /(?<!\d)\d{3}([-. ])\d{2}\1\d{4}(?!\d)/g, "[ssn]"],
  // In the groups in which cards show them; as one run of digits they are like anyone's ids.
  ["card", /(?<!\d)(?:\d{4}([- ])\d{4}\1\d{4}\1\d{4}|\d{4}([- ])\d{6}\2\d{5})(?!\d)/g, "[card]"],
  ["phone", /(?<![\d.])(?:\+?1[ .-]?)?(?:\(\d{3}\) ?|\d{3}[ .-]?)\d{3}[ .-]?\d{4}(?![\d.]\d|\d)/g, "[phone]"],
  // With its country and no sign of it.
  ["phone", /(?<!\d)\d{10,15}(?!\d)/g, "[phone]"],
  ["phone", /(?<![\d.])\+\d{1,3}(?:[ .-]?\d{2,4}){2,5}(?!\d)/g, "[phone]"],
];

/** What every match of a pattern has some of: most texts have nothing of it, and need not be searched seven times. */
const MAY_MATCH = /@|\d{2}|k[_-]|gh[pousr]_|xox|AKIA|ASIA|AIza|eyJ|Bearer|Basic/i;

/** Deeper values say nothing that anyone would look for. */
const DEPTH_MAX = 32;

export function redactText(text: string): string {
  if (!MAY_MATCH.test(text)) return text;
  return PATTERNS.reduce((redacted, [, pattern, by]) => redacted.replaceAll(pattern, by), text);
}

/** The kinds of personal data and keys that stand in a text: `email`, `phone`, `ssn`, `card`, `key`. */
export function personalData(text: string): string[] {
  const kinds = PATTERNS.filter(([, pattern]) => text.search(pattern) !== -1).map(([kind]) => kind);
  return [...new Set(kinds)];
}

/** Whether a name says that what stands under it is a secret. Numbers of tokens, and whether there is a key, are none. */
export function isSecret(name: string, value: unknown): boolean {
  const isPlain = typeof value === "string" || (typeof value === "number" && value > 1e6);
  return isPlain && SECRET_NAME.test(name.replaceAll(CAMEL, "_"));
}

const MAY_BE_JSON = /^\s*[[{]/;

/**
 * A text, redacted; one that is itself a JSON object or list, as the arguments of a tool or a body within a body, by its fields
 * too. `redact` bounds the depth.
 */
export function redactedThrough(text: string, redact: (value: object) => unknown): string {
  const value = MAY_BE_JSON.test(text) ? jsonOr(text) : undefined;
  if (typeof value !== "object" || value === null) return redactText(text);
  const redacted = JSON.stringify(redact(value));
  // Written anew only where something was found: a text keeps its spaces otherwise.
  return redactText(redacted === jsonText(value) ? text : redacted);
}

/** Undefined of a value that is too deep to be written. */
function jsonText(value: object): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/** A JSON value with its texts redacted, and with what stands under the name of a secret left out. */
export function redactValue(value: unknown, depth = 0): unknown {
  if (typeof value === "string")
    return depth > DEPTH_MAX
      ? redactText(value)
      : redactedThrough(value, (inner) => redactValue(inner, depth + 1));
  if (typeof value !== "object" || value === null) return value;
  if (depth > DEPTH_MAX) return MASK;
  if (Array.isArray(value)) return value.map((item: unknown) => redactValue(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]): [string, unknown] => [
      redactText(name),
      isSecret(name, member) ? MASK : redactValue(member, depth + 1),
    ]),
  );
}

/** A line of a source log, redacted. Ids stay: a run of digits in one is no telephone number. */
export function redactLine(line: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const redacted = redactValue(line) as Record<string, unknown>;
  for (const [name, value] of Object.entries(line)) if (IDS.test(name)) redacted[name] = value;
  return redacted;
}

const IDS =
  /^(?:schema|recorded_at|entity|(?:call|run|validation|fill|message|search|playbook|pathway|event|decision|review|trace)_id)$/;

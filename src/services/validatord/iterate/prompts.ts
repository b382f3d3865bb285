// What a model is told: what to draft and in which form, and what was wrong with the last draft. Texts of others (orders,
// prompts, drafts) stand in messages of their own, and nothing in them changes what is checked.

import type { ChatMessage } from "#contracts/chat";
import type { ArtifactKind, Context, Finding } from "#contracts/validate";
import { ARTIFACT_FORMS } from "#domain/artifact-forms";

/** Fields of an order that a draft needs; rates that the client is billed are nobody's else. */
const SHOWN = [
  "order_id",
  "role",
  "city",
  "state",
  "start_at",
  "end_at",
  "timezone",
  "headcount",
  "pay_rate",
  "required_certs",
  "max_miles",
] as const;

/** Findings that a correction names: a model corrects the first ones first. */
const FINDINGS_MAX = 50;
/** Of a reply without an object, what is shown to the model that wrote it. */
const SHOWN_CHARS = 2000;

export function firstMessages(kind: ArtifactKind, prompt: string, { order, policy }: Context): ChatMessage[] {
  const lines = [
    `You draft ${ARTIFACT_FORMS[kind]}.`,
    "Reply with that one JSON object and nothing else. It is checked by rules; what you write about its quality is not read.",
    "Never ask for or mention age, sex, origin, religion, health or any other protected trait.",
  ];
  if (order !== undefined)
    lines.push(
      `The order: ${JSON.stringify(Object.fromEntries(SHOWN.map((field) => [field, order[field]])))}`,
    );
  if (policy?.agency !== undefined) lines.push(`The sender: ${policy.agency}`);
  if (policy?.allowed_hosts !== undefined)
    lines.push(`Links may lead only to: ${policy.allowed_hosts.join(", ")} (https).`);
  return [
    { role: "system", content: lines.join("\n") },
    { role: "user", content: prompt },
  ];
}

/** The last draft and what is wrong with it, instead of all drafts before: the conversation does not grow. */
export function correction(
  draft: unknown,
  findings: readonly Finding[],
  parts: readonly string[],
): ChatMessage[] {
  const listed = findings.slice(0, FINDINGS_MAX).map(({ path, message, hint, severity }, at) => {
    const what = severity === "error" ? "" : ` (${severity})`;
    return `${at + 1}. ${path === "" ? "the object" : path}${what}: ${message}.${hint === undefined ? "" : ` ${hint}`}`;
  });
  const asked =
    parts.length === 0
      ? "Reply with the whole object, corrected."
      : `Reply with one JSON object that has only these fields, each with its corrected value: ${parts.map((part) => JSON.stringify(part)).join(", ")}. A row of null is taken out. Everything else stays as it is.`;
  return [
    { role: "assistant", content: JSON.stringify(draft) },
    { role: "user", content: `This draft does not pass:\n${listed.join("\n")}\n${asked}` },
  ];
}

export function noObject(raw: string): ChatMessage[] {
  return [
    { role: "assistant", content: raw.slice(0, SHOWN_CHARS) || "(nothing)" },
    {
      role: "user",
      content: "There is no JSON object in that reply. Reply with the one JSON object and nothing else.",
    },
  ];
}

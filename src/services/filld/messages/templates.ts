// Message templates: plain text with {fields}. A line with a field that the order or the roster does not say is left out
// whole, so that no message has a hole in it; the message rules then say what it lacks.

import type { Channel, Purpose } from "#contracts/fill";
import { present } from "#lib/assert";
import templatesText from "./templates.txt" with { type: "text" };

export type Language = "en" | "es";

const TEMPLATES: ReadonlyMap<string, string> = new Map(
  templatesText
    .split(/^=== /m)
    .slice(1)
    .map((section) => {
      const end = section.indexOf("\n");
      return [section.slice(0, end).trim(), section.slice(end + 1).trim()] as const;
    }),
);

export function templateFor(purpose: Purpose, channel: Channel, language: Language): string {
  return present(TEMPLATES.get(`${purpose} ${channel} ${language}`), "a template of each kind");
}

export type Fields = Readonly<Record<string, string | undefined>>;

export interface Written {
  readonly subject?: string;
  readonly body: string;
}

const FIELD = /\{([a-z_]+)\}/g;

/** The names of fields that a template uses and `fields` does not have at all, known or not. */
export function unknownFields(template: string, fields: Fields): string[] {
  const names = [...template.matchAll(FIELD)].map(([, name = ""]) => name);
  return [...new Set(names.filter((name) => !Object.hasOwn(fields, name)))];
}

export function written(template: string, channel: Channel, fields: Fields): Written {
  const lines = template
    .split("\n")
    .filter((line) => [...line.matchAll(FIELD)].every(([, name = ""]) => fields[name] !== undefined))
    .map((line) => line.replace(FIELD, (_, name: string) => fields[name] ?? ""));
  if (channel === "sms") return { body: lines.join("\n").trim() };
  return { subject: lines[0]?.trim() ?? "", body: lines.slice(1).join("\n").trim() };
}

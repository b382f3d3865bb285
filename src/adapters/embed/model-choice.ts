// How a setting names an embedding model: "hashed-v1", "ollama/NAME", "openai/NAME" or "static/NAME", and for an asymmetric
// model its prefixes as in an address, "ollama/nomic-embed-text?query_prefix=search_query:+&document_prefix=search_document:+":
// a plus sign or %20 is a space, %2C a comma, %0A a new line.

import type { Prefixes } from "./embed-model.ts";

export interface ModelChoice {
  readonly provider: "hashed" | "ollama" | "openai" | "static";
  readonly name: string;
  readonly prefixes: Prefixes;
}

/** Longer than the instructions of any model, and short beside the texts. */
export const PREFIX_CHARS_MAX = 1000;

const CHOICE = /^(?:hashed-v1|(?<provider>ollama|openai|static)\/(?<name>[^\s?]+)(?:\?(?<query>\S+))?)$/;

/** Undefined for a text that names no model. */
export function readModelChoice(text: string): ModelChoice | undefined {
  const groups = CHOICE.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const { provider, name = text, query } = groups;
  const prefixes = readPrefixes(query ?? "");
  if (prefixes === undefined) return undefined;
  return { provider: (provider ?? "hashed") as ModelChoice["provider"], name, prefixes };
}

/** Undefined for a parameter that there is not, that is given twice or is too long. */
function readPrefixes(query: string): Prefixes | undefined {
  const found = { query: "", document: "" };
  const names = new Set<string>();
  for (const [name, value] of new URLSearchParams(query)) {
    const kind = name === "query_prefix" ? "query" : name === "document_prefix" ? "document" : undefined;
    if (kind === undefined || names.has(kind) || value.length > PREFIX_CHARS_MAX) return undefined;
    names.add(kind);
    found[kind] = value;
  }
  return found;
}

// What of a row is embedded: a text with column names in braces, `{role} in {city}, {state}`.

import { Fault } from "#rpc/fault";

export interface Template {
  /** The columns that are named, each once. */
  readonly columns: readonly string[];
  fill(row: Readonly<Record<string, unknown>>): string;
}

const BRACES = /\{([^{}]*)\}/g;

export function parseTemplate(text: string): Template {
  const names = [...text.matchAll(BRACES)].map((match) => (match[1] ?? "").trim());
  if (names.length === 0 || names.includes("")) {
    throw new Fault("invalid", "The text needs at least one column in braces: {role} in {city}, {state}", {
      details: [{ path: "text", message: "names no column, or an empty one" }],
    });
  }
  return {
    columns: [...new Set(names)],
    fill: (row) => text.replaceAll(BRACES, (_, name: string) => textOf(row[name.trim()])).trim(),
  };
}

/** A missing value says nothing; the words around it stay. */
function textOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

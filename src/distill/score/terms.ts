// What a teacher's terms say about training on what it wrote, by provider and model: terms.tsv, with source and date. A row
// names the beginning of a model's name, up to `:`, `-`, `.` or its end; the longest that fits holds. What is not in the
// table is forbidden.

import { readTable } from "#lib/tsv";
import { sha256Hex } from "../files/digest.ts";
import table from "./terms.tsv" with { type: "text" };

export type Terms = "allowed" | "forbidden";

export const TERMS = readTable(table, ["provider", "model", "terms", "source", "date"]);

/** Which state of the table an export was made by. */
export const TERMS_SHA256 = sha256Hex(table);

export function termsOf(provider: string, model: string): Terms {
  const fitting = TERMS.filter((row) => row.provider === provider && fits(row.model, model));
  const [best] = fitting.sort((a, b) => b.model.length - a.model.length);
  return best?.terms === "allowed" ? "allowed" : "forbidden";
}

function fits(pattern: string, model: string): boolean {
  if (pattern === "*") return true;
  if (!model.startsWith(pattern)) return false;
  return /^($|[:.-])/.test(model.slice(pattern.length));
}

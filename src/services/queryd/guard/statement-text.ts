// The text of a statement, as far as it must be read before DuckDB does: an EXPLAIN in front, which DuckDB's
// serialiser does not know, and where in the text a byte lies.

import { Fault, type FaultDetail } from "#rpc/fault";
import { closingBracket, type Token, tokensOf } from "./tokens.ts";

export interface Statement {
  /** EXPLAIN as we write it, or nothing. */
  readonly prefix: string;
  /** What is explained, or the whole statement. */
  readonly body: string;
  /** The statement as it was sent. */
  readonly source: string;
}

const EXPLAIN_FORMATS: ReadonlySet<string> = new Set(["text", "json"]);

/** Splits EXPLAIN, with or without its options, from the statement it explains. */
export function readStatement(source: string): Statement {
  if (source.includes("\0"))
    throw new Fault("invalid", "A NUL character cannot stand in SQL text: remove it.");
  const tokens = tokensOf(source);
  const [first, second] = tokens;
  if (first?.text !== "explain") return { prefix: "", body: source, source };
  if (second?.text === "analyze" || second?.text === "analyse") {
    return { prefix: "EXPLAIN ANALYZE ", body: source.slice(second.end), source };
  }
  const options = second?.text === "(" ? readOptions(tokens) : undefined;
  const { prefix, end } = options ?? { prefix: "EXPLAIN ", end: first.end };
  return { prefix, body: source.slice(end), source };
}

/** `(ANALYZE, FORMAT json)`; undefined where the bracket is the statement's own. */
function readOptions(tokens: readonly Token[]): { prefix: string; end: number } | undefined {
  const close = closingBracket(tokens, 1);
  const last = tokens[close];
  if (last === undefined) return undefined;
  const words = tokens.slice(2, close).map(({ text }) => text);
  const options = words.join(" ").split(" , ");
  const known = options.every((option) => {
    const [name, value, ...more] = option.split(" ");
    if (more.length > 0) return false;
    if (name === "analyze") return value === undefined || value === "true";
    return name === "format" && EXPLAIN_FORMATS.has(value ?? "");
  });
  return known ? { prefix: `EXPLAIN (${options.join(", ").toUpperCase()}) `, end: last.end } : undefined;
}

/** The statement's first word, in lower case. */
export function firstWord(source: string): string {
  const [first] = tokensOf(source);
  return first?.kind === "word" ? first.text : "";
}

/**
 * Where byte `position` of `prefix + body` lies in the source, as `sql:<line>:<column>`, both counted from 1,
 * columns in characters. The start of the text where the byte is not known.
 */
export function placeOf({ prefix, body, source }: Statement, position: number | undefined): string {
  const bytes = Buffer.from(source);
  const inBody = Math.max(0, (position ?? 0) - Buffer.byteLength(prefix));
  const at = position === undefined ? 0 : bytes.length - Buffer.byteLength(body) + inBody;
  const before = bytes.subarray(0, Math.min(at, bytes.length)).toString("utf8");
  const lines = before.split("\n");
  return `sql:${lines.length}:${Array.from(lines.at(-1) ?? "").length + 1}`;
}

export function sqlFault(statement: Statement, message: string, position: number | undefined): Fault {
  const detail: FaultDetail = { path: placeOf(statement, position), message };
  return new Fault("invalid", message, { details: [detail] });
}

// The text of a statement, as far as it must be read before DuckDB does: an EXPLAIN in front, which DuckDB's
// serialiser does not know, and where in the text a byte lies.

import { Fault, type FaultDetail } from "#rpc/fault";

export interface Statement {
  /** EXPLAIN as we write it, or nothing. */
  readonly prefix: string;
  /** What is explained, or the whole statement. */
  readonly body: string;
  /** The statement as it was sent. */
  readonly source: string;
}

const EXPLAIN_FORMATS: ReadonlySet<string> = new Set(["text", "json"]);
const WORD = /[A-Za-z_]+/y;

/** Splits EXPLAIN, with or without its options, from the statement it explains. */
export function readStatement(source: string): Statement {
  if (source.includes("\0"))
    throw new Fault("invalid", "A NUL character cannot stand in SQL text: remove it.");
  const start = skipBlank(source, 0);
  if (wordAt(source, start) !== "explain") return { prefix: "", body: source, source };
  let at = skipBlank(source, start + "explain".length);
  let prefix = "EXPLAIN ";
  if (wordAt(source, at) === "analyze" || wordAt(source, at) === "analyse") {
    prefix = "EXPLAIN ANALYZE ";
    at += "analyze".length;
  } else if (source[at] === "(") {
    const options = readOptions(source, at);
    if (options !== undefined) ({ prefix, at } = options);
  }
  return { prefix, body: source.slice(at), source };
}

/** `(ANALYZE, FORMAT json)`; undefined where the bracket is the statement's own. */
function readOptions(source: string, open: number): { prefix: string; at: number } | undefined {
  const close = source.indexOf(")", open);
  const options = source
    .slice(open + 1, close)
    .split(",")
    .map((option) => option.trim().toLowerCase().split(/\s+/));
  const known = options.every(
    ([name, value, ...more]) =>
      more.length === 0 &&
      ((name === "analyze" && (value === undefined || value === "true")) ||
        (name === "format" && EXPLAIN_FORMATS.has(value ?? ""))),
  );
  if (close < 0 || !known) return undefined;
  const text = options.map((option) => option.join(" ").toUpperCase()).join(", ");
  return { prefix: `EXPLAIN (${text}) `, at: close + 1 };
}

function wordAt(source: string, at: number): string {
  WORD.lastIndex = at;
  return WORD.exec(source)?.[0].toLowerCase() ?? "";
}

/** The statement's first word, in lower case. */
export function firstWord(source: string): string {
  return wordAt(source, skipBlank(source, 0));
}

/** Past white space and comments, which nest as in Postgres. */
function skipBlank(source: string, from: number): number {
  let at = from;
  for (;;) {
    if (/\s/.test(source[at] ?? "")) {
      at += 1;
    } else if (source.startsWith("--", at)) {
      const end = source.indexOf("\n", at);
      if (end < 0) return source.length;
      at = end + 1;
    } else if (source.startsWith("/*", at)) {
      const end = commentEnd(source, at);
      if (end < 0) return at;
      at = end;
    } else {
      return at;
    }
  }
}

function commentEnd(source: string, from: number): number {
  let depth = 0;
  for (let at = from; at < source.length; at += 1) {
    if (source.startsWith("/*", at)) {
      depth += 1;
      at += 1;
    } else if (source.startsWith("*/", at)) {
      depth -= 1;
      at += 1;
      if (depth === 0) return at + 1;
    }
  }
  return -1;
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

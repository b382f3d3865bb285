// The words of a SQL text, as far as a rewrite must know them: what is a string, a quoted name, a comment, a number,
// a word or a mark. Whatever is rewritten is parsed and guarded afterwards by DuckDB's own parser: a mistake here costs an
// answer, never the guard.

export interface Token {
  readonly kind: "word" | "quoted" | "string" | "number" | "mark";
  /** As written; words in lower case. */
  readonly text: string;
  /** Characters of the text. */
  readonly start: number;
  readonly end: number;
}

/** The first that matches at a place; comments and blanks give no token. */
const PATTERNS: readonly (readonly [Token["kind"] | "comment", RegExp])[] = [
  ["comment", /--[^\n]*|\s+/y],
  ["string", /[eE]'(?:[^'\\]|\\[^]|'')*(?:'|$)|'(?:[^']|'')*(?:'|$)|\$([A-Za-z_]*)\$[^]*?(?:\$\1\$|$)/y],
  ["quoted", /"(?:[^"]|"")*(?:"|$)/y],
  ["number", /(?:\d[\d_]*)(?:\.[\d_]*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?/y],
  ["word", /[\p{L}_][\p{L}\p{N}_$]*/uy],
  ["mark", /[^]/y],
];

export function tokensOf(sql: string): Token[] {
  const found: Token[] = [];
  for (let at = 0; at < sql.length;) {
    if (sql.startsWith("/*", at)) {
      at = commentEnd(sql, at);
      continue;
    }
    for (const [kind, pattern] of PATTERNS) {
      pattern.lastIndex = at;
      const text = pattern.exec(sql)?.[0];
      if (text === undefined) continue;
      const end = at + text.length;
      if (kind !== "comment") {
        found.push({ kind, text: kind === "word" ? text.toLowerCase() : text, start: at, end });
      }
      at = end;
      break;
    }
  }
  return found;
}

/** Past a block comment, which nests as in Postgres; the end of the text where it is not closed. */
export function commentEnd(sql: string, from: number): number {
  let depth = 0;
  for (let at = from; at < sql.length; at += 1) {
    if (sql.startsWith("/*", at)) depth += 1;
    else if (sql.startsWith("*/", at)) depth -= 1;
    else continue;
    at += 1;
    if (depth === 0) return at + 1;
  }
  return sql.length;
}

/** The index of the bracket that closes the one at `open`; the number of tokens where none does. */
export function closingBracket(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let at = open; at < tokens.length; at += 1) {
    const text = tokens[at]?.text ?? "";
    if (text === "(" || text === "[" || text === "{") depth += 1;
    else if (text === ")" || text === "]" || text === "}") depth -= 1;
    if (depth === 0) return at;
  }
  return tokens.length;
}

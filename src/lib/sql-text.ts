// Names and values as SQL text. What comes from outside becomes part of a statement through here and in no other
// way: both functions give one token, whatever they are given.

/** An identifier, quoted. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A string literal. The text must not hold NUL, which ends a statement. */
export function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

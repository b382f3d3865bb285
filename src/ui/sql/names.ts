// Names and texts as SQL takes them.

/** A name as SQL takes it, quoted where it has to be. */
export function sqlName(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !RESERVED.has(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** Words that a column may well be called and that SQL keeps for itself. */
const RESERVED: ReadonlySet<string> = new Set(
  (
    "all and any array as asc case cast check collate column constraint create cross current_date default desc " +
    "distinct do else end except false fetch for foreign from full group having in inner intersect into is join lateral " +
    "left like limit natural not null offset on only or order outer pivot primary references right select show some " +
    "summarize table then to true union unique unpivot user using values when where window with"
  ).split(" "),
);

export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

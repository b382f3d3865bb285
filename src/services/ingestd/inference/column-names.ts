/**
 * Column names out of header cells: trimmed, on one line, never empty, and different for an engine that does
 * not tell capitals apart.
 */
export function columnNames(cells: readonly string[]): string[] {
  const taken = new Set<string>();
  const wanted = cells.map((cell) => cell.replaceAll("\0", "").replace(/\s+/g, " ").trim());
  return wanted.map((name, index) => {
    const base = name === "" ? `column_${index + 1}` : name;
    let unique = base;
    for (let copy = 2; taken.has(unique.toLowerCase()); copy += 1) unique = `${base}_${copy}`;
    taken.add(unique.toLowerCase());
    return unique;
  });
}

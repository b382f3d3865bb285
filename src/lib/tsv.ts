// Tables of data that ship beside the code that reads them: tab-separated text with one header line, imported as text
// (`import table from "./states.tsv" with { type: "text" }`), so that they stand in one diffable line a row and a
// compiled binary carries them. There is no quoting: a cell holds neither tab nor line break. Every row has a cell for
// every column; a table that does not is a bug and fails when it is first read.

import { assert } from "./assert.ts";

/** The rows of a table in order, each with the named columns; the header must have exactly these, in this order. */
export function readTable<const Column extends string>(
  text: string,
  columns: readonly Column[],
): Readonly<Record<Column, string>>[] {
  const [header = "", ...lines] = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  assert(header === columns.join("\t"), `a table has the columns ${columns.join(", ")} and not ${header}`);
  return lines.map((line) => {
    const cells = line.split("\t");
    assert(cells.length === columns.length, `a row has ${columns.length} cells: ${line}`);
    return Object.fromEntries(columns.map((column, at) => [column, cells[at] ?? ""])) as Record<
      Column,
      string
    >;
  });
}

/** The items of a cell that holds a list, "a, b, c". */
export function listOf(cell: string): string[] {
  return cell.split(", ").filter((item) => item !== "");
}

// Rows that may be notes, settled once all others are known: a text alone in a column of values, and what a report says
// of itself below its table.

import type { Wishes } from "../source/source.ts";
import { typedColumns } from "./columns.ts";
import type { Row } from "./rows.ts";
import type { WrittenRows } from "./written-rows.ts";

const isFilled = (cell: string | undefined): boolean => cell !== undefined && cell.trim() !== "";

/** Rows of one text are notes, and rejected, when it stands in a column of values; the others are rows like all. */
export async function settleNotes(
  written: WrittenRows,
  names: readonly string[],
  delimiter: string,
  wishes: Wishes,
): Promise<void> {
  const notes = written.takeNotes();
  if (notes.length === 0) return;
  const { typings } = typedColumns(written.stats, names, delimiter, wishes);
  for (const row of notes) {
    const at = row.cells.findIndex(isFilled);
    const typing = typings[at];
    if (typing === undefined || typing.type === "VARCHAR" || typing.empty) written.add(row);
    else
      await written.reject(
        row,
        `it is a note: one text, and "${names[at] ?? ""}" is ${typing.type} in the other rows`,
      );
  }
}

/** Of fewer rows none shows which columns are always filled. */
const ROWS_MIN = 2;
/** Columns that one reason names. */
const NAMED_MAX = 5;

/**
 * The last rows are notes, and rejected, when they leave columns empty that every other row fills: one of values, or
 * two. The others are rows like all.
 */
export async function settleBelow(
  written: WrittenRows,
  names: readonly string[],
  delimiter: string,
  wishes: Wishes,
): Promise<void> {
  if (written.below.length === 0) return;
  const { stats } = written;
  const { typings } = typedColumns(stats, names, delimiter, wishes);
  const whole = names
    .map((name, column) => ({ name, column }))
    .filter(({ column }) => {
      const { values = 0, gaps = 0 } = stats[column] ?? {};
      return values >= ROWS_MIN && gaps === 0;
    });
  const leftEmpty = ({ cells }: Row): string[] => {
    const empty = whole.filter(({ column }) => !isFilled(cells[column]));
    const ofValues = empty.some(({ column }) => typings[column]?.type !== "VARCHAR");
    return ofValues || empty.length > 1 ? empty.map(({ name }) => `"${name}"`) : [];
  };
  for (const row of written.release((held) => leftEmpty(held).length === 0))
    await written.reject(
      row,
      `it is a note below the table: it leaves ${leftEmpty(row).slice(0, NAMED_MAX).join(", ")} empty, which all other rows fill`,
    );
}

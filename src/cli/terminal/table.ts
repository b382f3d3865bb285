// Rows as a table for a terminal: two spaces between columns, numbers to the right, everything as wide as it needs to
// be. Where that is wider than the terminal the widest columns shrink and cut cells end in an ellipsis; in a pipe every
// cell is whole.

import { cellText } from "./plain-text.ts";

export interface Column {
  readonly name: string;
  /** Numbers stand right. */
  readonly align?: "left" | "right" | undefined;
}

export interface TableStyle {
  /** Columns of the terminal; Infinity cuts nothing. */
  readonly width: number;
  /** Applied to the whole header line. */
  readonly header?: (text: string) => string;
}

const GAP = "  ";
/** A cut column stays readable at this width. */
const WIDTH_MIN = 6;

/** The lines of the table, header first; a header alone when there are no rows. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly unknown[])[],
  { width, header = (text) => text }: TableStyle,
): string[] {
  const cells = rows.map((row) => columns.map((_, at) => cellText(row[at])));
  const names = columns.map(({ name }) => cellText(name));
  const widths = fitted(
    names.map((name, at) =>
      cells.reduce((widest, row) => Math.max(widest, Bun.stringWidth(row[at] ?? "")), Bun.stringWidth(name)),
    ),
    width,
  );
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, at) => padded(text, widths[at] ?? 0, columns[at]?.align === "right"))
      .join(GAP)
      .trimEnd();
  return [header(line(names)), ...cells.map(line)];
}

/** Shrinks the widest columns first, until the table fits or no column can shrink further. */
function fitted(natural: readonly number[], width: number): number[] {
  const widths = [...natural];
  const gaps = GAP.length * (widths.length - 1);
  let over = widths.reduce((sum, each) => sum + each, gaps) - width;
  while (over > 0) {
    const widest = Math.max(...widths);
    if (widest <= WIDTH_MIN) break;
    const second = Math.max(WIDTH_MIN, ...widths.filter((each) => each < widest));
    const sharing = widths.filter((each) => each === widest).length;
    const take = Math.min(widest - second, Math.ceil(over / sharing));
    for (const [at, each] of widths.entries()) {
      if (each !== widest || over <= 0) continue;
      widths[at] = each - take;
      over -= take;
    }
  }
  return widths;
}

function padded(text: string, width: number, right: boolean): string {
  const shown = cut(text, width);
  const space = " ".repeat(Math.max(0, width - Bun.stringWidth(shown)));
  return right ? space + shown : shown + space;
}

const graphemes = new Intl.Segmenter();

/** `text` in at most `width` columns, ending in an ellipsis when something is missing. */
export function cut(text: string, width: number): string {
  if (Bun.stringWidth(text) <= width) return text;
  let kept = "";
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    const wide = Bun.stringWidth(segment);
    if (used + wide > width - 1) break;
    kept += segment;
    used += wide;
  }
  return `${kept}…`;
}

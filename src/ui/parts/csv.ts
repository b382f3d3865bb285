// Tables for spreadsheets, RFC 4180.

import { type Cell, textOf } from "./grid/cells.ts";

export function csvText(titles: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [titles, ...rows].map((cells) => cells.map(csvCell).join(","));
  return [...lines, ""].join("\r\n");
}

/** A text that a spreadsheet would take for a formula is quoted with an apostrophe. */
function csvCell(value: Cell): string {
  const plain = textOf(value);
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(plain) ? `'${plain}` : plain;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

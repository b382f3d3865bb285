// Lines that were quoted as a whole, as happens when a table is saved as a column of texts: "1,""Lee, Ann"",5". Below such
// quotes stands a delimited text like any other; they are taken off, line by line, before it is looked at.

import { join } from "node:path";
import type { Decoded } from "../decode/decode.ts";
import { textOf, written } from "../decode/files.ts";
import { rowsOf } from "./rows.ts";

/** Lines that are looked at, and the fewest that say anything. */
const LINES_MAX = 200;
const LINES_MIN = 2;
const DELIMITERS = [",", ";", "\t", "|"];
/** A text in quotes with the end of its line. */
const QUOTED_LINE = /"((?:[^"]|"")*)"[ \t]*(?:\r?\n|$)/y;
const BARE_LINE = /([^\n]*)(?:\n|$)/y;

/**
 * Whether every line is a text in quotes, all but the first perhaps, and all split alike into cells. Texts of one
 * column may have as many commas each: theirs stand before a space, or part two cells without a quote.
 */
export function areQuotedLines(head: string): boolean {
  if (!head.includes('"')) return false;
  const lines: string[] = [];
  let bare = 0;
  let nested = false;
  for (let at = 0; at < head.length && lines.length < LINES_MAX;) {
    QUOTED_LINE.lastIndex = at;
    const [whole, text] = QUOTED_LINE.exec(head) ?? [];
    if (whole !== undefined && text !== undefined && at + whole.length <= head.length) {
      nested ||= text.includes('""');
      lines.push(text.replaceAll('""', '"'));
      at += whole.length;
      continue;
    }
    BARE_LINE.lastIndex = at;
    const [line = "", plain = ""] = BARE_LINE.exec(head) ?? [];
    // The last line may be cut off.
    if (plain.trim() !== "") {
      if (lines.length > 0) return at + line.length >= head.length && splitAlike(lines, nested);
      bare += 1;
      lines.push(plain);
    }
    at += line.length;
  }
  return lines.length - bare >= LINES_MIN && splitAlike(lines, nested);
}

function splitAlike(lines: readonly string[], nested: boolean): boolean {
  return DELIMITERS.some((delimiter) => {
    const rows = rowsOf(lines.join("\n"), {
      delimiter,
      quote: '"',
      escape: "double",
      newline: "\n",
      padded: false,
    });
    const width = rows[0]?.cells.length ?? 1;
    return (
      width > (nested ? 1 : 2) &&
      rows.length >= LINES_MIN &&
      rows.every(
        ({ cells, flawed }) =>
          flawed !== true && cells.length === width && !cells.slice(1).some((cell) => cell.startsWith(" ")),
      )
    );
  });
}

/** The file without the quotes around its lines. */
export async function withoutLineQuotes(file: Decoded, folder: string): Promise<Decoded> {
  const path = join(folder, "unquoted.csv");
  const strip = lineStripper();
  const bytes = await written(path, async (write) => {
    for await (const text of textOf(file.path)) await write(strip(text));
  });
  return { ...file, path, bytes, evidence: [...file.evidence, "each line is quoted as a whole"] };
}

/** Takes the quotes off the lines of a text that comes in pieces. */
function lineStripper(): (piece: string) => string {
  let state: "start" | "quoted" | "quote" | "rest" = "start";
  return (piece) => {
    let stripped = "";
    for (const char of piece) {
      if (state === "start" && char === '"') state = "quoted";
      else if (state === "quoted" && char === '"') state = "quote";
      else if (state === "quote" && char === '"') {
        stripped += char;
        state = "quoted";
      } else {
        stripped += char;
        if (state !== "quoted") state = char === "\n" ? "start" : "rest";
      }
    }
    return stripped;
  };
}

// Tables whose cells are told apart by their place in the line, padded with spaces, as reports and old systems print
// them. The columns that are blank in every line are gaps; a cell reaches from the end of one to the end of the next.
// A line that has text where a cell begins in the middle of a word is a title or a note and no row.

import { isDrawnLine } from "./odd-rows.ts";

const LINES_MAX = 500;
const LINES_MIN = 3;
const WIDTH_MAX = 4096;
/** Fewer lines than this may have a blank column by chance, between two words of every line. */
const LINES_CERTAIN = 8;
/** The share of lines that are padded, and of those that have text behind a gap. */
const PADDED_SHARE_MIN = 0.8;
const FILLED_SHARE_MIN = 0.5;
/** Dashes below the names, a run for each column. */
const RULER = /^ *[-=]{2,}(?: +[-=]{2,})+ *$/;

/** Where cells begin, from 0; undefined for a text that is not laid out so. */
export function cutsOf(sample: string, newline: string): readonly number[] | undefined {
  const all = sample
    .split(newline, LINES_MAX)
    .map((line) => line.replace(/\s+$/, ""))
    .filter((line) => line !== "");
  const ruler = all.find((line) => RULER.test(line));
  if (ruler !== undefined) return startsIn(ruler);
  const lines = all.filter((line) => !isDrawnLine(line) && / {2}/.test(line));
  if (lines.length < LINES_MIN || lines.length < all.length * PADDED_SHARE_MIN) return undefined;
  const width = Math.min(Math.max(...lines.map(({ length }) => length)), WIDTH_MAX);
  const filled = Array.from(
    { length: width },
    (_, at) => lines.filter((line) => at < line.length && line.charAt(at) !== " ").length,
  );
  const cuts = [0];
  for (let at = 0; at < width; at += 1) {
    if (filled[at] !== 0) continue;
    const from = at;
    while (at < width && filled[at] === 0) at += 1;
    const behind = lines.filter((line) => line.length > at).length;
    const sure = lines.length >= LINES_CERTAIN || isPaddedAt(lines, at);
    const wide = at - from > 1 || sure || areNumbers(lines, cuts.at(-1) ?? 0, from);
    if (from > 0 && wide && behind >= lines.length * FILLED_SHARE_MIN) cuts.push(at);
  }
  return cuts.length > 1 ? cuts : undefined;
}

/** Whether most lines have two spaces where the gap ends, as no two words of a text have. */
function isPaddedAt(lines: readonly string[], end: number): boolean {
  const padded = lines.filter((line) => / {2}/.test(line.slice(end - 2, end + 1))).length;
  return padded >= lines.length * PADDED_SHARE_MIN;
}

/** Whether a word stands there in the first line, and a number in all others. */
function areNumbers([first = "", ...others]: readonly string[], from: number, to: number): boolean {
  return (
    /^ *\S+ *$/.test(first.slice(from, to)) &&
    others.every((line) => /^ *-?[0-9][0-9.,]* *$/.test(line.slice(from, to)))
  );
}

function startsIn(ruler: string): number[] {
  const starts = Array.from(ruler.matchAll(/[-=]+/g), ({ index }) => index);
  return [0, ...starts.slice(1)];
}

/** The cells of a line; the line as a single one where a cell would begin inside a word. */
export function cellsAt(line: string, cuts: readonly number[]): string[] {
  const crosses = cuts.some(
    (at) => at > 0 && at < line.length && line.charAt(at) !== " " && line.charAt(at - 1) !== " ",
  );
  if (crosses) return [line.trim()];
  return cuts.map((at, index) => line.slice(at, cuts[index + 1]).trim());
}

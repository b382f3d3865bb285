// Delimiters of two to four marks, as old programs write them so that no text has them: ||, |~|, ::, ^|^, <>. One shows in
// that it comes as often in nearly every line, the names' included; the marks that it is made of part nothing by
// themselves then. A mark before amounts, as in 14~$80, stands in all lines but that of the names.

import { isDrawnLine } from "./odd-rows.ts";

const LINES_MAX = 200;
const LINES_MIN = 2;
/** The share of the lines that must have it, and as often. */
const SHARE_MIN = 0.9;
/** Runs of marks that are looked at, the frequent ones first. */
const RUNS_MAX = 8;
/** Commas, semicolons and tabs in a row are empty cells. */
const RUN = /[|~^#*:&@$!%+=<>]{2,4}/g;

export function longDelimitersOf(sample: string, newline: string): string[] {
  const lines = sample
    .split(newline, LINES_MAX)
    .filter((line) => line.trim() !== "" && !isDrawnLine(line.trim()));
  if (lines.length < LINES_MIN) return [];
  const found = new Map<string, number>();
  for (const line of lines)
    for (const run of new Set(line.match(RUN))) found.set(run, (found.get(run) ?? 0) + 1);
  return [...found]
    .sort(([, a], [, b]) => b - a)
    .slice(0, RUNS_MAX)
    .flatMap(([run]) => {
      const parts = partsOf(lines, run);
      return parts !== undefined && isAlsoInNames(lines, run, parts) && isWhole(sample, run) ? [run] : [];
    });
}

/** Into how many cells it parts nearly all lines, if it does. */
function partsOf(lines: readonly string[], run: string): number | undefined {
  const counts = new Map<number, number>();
  for (const line of lines) {
    const parts = line.split(run).length;
    if (parts > 1) counts.set(parts, (counts.get(parts) ?? 0) + 1);
  }
  return [...counts].find(([, count]) => count >= lines.length * SHARE_MIN)?.[0];
}

/** Whether the line above the first that has it is not one of as many names, parted by one of its marks alone. */
function isAlsoInNames(lines: readonly string[], run: string, parts: number): boolean {
  const above = lines[lines.findIndex((line) => line.includes(run)) - 1];
  return above === undefined || [...new Set(run)].every((mark) => above.split(mark).length !== parts);
}

/** Whether its marks come alone less than half as often: pairs of a mark that stands alone in most places are empty cells. */
function isWhole(sample: string, run: string): boolean {
  const bare = sample.replaceAll(run, "");
  const runs = sample.split(run).length - 1;
  return [...new Set(run)].every((mark) => (bare.split(mark).length - 1) * 2 <= runs);
}

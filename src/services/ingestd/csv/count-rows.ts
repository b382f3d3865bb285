// The rows of delimited text by its line ends outside of quotes, blank lines left out: a second opinion on what
// DuckDB read. It knows nothing of cells, so it and DuckDB do not err alike. Line ends and quotes are searched
// for, not looked at byte by byte: most lines cost two searches.

import { chunksOf } from "../decode/files.ts";

const FEED = 10;
const RETURN = 13;

/** `skip` lines at the start are passed over; `quote` is one character, or empty when cells are never quoted. */
export async function countRows(path: string, quote: string, skip: number): Promise<number> {
  const quoteByte = quote === "" ? -1 : quote.charCodeAt(0);
  let rows = 0;
  let skipped = 0;
  let quoted = false;
  /** Something but a carriage return stands in the line so far. */
  let filled = false;
  for await (const chunk of chunksOf(path)) {
    const quoteAfter = (from: number): number => {
      const found = quoteByte < 0 || skipped < skip ? -1 : chunk.indexOf(quoteByte, from);
      return found < 0 ? Infinity : found;
    };
    let at = 0;
    let nextQuote = quoteAfter(0);
    while (at < chunk.length) {
      const found = chunk.indexOf(FEED, at);
      const end = found < 0 ? chunk.length : found;
      while (nextQuote < end) {
        quoted = !quoted;
        nextQuote = quoteAfter(nextQuote + 1);
      }
      filled ||= end > at + 1 || (end === at + 1 && chunk[at] !== RETURN);
      at = end + 1;
      if (found < 0) break;
      if (skipped < skip) {
        skipped += 1;
        filled = false;
        if (skipped === skip) nextQuote = quoteAfter(at);
      } else if (!quoted) {
        if (filled) rows += 1;
        filled = false;
      }
    }
  }
  return filled && skipped === skip ? rows + 1 : rows;
}

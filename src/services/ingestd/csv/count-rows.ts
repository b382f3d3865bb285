// The rows of delimited text by its line ends outside of quotes, blank lines left out: a second opinion on what
// DuckDB read. It knows nothing of cells, so it and DuckDB do not err alike. Line ends and quotes are searched
// for, not looked at byte by byte: most lines cost two searches. Records of several lines are shown to our parser,
// because a stray quote may have merged them.

import { chunksOf } from "../decode/files.ts";
import { type Dialect, type Fit, QUOTED_CHARS_MAX, rowsOf } from "./rows.ts";

const FEED = 10;
const RETURN = 13;

/** What is given in place of a count when our parser reads some record of several lines in another way. */
export const READ_OTHERWISE = -1;

/** `skip` lines at the start are not looked at. */
export async function countRows(path: string, dialect: Dialect, fit: Fit, skip: number): Promise<number> {
  const { quote } = dialect;
  const quoteByte = quote === "" ? -1 : quote.charCodeAt(0);
  let rows = 0;
  let skipped = 0;
  let quoted = false;
  /** Something but a carriage return stands in the line so far. */
  let filled = false;
  /** The record under way in earlier chunks, once a quote is open at the end of one of its lines. */
  let begun: Buffer[] = [];
  let several = false;
  const isOne = (record: Buffer): boolean => {
    const [row, ...others] = rowsOf(record.toString(), dialect, fit);
    return others.length === 0 && row?.reason === undefined && row?.flawed !== true;
  };
  for await (const chunk of chunksOf(path)) {
    const quoteAfter = (from: number): number => {
      const found = quoteByte < 0 || skipped < skip ? -1 : chunk.indexOf(quoteByte, from);
      return found < 0 ? Infinity : found;
    };
    let at = 0;
    /** Where the record under way starts in this chunk. */
    let start = 0;
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
        start = at;
        if (skipped === skip) nextQuote = quoteAfter(at);
      } else if (quoted) several = true;
      else {
        if (several && !isOne(Buffer.concat([...begun, chunk.subarray(start, end)]))) return READ_OTHERWISE;
        several = false;
        begun = [];
        if (filled) rows += 1;
        filled = false;
        start = at;
      }
    }
    // The chunk's memory is used again for the next one.
    if (skipped === skip && start < chunk.length) begun.push(Buffer.from(chunk.subarray(start)));
    if (begun.length * chunk.length > QUOTED_CHARS_MAX) return READ_OTHERWISE;
  }
  if (several && !isOne(Buffer.concat(begun))) return READ_OTHERWISE;
  return filled && skipped === skip ? rows + 1 : rows;
}

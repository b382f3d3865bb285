// Delimited text as a source. A file up to 8 MiB, and any file that is not tidy, is read whole by our own
// parser (`careful.ts`); a large and tidy one is read by DuckDB alone (`quick.ts`), and when some of its values do not
// fit, by both (`sifted.ts`). Whatever does not agree there sends the file the careful way.

import { join } from "node:path";
import { DuckdbError } from "#adapters/duckdb";
import { quoteLiteral } from "#lib/sql-text";
import { Fault } from "#rpc/fault";
import type { Decoded } from "../decode/decode.ts";
import { newFile } from "../decode/files.ts";
import { sampleOf } from "../decode/sample.ts";
import type { Source, Wishes, Workplace } from "../source/source.ts";
import { carefulSource } from "./careful.ts";
import type { Opinion } from "./dialect.ts";
import { isTidy, layoutOf } from "./layout.ts";
import { areQuotedLines, withoutLineQuotes } from "./quoted-lines.ts";
import { quickSource, type TidyTable, tidyTable } from "./quick.ts";
import type { Dialect } from "./rows.ts";
import { siftedSource } from "./sifted.ts";

/** Up to here reading every value with our own parser costs less than anything could be gained. */
const CAREFUL_BYTES_MAX = 8 * 1024 * 1024;

/** `known` is how a text is delimited that was written here, and leaves nothing to be guessed. */
export async function csvSource(
  given: Decoded,
  wishes: Wishes,
  work: Workplace,
  known?: Dialect,
): Promise<Source> {
  let file = given;
  let sample = await sampleOf(file.path, file.bytes);
  if (known === undefined && wishes.said?.quote === undefined && areQuotedLines(sample.head)) {
    file = await withoutLineQuotes(file, work.folder);
    sample = await sampleOf(file.path, file.bytes);
  }
  if (sample.head.trim() === "") throw new Fault("invalid", "The file is empty: there is nothing to load.");
  refuseLoneValue(sample.head, sample.whole);
  const layout = await layoutOf(sample, wishes, known, () => sniff(sample.head, work));
  const { way } = wishes;
  const large = way === "sifted" || (way === "quick" && file.bytes > CAREFUL_BYTES_MAX);
  const tidy =
    large && !file.hasNul && !sample.longLines && isTidy(layout)
      ? tidyTable(file, layout, sample.blocks, wishes)
      : undefined;
  if (tidy === undefined) return carefulSource(file, layout, wishes, work);
  if (way === "quick" && !hasMisfits(tidy)) return quickSource(file, layout, tidy);
  return (await siftedSource(file, layout, tidy, wishes, work)) ?? carefulSource(file, layout, wishes, work);
}

/** Whether some value of the samples does not fit: then the quick way is sure to end in vain. */
function hasMisfits({ typings }: TidyTable): boolean {
  return typings.some(({ share }) => share < 1);
}

/** A value of JSON that stands alone is no table. */
function refuseLoneValue(text: string, whole: boolean): void {
  const value = text.trim();
  if (!whole || !/^(?:-?[0-9][0-9.eE+-]*|true|false|null|"(?:[^"\n]|\\")*")$/.test(value)) return;
  throw new Fault(
    "invalid",
    `The file holds a single value (${value.slice(0, 40)}) and no table: send rows, or objects of JSON.`,
  );
}

/** The text that DuckDB sniffs. It tries every dialect on every cell, and takes gigabytes for a line without an end. */
const SNIFFED_CHARS_MAX = 64 * 1024;

/** DuckDB's own opinion of the text's beginning; none where it has none. */
async function sniff(head: string, { db, folder }: Workplace): Promise<Opinion | undefined> {
  const text = head.length <= SNIFFED_CHARS_MAX ? head : head.slice(0, SNIFFED_CHARS_MAX);
  const end = head.length <= SNIFFED_CHARS_MAX ? text.length : text.lastIndexOf("\n") + 1;
  if (end === 0) return undefined;
  const path = join(folder, "sniffed.csv");
  const sink = await newFile(path);
  await sink.write(text.slice(0, end));
  await sink.end();
  try {
    const [row] = await db.rows(
      `SELECT Delimiter AS delimiter, Quote AS quote FROM sniff_csv(${quoteLiteral(path)})`,
    );
    if (row === undefined) return undefined;
    const quote = String(row["quote"]);
    return { delimiter: String(row["delimiter"]), quote: quote === "(empty)" ? "" : quote };
  } catch (error) {
    // It refuses what it cannot read; that is no opinion, and no reason to stop.
    if (error instanceof DuckdbError) return undefined;
    throw error;
  }
}

// Delimited text as a source. A file up to 8 MiB, and any file that is not spotless, is read whole by our own
// parser (`careful.ts`); a large and tidy one is read by DuckDB alone (`quick.ts`). Whatever does not agree there
// sends the file the careful way.

import { quoteLiteral } from "#lib/sql-text";
import { DuckdbError } from "#adapters/duckdb";
import { Fault } from "#rpc/fault";
import type { Decoded } from "../decode/decode.ts";
import { sampleOf } from "../decode/sample.ts";
import type { Source, Wishes, Workplace } from "../source/source.ts";
import { carefulSource } from "./careful.ts";
import type { Opinion } from "./dialect.ts";
import { isTidy, layoutOf } from "./layout.ts";
import { quickSource } from "./quick.ts";

/** Up to here reading every value with our own parser costs less than anything could be gained. */
const CAREFUL_BYTES_MAX = 8 * 1024 * 1024;

export async function csvSource(file: Decoded, wishes: Wishes, work: Workplace): Promise<Source> {
  const [sample, opinion] = await Promise.all([sampleOf(file.path, file.bytes), sniff(file.path, work)]);
  if (sample.head.trim() === "") throw new Fault("invalid", "The file is empty: there is nothing to load.");
  refuseLoneValue(sample.head, sample.whole);
  const layout = layoutOf(sample.head, sample.whole, opinion, wishes);
  const tidy = !wishes.careful && file.bytes > CAREFUL_BYTES_MAX && !file.hasNul && isTidy(layout);
  const quick = tidy ? quickSource(file, layout, sample.blocks, wishes) : undefined;
  return quick ?? carefulSource(file, layout, wishes, work);
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

/** Rows that DuckDB sniffs: a tenth of its default costs a third, and this is one opinion among others. */
const SNIFFED_ROWS = 2048;

/** DuckDB's own opinion; none where it has none. */
async function sniff(path: string, { db }: Workplace): Promise<Opinion | undefined> {
  try {
    const [row] = await db.rows(
      `SELECT Delimiter AS delimiter, Quote AS quote FROM sniff_csv(${quoteLiteral(path)}, sample_size = ${SNIFFED_ROWS})`,
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

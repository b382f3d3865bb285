// JSON lines from a stream of bytes, a few hundred rows at a time: each batch takes a few milliseconds, and between two of
// them other requests have their turn.

import { yieldToEventLoop } from "#lib/event-loop";
import { Fault } from "#rpc/fault";

/** A longer line is no worker, and no memory is kept for it. */
const LINE_BYTES_MAX = 1024 * 1024;
/** Bytes that are read between two turns of the event loop. */
const BATCH_BYTES = 256 * 1024;
const NEWLINE = 10;

export type JsonRow = Readonly<Record<string, unknown>>;

/** The objects of the lines, in batches. Throws `rejected` with the number of a line that is not a JSON object. */
export async function* jsonLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<JsonRow[]> {
  let rest: Buffer = Buffer.alloc(0);
  let line = 0;
  for await (const chunk of bytes) {
    let block = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    while (block.length > 0) {
      const part = block.subarray(0, BATCH_BYTES);
      const end = part.lastIndexOf(NEWLINE);
      if (end < 0 && block.length <= BATCH_BYTES) break;
      const at = end < 0 ? block.indexOf(NEWLINE) : end;
      if (at < 0) break;
      const rows = parsed(block.toString("utf8", 0, at), line);
      line += rows.lines;
      yield rows.rows;
      await yieldToEventLoop();
      block = block.subarray(at + 1);
    }
    if (block.length > LINE_BYTES_MAX)
      throw new Fault("rejected", `Line ${line + 1} of the roster has more than 1 MiB.`);
    rest = block;
  }
  if (rest.length > 0) yield parsed(rest.toString("utf8"), line).rows;
}

function parsed(text: string, before: number): { rows: JsonRow[]; lines: number } {
  const lines = text.split("\n");
  const rows: JsonRow[] = [];
  for (const [at, line] of lines.entries()) {
    if (line.trim() === "") continue;
    try {
      const row: unknown = JSON.parse(line);
      if (typeof row !== "object" || row === null || Array.isArray(row)) throw new SyntaxError("no object");
      rows.push(row as JsonRow);
    } catch (error) {
      throw new Fault("rejected", `Line ${before + at + 1} of the roster is not a JSON object.`, {
        cause: error,
      });
    }
  }
  return { rows, lines: lines.length };
}

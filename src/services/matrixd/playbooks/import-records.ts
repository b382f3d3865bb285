// A bulk import of records: NDJSON, a line a record, or one JSON array. Each row is recorded whole or refused with its
// reason, and no row waits for another's: many are on their way at once, so that they are embedded and written together.

import { type PlaybookRecord, playbookRecord } from "#contracts/matrix";
import type { Bytes } from "#rpc/contract";
import { Fault, toFault } from "#rpc/fault";
import { parseInput } from "#rpc/input/invalid-input";
import { decodedText, parseJson } from "#rpc/input/json-check";

/** A query of 4,000 characters, escaped, with everything else at its longest. */
const LINE_BYTES_MAX = 64 * 1024;
/** Parsing an array holds the event loop: about 20 ms. Lines are parsed one by one. */
const ARRAY_BYTES_MAX = 4 * 1024 * 1024;
const BODY_BYTES_MAX = 256 * 1024 * 1024;
/** Rows on their way at once: what is written together, twice. */
const AT_ONCE = 400;
const REASONS_MAX = 100;
const [NEWLINE, BRACKET] = [10, 91];

export interface Imported {
  imported: number;
  unchanged: number;
  rejected: number;
  reasons: { row: number; message: string }[];
}

/** Throws `too_large`; a fault of the house, as `unavailable`, ends the import: it may be sent again as it was. */
export async function importRecords(
  body: Bytes,
  /** Of rows that name none. */
  corpus: string | undefined,
  record: (wanted: PlaybookRecord) => Promise<{ readonly changed: boolean }>,
): Promise<Imported> {
  const done: Imported = { imported: 0, unchanged: 0, rejected: 0, reasons: [] };
  let failure: Fault | undefined;
  const running = new Set<Promise<void>>();
  const one = async (row: number, text: Uint8Array | object): Promise<void> => {
    try {
      const own = text instanceof Uint8Array ? parseJson(decodedText(text)) : text;
      const value =
        corpus === undefined || typeof own !== "object" || own === null
          ? own
          : { answer_corpus: corpus, ...own };
      const { changed } = await record(parseInput(playbookRecord, value) as PlaybookRecord);
      if (changed) done.imported += 1;
      else done.unchanged += 1;
    } catch (error) {
      const fault = toFault(error);
      if (!ROW_FAULTS.has(fault.code)) {
        failure ??= fault;
        return;
      }
      done.rejected += 1;
      if (done.reasons.length < REASONS_MAX) done.reasons.push({ row, message: fault.message });
    }
  };
  for await (const { row, value } of rowsOf(body)) {
    if (failure !== undefined) break;
    const work = one(row, value).finally(() => running.delete(work));
    running.add(work);
    if (running.size >= AT_ONCE) await Promise.race(running);
  }
  await Promise.all(running);
  if (failure !== undefined) throw failure;
  done.reasons.sort((a, b) => a.row - b.row);
  return done;
}

/** What is wrong with a row, and not with the house. */
const ROW_FAULTS: ReadonlySet<string> = new Set(["invalid", "not_found", "rejected", "conflict"]);

interface Row {
  readonly row: number;
  readonly value: Uint8Array | object;
}

async function* rowsOf(body: Bytes): AsyncGenerator<Row> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let bytes = 0;
  let row = 1;
  let isArray: boolean | undefined;
  const line = (): Uint8Array => {
    const whole = Buffer.concat(held);
    [held, heldBytes] = [[], 0];
    return whole;
  };
  const keep = (part: Uint8Array, most: number, what: string): void => {
    if (heldBytes + part.length > most) throw new Fault("too_large", what);
    held.push(part.slice());
    heldBytes += part.length;
  };
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX)
      throw new Fault("too_large", `The body is larger than ${BODY_BYTES_MAX} bytes.`);
    isArray ??= firstByte(chunk);
    if (isArray === true) {
      keep(chunk, ARRAY_BYTES_MAX, "The array is larger than 4 MiB. Send NDJSON, a record a line.");
      continue;
    }
    for (let from = 0; from < chunk.length;) {
      const end = chunk.indexOf(NEWLINE, from);
      keep(
        chunk.subarray(from, end === -1 ? chunk.length : end),
        LINE_BYTES_MAX,
        `Line ${row} is longer than ${LINE_BYTES_MAX} bytes.`,
      );
      if (end === -1) break;
      const value = line();
      if (!isBlank(value)) yield { row, value };
      row += 1;
      from = end + 1;
    }
  }
  if (isArray === true) yield* arrayRows(line());
  else {
    const value = line();
    if (!isBlank(value)) yield { row, value };
  }
}

function* arrayRows(bytes: Uint8Array): Generator<Row> {
  const parsed = parseJson(decodedText(bytes));
  if (!Array.isArray(parsed))
    throw new Fault("invalid", "The body is neither NDJSON nor a JSON array of records.");
  for (const [at, value] of parsed.entries()) yield { row: at + 1, value: value as object };
}

/** Whether the body is an array; undefined while it has been blank. */
function firstByte(chunk: Uint8Array): boolean | undefined {
  const first = chunk.find((byte) => byte > 32);
  return first === undefined ? undefined : first === BRACKET;
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte <= 32);
}

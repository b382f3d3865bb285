// A bulk import: NDJSON, a line an item, written in batches as it arrives. The sender is read no faster than the log
// takes its items, and what is held is one batch and one line. The rows of a Parquet file come as such lines too
// (parquet/read.ts), and are known by their number in the file.

import type { z } from "zod";
import { importedItem } from "#contracts/vector";
import { present } from "#lib/assert";
import { Fault } from "#rpc/fault";
import { parseInput } from "#rpc/input/invalid-input";
import { decodedText, parseJson } from "#rpc/input/json-check";

/** 8,192 numbers with all their digits, and 64 KiB of metadata, take less than half of it. */
const LINE_BYTES_MAX = 512 * 1024;
/** As many as one upsert takes. */
const BATCH_ITEMS = 1_000;
/** Of lines as they arrived: about 6,000 numbers a line in a full batch. */
const BATCH_BYTES = 64 * 1024 * 1024;
const NEWLINE = 10;

/** What the sender knows an item by, and the number of the first one. */
export interface Unit {
  readonly name: "line" | "row";
  readonly first: 0 | 1;
}

export const LINE: Unit = { name: "line", first: 1 };
/** Of a Parquet file: by its index, as `file_row_number` has it. */
export const ROW: Unit = { name: "row", first: 0 };

type ImportedItem = z.infer<typeof importedItem>;

/** Gives every batch to `write`, in order. Throws Fault `invalid` with the number of the first line that is refused. */
export async function importItems(
  body: AsyncIterable<Uint8Array>,
  write: (items: ImportedItem[]) => Promise<{ sequence: number }>,
  unit: Unit,
): Promise<{ imported: number; sequence: number }> {
  let [imported, sequence] = [0, 0];
  let batch: ImportedItem[] = [];
  let numbers: number[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    ({ sequence } = await write(batch).catch((error: unknown) => {
      throw refusedItem(error, numbers, imported, unit);
    }));
    imported += batch.length;
    [batch, numbers, bytes] = [[], [], 0];
  };
  for await (const { number, line } of linesOf(body, (at, why) => refused(at, why, imported, unit))) {
    batch.push(parsed(line, number, imported, unit));
    numbers.push(number);
    bytes += line.length;
    if (batch.length === BATCH_ITEMS || bytes >= BATCH_BYTES) await flush();
  }
  await flush();
  return { imported, sequence };
}

function parsed(line: Uint8Array, number: number, imported: number, unit: Unit): ImportedItem {
  try {
    return parseInput(importedItem, parseJson(decodedText(line))) as ImportedItem;
  } catch (error) {
    throw error instanceof Fault ? refused(number, error.message, imported, unit) : error;
  }
}

/** `number` is that of a line, from 1 on. */
function refused(number: number, why: string, imported: number, { name, first }: Unit): Fault {
  const place = `${name} ${number - 1 + first}`;
  const message = `${place[0]?.toUpperCase() ?? ""}${place.slice(1)} is refused: ${why} ${imported} items before it are in.`;
  return new Fault("invalid", message, { details: [{ path: place, message: why }] });
}

/** A fault names an item by its place in the batch (`items.3.vector`); its sender knows it by its line. */
function refusedItem(error: unknown, numbers: readonly number[], imported: number, unit: Unit): unknown {
  if (!(error instanceof Fault) || error.code !== "invalid") return error;
  const place = /^items\.(\d+)/.exec(error.details?.[0]?.path ?? "")?.[1];
  const number = numbers[Number(place)];
  return number === undefined ? error : refused(number, error.message, imported, unit);
}

/** Lines that are not empty, with their numbers from 1 on. */
async function* linesOf(
  body: AsyncIterable<Uint8Array>,
  refuse: (number: number, why: string) => Fault,
): AsyncGenerator<{ readonly number: number; readonly line: Uint8Array }> {
  // A body may come in chunks of any size: what is not a whole line yet is copied here once.
  const rest = new Uint8Array(LINE_BYTES_MAX);
  let [held, number] = [0, 1];
  const keep = (part: Uint8Array): void => {
    if (held + part.length > LINE_BYTES_MAX)
      throw refuse(number, `it is longer than ${LINE_BYTES_MAX} bytes.`);
    rest.set(part, held);
    held += part.length;
  };
  for await (const chunk of body) {
    for (let from = 0; from < chunk.length;) {
      const end = chunk.indexOf(NEWLINE, from);
      keep(chunk.subarray(from, end === -1 ? chunk.length : end));
      if (end === -1) break;
      if (!isBlank(rest, held)) yield { number, line: rest.slice(0, held) };
      number += 1;
      held = 0;
      from = end + 1;
    }
  }
  if (!isBlank(rest, held)) yield { number, line: rest.slice(0, held) };
}

function isBlank(bytes: Uint8Array, length: number): boolean {
  for (let i = 0; i < length; i++) if (present(bytes[i], "a byte of the line") > 32) return false;
  return true;
}

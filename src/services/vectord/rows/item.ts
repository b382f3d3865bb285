// What an index takes: an item's id, vector and metadata, checked whole before anything is written. Ids may be any
// well-formed text, control characters included, and are kept as they are. Metadata is kept as JSON, so that numbers
// which JSON does not carry exactly are refused instead of changed.

import { checkVector, type IndexShape, invalid, type Item } from "./shape.ts";

/** Ids are keys, not documents. UTF-8 bytes. */
const ID_BYTES_MAX = 512;
/** Metadata is what a filter or a reader of hits needs, not the document. UTF-8 bytes of JSON. */
const METADATA_BYTES_MAX = 64 * 1024;
/** One call is one log record, held whole in memory. */
const ITEMS_MAX = 1_000;
/** As deep as JSON from outside may nest. */
const DEPTH_MAX = 64;

const encoder = new TextEncoder();

/** The metadata of each item as JSON. Throws Fault `invalid` with the place of the first thing that is wrong. */
export function checkItems(shape: IndexShape, items: readonly Item[]): Uint8Array[] {
  if (items.length === 0 || items.length > ITEMS_MAX)
    throw invalid("items", `must hold from 1 to ${ITEMS_MAX} items`);
  return items.map((item, i) => checkItem(shape, item, `items.${i}`));
}

function checkItem(shape: IndexShape, { id, vector, metadata }: Item, path: string): Uint8Array {
  const idBytes = Buffer.byteLength(id);
  if (idBytes === 0 || idBytes > ID_BYTES_MAX || !id.isWellFormed())
    throw invalid(`${path}.id`, `must be well-formed text of 1 to ${ID_BYTES_MAX} bytes`);
  checkVector(shape, vector, `${path}.vector`);
  const bytes = encoder.encode(jsonOf(metadata, `${path}.metadata`));
  if (bytes.length <= METADATA_BYTES_MAX) return bytes;
  throw invalid(
    `${path}.metadata`,
    `is ${bytes.length} bytes of JSON where ${METADATA_BYTES_MAX} are allowed`,
  );
}

function jsonOf(metadata: unknown, path: string): string {
  checkNumbers(metadata, path, 0);
  let text: string | undefined;
  try {
    text = JSON.stringify(metadata);
  } catch (error) {
    throw invalid(path, `is not JSON: ${error instanceof Error ? error.message : "unknown"}`);
  }
  if (text === undefined || !text.startsWith("{")) throw invalid(path, "must be an object");
  return text;
}

/**
 * Refuses numbers that were changed when they were read or would be when they are written: JSON has no infinities,
 * and a whole number beyond 2^53 - 1 may be another one's neighbour.
 */
function checkNumbers(value: unknown, path: string, depth: number): void {
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw invalid(path, "is not a number that JSON can hold");
    if (Number.isInteger(value) && !Number.isSafeInteger(value))
      throw invalid(path, "is a whole number beyond 2^53 - 1, whose digits are not exact; send it as text");
    return;
  }
  if (typeof value !== "object" || value === null) return;
  if (depth >= DEPTH_MAX) throw invalid(path, `nests deeper than ${DEPTH_MAX} levels`);
  for (const [key, each] of Object.entries(value)) checkNumbers(each, `${path}.${key}`, depth + 1);
}

// What one call wrote, as bytes of the log: an upsert with the vectors in f32 and the metadata as JSON, or a
// delete. All numbers are little-endian. A record is kept whole or not at all.
//
//   upsert  u8 1, u32 items, then per item: u16 id bytes, u32 metadata bytes, id, metadata, f32 x dimension
//   delete  u8 2, u32 ids,   then per id:   u16 id bytes, id

import { assert } from "#lib/assert";
import type { Item, Metadata } from "../rows/shape.ts";

/** One item of a record. The size of the metadata is what bookkeeping wants and only the encoded form knows. */
export type Change =
  | { readonly kind: "upsert"; readonly item: Item; readonly metadataBytes: number }
  | { readonly kind: "delete"; readonly id: string };

const UPSERT = 1;
const DELETE = 2;

const encoder = new TextEncoder();
/** Ids are kept as they are: a byte order mark at the start of one is part of it. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** `metadata` is the JSON text of each item, in order. */
export function encodeUpsert(items: readonly Item[], metadata: readonly Uint8Array[]): Uint8Array {
  const ids = items.map((item) => encoder.encode(item.id));
  let length = 5;
  items.forEach((item, i) => {
    length += 6 + (ids[i]?.length ?? 0) + (metadata[i]?.length ?? 0) + item.vector.byteLength;
  });
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  bytes[0] = UPSERT;
  view.setUint32(1, items.length, true);
  let at = 5;
  items.forEach((item, i) => {
    const id = ids[i] ?? new Uint8Array();
    const text = metadata[i] ?? new Uint8Array();
    const { vector } = item;
    view.setUint16(at, id.length, true);
    view.setUint32(at + 2, text.length, true);
    bytes.set(id, at + 6);
    bytes.set(text, at + 6 + id.length);
    at += 6 + id.length + text.length;
    bytes.set(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength), at);
    at += vector.byteLength;
  });
  assert(at === length, "an upsert fills its record");
  return bytes;
}

export function encodeDelete(ids: readonly string[]): Uint8Array {
  const encoded = ids.map((id) => encoder.encode(id));
  const bytes = new Uint8Array(encoded.reduce((sum, id) => sum + 2 + id.length, 5));
  const view = new DataView(bytes.buffer);
  bytes[0] = DELETE;
  view.setUint32(1, ids.length, true);
  let at = 5;
  for (const id of encoded) {
    view.setUint16(at, id.length, true);
    bytes.set(id, at + 2);
    at += 2 + id.length;
  }
  return bytes;
}

/** Reads a record whose checksum has been verified, item by item; one that does not parse is a bug of the writer. */
export function* decodeRecord(bytes: Uint8Array, dimension: number): Generator<Change> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = bytes[0];
  const count = view.getUint32(1, true);
  assert(kind === UPSERT || kind === DELETE, "a record is an upsert or a delete");
  let at = 5;
  for (let i = 0; i < count; i++) {
    const idBytes = view.getUint16(at, true);
    const metadataBytes = kind === UPSERT ? view.getUint32(at + 2, true) : 0;
    at += kind === UPSERT ? 6 : 2;
    const id = decoder.decode(bytes.subarray(at, at + idBytes));
    at += idBytes;
    if (kind === DELETE) {
      yield { kind: "delete", id };
      continue;
    }
    const metadata = JSON.parse(decoder.decode(bytes.subarray(at, at + metadataBytes))) as Metadata;
    at += metadataBytes;
    const vector = new Float32Array(dimension);
    new Uint8Array(vector.buffer).set(bytes.subarray(at, at + vector.byteLength));
    at += vector.byteLength;
    yield { kind: "upsert", item: { id, metadata, vector }, metadataBytes };
  }
  assert(at === bytes.length, "a record ends where its items do");
}

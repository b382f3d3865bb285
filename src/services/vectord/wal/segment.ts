// The bytes of a log segment, without a file in sight: how frames are written and how a segment is read back,
// as far as it verifies, with what is wrong about it. Which of that is a crash's doing and which is damage is
// decided here: a crash can only leave a part of the last frame, its beginning or some of its sectors.
//
//   segment  header (32 bytes): "LHVLOG01", u64 first sequence, u64 0, u64 xxHash64 of the 24 bytes before
//   frame    header (40 bytes): u32 "LHVF", u32 body bytes, u64 first sequence, u32 records, u32 0,
//                               u64 xxHash64 of the body, u64 xxHash64 of the 32 bytes before; then the body
//   body     per record: u32 bytes, the bytes
//
// All numbers are little-endian.

import { assert } from "#lib/assert";

const SEGMENT_MAGIC = 0x31_30_47_4f_4c_56_48_4cn; // "LHVLOG01" read as a little-endian number
const FRAME_MAGIC = 0x46_56_48_4c; // "LHVF"
export const SEGMENT_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 40;
/** What every disk writes at once. */
const SECTOR_BYTES = 512;

function hash(bytes: Uint8Array): bigint {
  return Bun.hash.xxHash64(bytes);
}

export function segmentHeader(firstSequence: number): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, SEGMENT_MAGIC, true);
  view.setBigUint64(8, BigInt(firstSequence), true);
  view.setBigUint64(24, hash(bytes.subarray(0, 24)), true);
  return bytes;
}

export function encodeFrame(records: readonly Uint8Array[], firstSequence: number): Uint8Array {
  const bodyBytes = records.reduce((sum, record) => sum + 4 + record.length, 0);
  const frame = new Uint8Array(FRAME_HEADER_BYTES + bodyBytes);
  const view = new DataView(frame.buffer);
  let at = FRAME_HEADER_BYTES;
  for (const record of records) {
    view.setUint32(at, record.length, true);
    frame.set(record, at + 4);
    at += 4 + record.length;
  }
  view.setUint32(0, FRAME_MAGIC, true);
  view.setUint32(4, bodyBytes, true);
  view.setBigUint64(8, BigInt(firstSequence), true);
  view.setUint32(16, records.length, true);
  view.setBigUint64(24, hash(frame.subarray(FRAME_HEADER_BYTES)), true);
  view.setBigUint64(32, hash(frame.subarray(0, 32)), true);
  return frame;
}

export interface Frame {
  readonly firstSequence: number;
  readonly records: Uint8Array[];
  readonly bytes: Uint8Array;
}

export interface SegmentContent {
  readonly firstSequence: number;
  readonly frames: Frame[];
  readonly end: number;
  readonly torn: boolean;
  readonly damage: string | null;
}

/** Parses a segment as far as it verifies; past damage it looks for the next frame that does. */
export function readSegment(bytes: Uint8Array, firstSequence: number): SegmentContent {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const hasHeader =
    bytes.length >= SEGMENT_HEADER_BYTES &&
    view.getBigUint64(0, true) === SEGMENT_MAGIC &&
    view.getBigUint64(24, true) === hash(bytes.subarray(0, 24)) &&
    Number(view.getBigUint64(8, true)) === firstSequence;
  let damage: string | null = hasHeader ? null : "its header does not verify";
  const frames: Frame[] = [];
  let next = firstSequence;
  let at = SEGMENT_HEADER_BYTES;
  while (at < bytes.length) {
    const frame = readFrame(bytes, view, at);
    if (frame !== null && frame.firstSequence >= next) {
      if (frame.firstSequence > next)
        damage ??= `sequences ${next} to ${frame.firstSequence - 1} are not in it`;
      frames.push(frame);
      next = frame.firstSequence + frame.records.length;
      at += frame.bytes.length;
      continue;
    }
    const resume = findFrame(bytes, view, at + 1);
    if (resume === null && (isShort(bytes, view, at) || hasHole(bytes, at)))
      return { firstSequence, frames, end: at, torn: true, damage };
    damage ??= `the frame at byte ${at} does not match its checksum`;
    if (resume === null) break;
    at = resume;
  }
  return { firstSequence, frames, end: Math.max(at, SEGMENT_HEADER_BYTES), torn: false, damage };
}

function headerVerifies(bytes: Uint8Array, view: DataView, at: number): boolean {
  return (
    view.getUint32(at, true) === FRAME_MAGIC &&
    view.getBigUint64(at + 32, true) === hash(bytes.subarray(at, at + 32))
  );
}

/** What a torn write leaves: the beginning of a frame, so a cut header, or a whole one whose body is cut. */
function isShort(bytes: Uint8Array, view: DataView, at: number): boolean {
  if (at + FRAME_HEADER_BYTES > bytes.length) return true;
  return (
    headerVerifies(bytes, view, at) && at + FRAME_HEADER_BYTES + view.getUint32(at + 4, true) > bytes.length
  );
}

/**
 * What a power cut may leave of a frame that was written and not yet flushed: its length, with some of its
 * sectors never written, which read as zeros. No whole frame begins with a zero, so a lost beginning shows.
 */
function hasHole(bytes: Uint8Array, at: number): boolean {
  for (let from = at; from < bytes.length;) {
    const to = Math.min(bytes.length, from - (from % SECTOR_BYTES) + SECTOR_BYTES);
    if (bytes.subarray(from, to).every((byte) => byte === 0)) return true;
    from = to;
  }
  return false;
}

function readFrame(bytes: Uint8Array, view: DataView, at: number): Frame | null {
  if (at + FRAME_HEADER_BYTES > bytes.length || !headerVerifies(bytes, view, at)) return null;
  const end = at + FRAME_HEADER_BYTES + view.getUint32(at + 4, true);
  if (end > bytes.length) return null;
  const body = bytes.subarray(at + FRAME_HEADER_BYTES, end);
  if (view.getBigUint64(at + 24, true) !== hash(body)) return null;
  const records: Uint8Array[] = [];
  for (let from = at + FRAME_HEADER_BYTES; from < end;) {
    const length = view.getUint32(from, true);
    records.push(bytes.subarray(from + 4, from + 4 + length));
    from += 4 + length;
  }
  assert(
    records.length === view.getUint32(at + 16, true),
    "a frame holds as many records as its header says",
  );
  return { firstSequence: Number(view.getBigUint64(at + 8, true)), records, bytes: bytes.subarray(at, end) };
}

function findFrame(bytes: Uint8Array, view: DataView, from: number): number | null {
  const magic = Buffer.from([0x4c, 0x48, 0x56, 0x46]);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = buffer.indexOf(magic, from); at >= 0; at = buffer.indexOf(magic, at + 1)) {
    if (readFrame(bytes, view, at) !== null) return at;
  }
  return null;
}

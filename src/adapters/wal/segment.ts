// The bytes of a log segment, without a file in sight: how frames are written, and how a segment is read back as far
// as it verifies. Whether bytes that do not verify are a torn write or damage is decided by recovery.ts, which knows
// what was acknowledged.
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
const FRAME_MAGIC_BYTES = Buffer.from("LHVF");
export const SEGMENT_HEADER_BYTES = 32;
export const FRAME_HEADER_BYTES = 40;

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
  readonly records: readonly Uint8Array[];
  /** Where it begins in its segment. */
  readonly offset: number;
  readonly bytes: number;
}

export interface SegmentContent {
  readonly firstSequence: number;
  /** Every frame that verifies, in order. */
  readonly frames: readonly Frame[];
  /** One past the last sequence in it; `firstSequence` when it has no frame. */
  readonly nextSequence: number;
  /** Where the last frame that verifies ends. */
  readonly end: number;
  /** Bytes behind `end`, none of them a frame that verifies. */
  readonly trailingBytes: number;
  /** What is wrong with it before `end`, in a sentence without its full stop; null when nothing is. */
  readonly damage: string | null;
}

/** Parses a segment. Past bytes that do not verify it looks for the next frame that does. */
export function readSegment(bytes: Uint8Array, firstSequence: number): SegmentContent {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const hasHeader =
    bytes.length >= SEGMENT_HEADER_BYTES &&
    view.getBigUint64(0, true) === SEGMENT_MAGIC &&
    view.getBigUint64(24, true) === hash(bytes.subarray(0, 24)) &&
    Number(view.getBigUint64(8, true)) === firstSequence;
  let damage: string | null = hasHeader ? null : "its header does not verify";
  const frames: Frame[] = [];
  let nextSequence = firstSequence;
  let at = SEGMENT_HEADER_BYTES;
  let end = Math.min(SEGMENT_HEADER_BYTES, bytes.length);
  while (at < bytes.length) {
    const frame = readFrame(bytes, view, at);
    if (frame === null || frame.firstSequence < nextSequence) {
      const next = findFrame(bytes, view, at + 1, nextSequence);
      if (next === null) break;
      damage ??= `the frame at byte ${at} does not match its checksum`;
      at = next;
      continue;
    }
    if (frame.firstSequence > nextSequence)
      damage ??= `writes ${nextSequence} to ${frame.firstSequence - 1} are not in it`;
    frames.push(frame);
    nextSequence = frame.firstSequence + frame.records.length;
    at += frame.bytes;
    end = at;
  }
  return { firstSequence, frames, nextSequence, end, trailingBytes: bytes.length - end, damage };
}

/** The bytes of the frame whose header stands at `at`, as that says; null where none stands. */
export function frameBytesAt(bytes: Uint8Array, view: DataView, at: number): number | null {
  if (at + FRAME_HEADER_BYTES > bytes.length || view.getUint32(at, true) !== FRAME_MAGIC) return null;
  if (view.getBigUint64(at + 32, true) !== hash(bytes.subarray(at, at + 32))) return null;
  return FRAME_HEADER_BYTES + view.getUint32(at + 4, true);
}

/** The frame at `at`; null when what stands there does not verify, or is not there whole. */
export function readFrame(bytes: Uint8Array, view: DataView, at: number): Frame | null {
  const frameBytes = frameBytesAt(bytes, view, at);
  if (frameBytes === null || at + frameBytes > bytes.length) return null;
  const end = at + frameBytes;
  if (view.getBigUint64(at + 24, true) !== hash(bytes.subarray(at + FRAME_HEADER_BYTES, end))) return null;
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
  return { firstSequence: Number(view.getBigUint64(at + 8, true)), records, offset: at, bytes: end - at };
}

/** The place of the next frame that verifies and does not repeat a sequence. */
function findFrame(bytes: Uint8Array, view: DataView, from: number, sequenceMin: number): number | null {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = buffer.indexOf(FRAME_MAGIC_BYTES, from); at >= 0;) {
    const frame = readFrame(bytes, view, at);
    if (frame !== null && frame.firstSequence >= sequenceMin) return at;
    at = buffer.indexOf(FRAME_MAGIC_BYTES, at + 1);
  }
  return null;
}

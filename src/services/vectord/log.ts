// The log: the truth of an index. Records are appended in frames, one frame for all calls that wait together,
// and a call is answered after the fsync of its frame (group commit), so that ten writers pay for one fsync.
// A frame is written only when the one before it is durable. Hence a crash can tear the last frame and no
// other: a frame that the file is too short for is cut off on opening, and anything else that does not match
// its checksum is damage. A damaged file is kept aside whole, what still verifies is written to its place, and
// the opening fails once, naming the file; the next one goes on without the part that was lost. A log that was
// closed in order leaves a marker with its length, so that after that even a clean cut is seen.
//
//   segment  header (32 bytes): "LHVLOG01", u64 first sequence, u64 0, u64 xxHash64 of the 24 bytes before
//   frame    header (40 bytes): u32 "LHVF", u32 body bytes, u64 first sequence, u32 records, u32 0,
//                               u64 xxHash64 of the body, u64 xxHash64 of the 32 bytes before; then the body
//   body     per record: u32 bytes, the bytes
//
// All numbers are little-endian. A segment's name has its first sequence; a snapshot begins a new one.

import {
  close as closeCallback,
  fdatasync,
  ftruncate,
  open as openCallback,
  write as writeCallback,
} from "node:fs";
import { open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { diskFault, readSealed, syncFolder, writeSealed } from "#adapters/hnsw-file";
import { assert } from "#lib/assert";
import type { Clock } from "#lib/clock";
import { Fault } from "#rpc/fault";

const SEGMENT_MAGIC = 0x31_30_47_4f_4c_56_48_4cn; // "LHVLOG01" read as a little-endian number
const FRAME_MAGIC = 0x46_56_48_4c; // "LHVF"
const SEGMENT_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 40;
/** A frame is held whole in memory on both sides; the next one takes what does not fit. */
const FRAME_BYTES_MAX = 64 * 1024 * 1024;
/** Calls that wait while the disk is slow; beyond it they are turned away rather than held in memory. */
const WAITING_BYTES_MAX = 256 * 1024 * 1024;
/** Written by an orderly close, removed by the next opening. */
const CLOSED = "closed";

export interface LogEntry {
  readonly sequence: number;
  readonly record: Uint8Array;
}

interface Waiting {
  readonly record: Uint8Array;
  readonly apply: (sequence: number) => void;
  readonly resolve: (sequence: number) => void;
  readonly reject: (error: unknown) => void;
}

interface Segment {
  readonly path: string;
  readonly firstSequence: number;
}

/** The part of a file that the log needs, and that a test may make fail. */
export interface LogFile {
  /** Writes a part of the bytes, at least one, at a position; gives how many. */
  write(bytes: Uint8Array, position: number): Promise<number>;
  sync(): Promise<void>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

// A plain descriptor: a FileHandle that is collected without a close throws where nobody can catch it.
const openDescriptor = promisify(openCallback);
const writeDescriptor = promisify(writeCallback);
const syncDescriptor = promisify(fdatasync);
const truncateDescriptor = promisify(ftruncate);
const closeDescriptor = promisify(closeCallback);

export async function openLogFile(path: string): Promise<LogFile> {
  const descriptor = await openDescriptor(path, "r+");
  return {
    write: async (bytes, position) => {
      const { bytesWritten } = await writeDescriptor(descriptor, bytes, 0, bytes.length, position);
      return bytesWritten;
    },
    sync: () => syncDescriptor(descriptor),
    truncate: (length) => truncateDescriptor(descriptor, length),
    close: () => closeDescriptor(descriptor),
  };
}

export interface LogOptions {
  readonly dir: string;
  readonly clock: Clock;
  /** The sequence that a snapshot ends with: older records are not read, and a newer first one is a gap. */
  readonly after: number;
  /** Receives every record after `after`, in order; an empty one stands for a write that damage took. */
  readonly replay: (entry: LogEntry) => void;
  /** How a segment is opened for writing; the file system's way unless given. */
  readonly openFile?: (path: string) => Promise<LogFile>;
}

export class Log {
  readonly #dir: string;
  readonly #openFile: (path: string) => Promise<LogFile>;
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #segments: Segment[];
  #file: LogFile;
  /** Where the last durable frame of the newest segment ends. */
  #end: number;
  #sequence: number;
  #olderBytes: number;
  /** Set while a failed write may have left something beyond `#end`. */
  #dirty = false;
  #flushing: Promise<void> | null = null;
  /** Work that must see no frame half applied, such as the start of a snapshot. */
  readonly #between: (() => Promise<void>)[] = [];
  #closed = false;

  private constructor(dir: string, openFile: LogOptions["openFile"] & {}, file: LogFile, found: Found) {
    this.#dir = dir;
    this.#openFile = openFile;
    this.#file = file;
    this.#segments = found.segments;
    this.#end = found.end;
    this.#sequence = found.sequence;
    this.#olderBytes = found.olderBytes;
  }

  /**
   * Opens the log of a folder, or starts one, and replays it. Throws Fault `internal` naming the file when a
   * part of it is damaged or missing; what could be saved has then been put in place for the next opening.
   */
  static async open(options: LogOptions): Promise<Log> {
    const { dir, after } = options;
    const openFile = options.openFile ?? openLogFile;
    const found = await recover(options);
    if (found.segments.length === 0) found.segments.push(await startSegment(dir, after + 1));
    const newest = found.segments.at(-1);
    assert(newest !== undefined, "a log has a segment");
    found.end = Math.max(found.end, SEGMENT_HEADER_BYTES);
    const file = await openFile(newest.path).catch((error: unknown) => {
      throw diskFault(error, newest.path);
    });
    if (found.torn) {
      await file.truncate(found.end);
      await file.sync();
    }
    await rm(join(dir, CLOSED), { force: true });
    await syncFolder(dir);
    return new Log(dir, openFile, file, found);
  }

  /** The last sequence that is durable and applied; 0 before the first. */
  get sequence(): number {
    return this.#sequence;
  }

  get bytes(): number {
    return this.#olderBytes + this.#end;
  }

  /**
   * Makes a record durable, then calls `apply` in the order of sequences, then resolves. Throws `unavailable`
   * when the disk fails (nothing of the record is kept) or too much waits already.
   */
  append(record: Uint8Array, apply: (sequence: number) => void): Promise<number> {
    if (this.#closed) throw new Fault("unavailable", "The index is closed; open it again.");
    if (record.length > FRAME_BYTES_MAX) {
      throw new Fault(
        "too_large",
        `One call may write ${FRAME_BYTES_MAX} bytes; send fewer items at a time.`,
      );
    }
    if (this.#waitingBytes + record.length > WAITING_BYTES_MAX) {
      throw new Fault("unavailable", "Too many writes wait for the disk; try again in a moment.", {
        retryAfterMs: 250,
      });
    }
    this.#waitingBytes += record.length;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ record, apply, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  /**
   * Starts a new segment. `capture` runs at the border, with every record up to the sequence given applied and
   * none after it; the segments before the border are returned to `drop` once something else holds their content.
   */
  rotate<T>(capture: (sequence: number) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#between.push(async () => {
        try {
          if (this.#dirty) await this.#repair();
          // A segment without a frame is the new one already.
          if (this.#end > SEGMENT_HEADER_BYTES) {
            const segment = await startSegment(this.#dir, this.#sequence + 1);
            const file = await this.#openFile(segment.path);
            await this.#file.close();
            this.#file = file;
            this.#segments.push(segment);
            this.#olderBytes += this.#end;
            this.#end = SEGMENT_HEADER_BYTES;
          }
          resolve(capture(this.#sequence));
        } catch (error) {
          reject(diskFault(error, this.#dir));
        }
      });
      this.#flushing ??= this.#flush();
    });
  }

  /** Removes the segments whose records a durable snapshot up to `sequence` holds. */
  async drop(sequence: number): Promise<void> {
    while (this.#segments.length > 1) {
      const [oldest, next] = this.#segments;
      if (oldest === undefined || next === undefined || next.firstSequence > sequence + 1) return;
      const { size } = await stat(oldest.path).catch(() => ({ size: 0 }));
      await rm(oldest.path, { force: true });
      this.#segments = this.#segments.filter((segment) => segment !== oldest);
      this.#olderBytes = Math.max(0, this.#olderBytes - size);
    }
  }

  /** Waits for what was appended, marks the log as closed in order, and lets the file go. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    while (this.#flushing !== null) await this.#flushing;
    if (this.#dirty) await this.#repair().catch(() => undefined);
    await this.#file.close();
    if (this.#dirty) return;
    const marker = { sequence: this.#sequence, segments: this.#segments.length, end: this.#end };
    // Without the marker the next opening only is less strict.
    await writeSealed(join(this.#dir, CLOSED), [], marker).catch(() => undefined);
  }

  async #flush(): Promise<void> {
    // Calls of one turn of the event loop share the first frame already.
    await Promise.resolve();
    while (this.#waiting.length > 0 || this.#between.length > 0) {
      const between = this.#between.shift();
      if (between === undefined) await this.#commit(this.#nextBatch());
      else await between();
    }
    this.#flushing = null;
  }

  #nextBatch(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { record } of this.#waiting) {
      bytes += record.length + 4;
      if (count > 0 && bytes > FRAME_BYTES_MAX) break;
      count++;
    }
    const batch = this.#waiting.splice(0, count);
    for (const { record } of batch) this.#waitingBytes -= record.length;
    return batch;
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    const records = batch.map(({ record }) => record);
    const frame = encodeFrame(records, this.#sequence + 1);
    try {
      if (this.#dirty) await this.#repair();
      this.#dirty = true;
      for (let at = 0; at < frame.length;) {
        const written = await this.#file.write(frame.subarray(at), this.#end + at);
        if (written === 0) throw Object.assign(new Error("nothing was written"), { code: "ENOSPC" });
        at += written;
      }
      await this.#file.sync();
      this.#dirty = false;
    } catch (error) {
      // The frame may be there in part or whole; it is cut off now, or before the next one is written.
      await this.#repair().catch(() => undefined);
      const fault = diskFault(error, this.#segments.at(-1)?.path ?? this.#dir);
      for (const { reject } of batch) reject(fault);
      return;
    }
    this.#end += frame.length;
    for (const { apply, resolve, reject } of batch) {
      const sequence = ++this.#sequence;
      try {
        apply(sequence);
        resolve(sequence);
      } catch (error) {
        reject(error);
      }
    }
  }

  async #repair(): Promise<void> {
    await this.#file.truncate(this.#end);
    await this.#file.sync();
    this.#dirty = false;
  }
}

function hash(bytes: Uint8Array): bigint {
  return Bun.hash.xxHash64(bytes);
}

function segmentPath(dir: string, firstSequence: number): string {
  return join(dir, `log-${String(firstSequence).padStart(16, "0")}`);
}

/** A segment comes into being whole: one without a header is damaged, never merely young. */
async function startSegment(dir: string, firstSequence: number): Promise<Segment> {
  const path = segmentPath(dir, firstSequence);
  await replaceFile(path, [segmentHeader(firstSequence)]);
  return { path, firstSequence };
}

function segmentHeader(firstSequence: number): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, SEGMENT_MAGIC, true);
  view.setBigUint64(8, BigInt(firstSequence), true);
  view.setBigUint64(24, hash(bytes.subarray(0, 24)), true);
  return bytes;
}

async function replaceFile(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    const handle = await open(temporary, "w");
    try {
      for (const part of parts) await handle.writeFile(part);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    await syncFolder(join(path, ".."));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw diskFault(error, path);
  }
}

function encodeFrame(records: readonly Uint8Array[], firstSequence: number): Uint8Array {
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

interface Found {
  segments: Segment[];
  sequence: number;
  /** Bytes of all segments but the newest. */
  olderBytes: number;
  /** Where the last good frame of the newest segment ends. */
  end: number;
  torn: boolean;
}

/** Reads all segments in order, hands their records to `replay`, and says where to go on. */
async function recover({ dir, after, replay, clock }: LogOptions): Promise<Found> {
  const names = (await readdir(dir)).filter((name) => /^log-\d{16}$/.test(name)).sort();
  const found: Found = { segments: [], sequence: after, olderBytes: 0, end: 0, torn: false };
  for (const [i, name] of names.entries()) {
    const path = join(dir, name);
    const bytes = new Uint8Array(await readFile(path));
    const segment = readSegment(bytes, Number(name.slice(4)));
    const isNewest = i === names.length - 1;
    const damage = segment.damage ?? (segment.torn && !isNewest ? "it ends in the middle of a frame" : null);
    if (damage !== null) {
      const next = names[i + 1];
      throw await quarantine(path, segment, damage, next === undefined ? null : Number(next.slice(4)), clock);
    }
    if (segment.firstSequence > found.sequence + 1)
      throw gap(dir, found.sequence + 1, segment.firstSequence - 1);
    for (const frame of segment.frames) {
      frame.records.forEach((record, k) => {
        const sequence = frame.firstSequence + k;
        if (sequence > found.sequence) replay({ sequence, record });
      });
      found.sequence = Math.max(found.sequence, frame.firstSequence + frame.records.length - 1);
    }
    found.segments.push({ path, firstSequence: segment.firstSequence });
    if (!isNewest) found.olderBytes += bytes.length;
    found.end = segment.end;
    found.torn = segment.torn;
  }
  await checkClosed(dir, found);
  return found;
}

/** After an orderly close the log must end exactly where it did then. */
async function checkClosed(dir: string, found: Found): Promise<void> {
  const path = join(dir, CLOSED);
  if ((await stat(path).catch(() => null)) === null) return;
  let marker: { sequence?: number; end?: number; segments?: number } = {};
  try {
    marker = readSealed(path).tail as typeof marker;
  } catch {
    // A marker that cannot be read says nothing; the log itself has verified.
    return;
  }
  const whole = found.segments.length >= (marker.segments ?? 0) && found.sequence >= (marker.sequence ?? 0);
  if (whole && !found.torn && found.end === marker.end) return;
  await rm(path, { force: true });
  const newest = found.segments.at(-1)?.path ?? join(dir, "log");
  throw new Fault(
    "internal",
    `${newest} is damaged: it was closed at sequence ${marker.sequence} and now ends at ${found.sequence}. ` +
      "Restore it, or open the index again to go on without the writes in between.",
  );
}

/**
 * Keeps a damaged segment aside and puts what verifies of it in its place; lost sequences become empty records,
 * so that the rest keeps its numbers. Returns the fault to throw.
 */
async function quarantine(
  path: string,
  segment: SegmentContent,
  damage: string,
  nextSegment: number | null,
  clock: Clock,
): Promise<Fault> {
  const aside = `${path}.damaged-${clock.now()}`;
  const parts: Uint8Array[] = [segmentHeader(segment.firstSequence)];
  let next = segment.firstSequence;
  let lost = 0;
  const fill = (until: number): void => {
    if (until <= next) return;
    lost += until - next;
    parts.push(
      encodeFrame(
        Array.from({ length: until - next }, () => new Uint8Array()),
        next,
      ),
    );
  };
  for (const frame of segment.frames) {
    fill(frame.firstSequence);
    parts.push(frame.bytes);
    next = frame.firstSequence + frame.records.length;
  }
  if (nextSegment !== null) fill(nextSegment);
  await rename(path, aside);
  await replaceFile(path, parts);
  return new Fault(
    "internal",
    `${path} is damaged: ${damage}. It is kept as ${aside}; open the index again to go on with the ` +
      `${segment.frames.length} frames that verify${lost > 0 ? `, without ${lost} lost writes` : ""}, or restore a snapshot.`,
  );
}

function gap(dir: string, from: number, to: number): Fault {
  return new Fault(
    "internal",
    `The log in ${dir} lacks the writes ${from} to ${to}: a segment or the snapshot before it is missing. Restore a snapshot.`,
  );
}

interface Frame {
  readonly firstSequence: number;
  readonly records: Uint8Array[];
  readonly bytes: Uint8Array;
}

interface SegmentContent {
  readonly firstSequence: number;
  readonly frames: Frame[];
  readonly end: number;
  readonly torn: boolean;
  readonly damage: string | null;
}

/** Parses a segment as far as it verifies; past damage it looks for the next frame that does. */
function readSegment(bytes: Uint8Array, firstSequence: number): SegmentContent {
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
    if (resume === null && isShort(bytes, view, at))
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

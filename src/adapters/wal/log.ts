// An append-only log: the truth of an index, and of the journal. Records are appended in frames, one frame for all
// calls that wait together, and a call is acknowledged after the fsync of its frame (group commit), so that ten writers
// pay for one fsync. A frame is written only when the one before it is durable: a crash can tear the last frame and no
// other. The records of one call share a frame: after a crash all of them are there, or none.
//
// segment.ts has the format, head.ts what was acknowledged, recovery.ts the opening. The owner begins new segments.

import { diskFault } from "../checksummed-file.ts";
import { assert } from "#lib/assert";
import { type Disk, type DiskFile, nodeDisk } from "#lib/disk";
import { timeSlicer } from "#lib/event-loop";
import { Fault } from "#rpc/fault";
import { Head } from "./head.ts";
import { type RecoveredLog, type Recovery, recover, type Segment, startSegment } from "./recovery.ts";
import { SEGMENT_HEADER_BYTES, encodeFrame } from "./segment.ts";

/** A record is a frame by itself at most, and held whole in memory on both sides. */
const RECORD_BYTES_MAX = 64 * 1024 * 1024;
/** Records that share a frame: copied together and hashed in about 2 ms; the next frame takes what does not fit. */
const FRAME_BYTES_MAX = 8 * 1024 * 1024;
/** Calls that wait while the disk is slow; beyond it they are turned away rather than held in memory. */
const WAITING_BYTES_MAX = 256 * 1024 * 1024;

/** Where a frame lies. */
export interface FramePlace {
  /** The first sequence of its segment. */
  readonly segment: number;
  readonly offset: number;
  readonly bytes: number;
}

/** What one call appends. */
export interface Entry {
  /** At least the bytes of its records, for the limits of frames and of what waits. */
  readonly bytes: number;
  /** The records, made when their sequences are known; called again when the disk failed before. Throws to refuse. */
  readonly records: (firstSequence: number) => readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
  /** Called in the order of sequences, once the records are durable, each when the one before is done. */
  readonly apply: (firstSequence: number, frame: FramePlace) => Promise<void> | void;
}

interface Waiting {
  readonly entry: Entry;
  readonly resolve: (sequence: number) => void;
  readonly reject: (error: unknown) => void;
}

interface Made {
  readonly call: Waiting;
  readonly records: readonly Uint8Array[];
}

export interface LogOptions extends Recovery {
  /** What calls that wait may share; one that has more has a frame of its own. */
  readonly frameBytesMax?: number;
  /** What may wait for the disk; more is refused. */
  readonly waitingBytesMax?: number;
}

export class Log {
  readonly #dir: string;
  readonly #disk: Disk;
  readonly #head: Head;
  readonly #frameBytesMax: number;
  readonly #waitingBytesMax: number;
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #segments: Segment[];
  #file: DiskFile;
  /** Where the last durable frame of the newest segment ends. */
  #end: number;
  #sequence: number;
  #olderBytes: number;
  /** Set while a failed write may have left something beyond `#end`. */
  #dirty = false;
  #flushing: Promise<void> | null = null;
  /** Work that must see no frame half applied, such as the start of a snapshot. */
  readonly #between: (() => Promise<void>)[] = [];
  #headFailure: unknown = null;
  #closed = false;

  private constructor(options: LogOptions, file: DiskFile, head: Head, recovered: RecoveredLog) {
    const { dir, disk = nodeDisk, frameBytesMax = FRAME_BYTES_MAX, waitingBytesMax } = options;
    this.#dir = dir;
    this.#disk = disk;
    this.#frameBytesMax = frameBytesMax;
    this.#waitingBytesMax = waitingBytesMax ?? WAITING_BYTES_MAX;
    this.#file = file;
    this.#head = head;
    this.#segments = recovered.segments;
    this.#end = Math.max(recovered.end, SEGMENT_HEADER_BYTES);
    this.#sequence = recovered.sequence;
    this.#olderBytes = recovered.olderBytes;
  }

  /**
   * Opens the log of a folder and replays it. Throws Fault `internal` naming the file when a part of it is damaged or
   * missing, as often as it is tried.
   */
  static async open(options: LogOptions): Promise<Log> {
    const { dir, disk = nodeDisk } = options;
    try {
      const recovered = await recover(options);
      if (recovered.segments.length === 0)
        recovered.segments.push(await startSegment(disk, dir, recovered.sequence + 1));
      for (const path of recovered.unused) await disk.remove(path);
      const newest = recovered.segments.at(-1);
      assert(newest !== undefined, "a log has a segment");
      const file = await disk.open(newest.path);
      try {
        if (recovered.torn) await file.truncate(recovered.end);
        // What was read may be in the machine's memory alone, names too: left by a process that died before its fsync.
        await file.sync();
        await disk.syncFolder(dir);
        return new Log(options, file, await Head.open(disk, dir, recovered.sequence), recovered);
      } catch (error) {
        await file.close();
        throw error;
      }
    } catch (error) {
      throw diskFault(error, dir);
    }
  }

  /** The last sequence that is durable and applied; 0 before the first. */
  get sequence(): number {
    return this.#sequence;
  }

  get bytes(): number {
    return this.#olderBytes + this.#end;
  }

  /** The newest segment: which it is, and where it ends. */
  get newest(): { readonly firstSequence: number; readonly end: number } {
    const segment = this.#segments.at(-1);
    assert(segment !== undefined, "a log has a segment");
    return { firstSequence: segment.firstSequence, end: this.#end };
  }

  /** Why the head is behind what was acknowledged, until it has caught up. */
  get headFailure(): unknown {
    return this.#headFailure;
  }

  /**
   * Makes a record durable, then calls `apply` in the order of sequences, each when the one before is done, then
   * resolves. Throws `unavailable` when the disk fails (nothing of the record is kept) or too much waits already.
   */
  append(record: Uint8Array, apply: (sequence: number) => Promise<void> | void): Promise<number> {
    const records = [record];
    return this.appendAll({ bytes: record.length, records: () => records, apply });
  }

  /** As `append` for records that belong together; resolves with the last one's sequence. */
  appendAll(entry: Entry): Promise<number> {
    if (this.#closed) throw new Fault("unavailable", "The log was closed meanwhile; try again in a moment.");
    if (entry.bytes > RECORD_BYTES_MAX) {
      throw new Fault(
        "too_large",
        `One call may write ${RECORD_BYTES_MAX} bytes; send fewer items at a time.`,
      );
    }
    if (this.#waitingBytes + entry.bytes > this.#waitingBytesMax) {
      throw new Fault("unavailable", "Too many writes wait for the disk; try again in a moment.", {
        retryAfterMs: 250,
      });
    }
    this.#waitingBytes += entry.bytes;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entry, resolve, reject });
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
          if (this.#dirty) await this.#truncate();
          // A segment without a frame is the new one already.
          if (this.#end > SEGMENT_HEADER_BYTES) {
            const segment = await startSegment(this.#disk, this.#dir, this.#sequence + 1);
            const file = await this.#disk.open(segment.path);
            const before = this.#file;
            this.#file = file;
            this.#segments.push(segment);
            this.#olderBytes += this.#end;
            this.#end = SEGMENT_HEADER_BYTES;
            // All of it is durable, so a failing close loses nothing.
            await before.close().catch(() => undefined);
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
      const size = await this.#disk.size(oldest.path).catch(() => 0);
      await this.#disk.remove(oldest.path);
      this.#segments = this.#segments.filter((segment) => segment !== oldest);
      this.#olderBytes = Math.max(0, this.#olderBytes - size);
    }
  }

  /** Waits for what was appended and closes the files. What a failed write left is cut off by the next opening at the latest. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    while (this.#flushing !== null) await this.#flushing;
    try {
      if (this.#dirty) await this.#truncate();
      await this.#head.settle(this.#sequence);
    } catch (error) {
      throw diskFault(error, this.#dir);
    } finally {
      await this.#file.close();
      await this.#head.close();
    }
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
    for (const { entry } of this.#waiting) {
      bytes += entry.bytes + 4;
      if (count > 0 && bytes > this.#frameBytesMax) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    try {
      await this.#write(batch);
    } finally {
      for (const { entry } of batch) this.#waitingBytes -= entry.bytes;
    }
  }

  /** The records of each call; one that refuses, or has none, is settled and left out. */
  async #make(batch: readonly Waiting[]): Promise<readonly Made[]> {
    const made: Made[] = [];
    let next = this.#sequence + 1;
    for (const call of batch) {
      try {
        const making = call.entry.records(next);
        const records = making instanceof Promise ? await making : making;
        next += records.length;
        if (records.length === 0) call.resolve(next - 1);
        else made.push({ call, records });
      } catch (error) {
        call.reject(error);
      }
    }
    return made;
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const made = await this.#make(batch);
    if (made.length === 0) return;
    const all = made.flatMap(({ records }) => records);
    const frame = encodeFrame(all, this.#sequence + 1);
    try {
      if (this.#dirty) await this.#truncate();
      this.#dirty = true;
      for (let at = 0; at < frame.length;) {
        const written = await this.#file.write(frame.subarray(at), this.#end + at);
        if (written === 0) throw Object.assign(new Error("nothing was written"), { code: "ENOSPC" });
        at += written;
      }
      await this.#file.sync();
      this.#dirty = false;
    } catch (error) {
      // The frame may be there in part or whole; it is cut off now, or before the next one is written (`#dirty`).
      await this.#truncate().catch(() => undefined);
      const fault = diskFault(error, this.#segments.at(-1)?.path ?? this.#dir);
      for (const { call } of made) call.reject(fault);
      return;
    }
    const place = { segment: this.newest.firstSequence, offset: this.#end, bytes: frame.length };
    this.#end += frame.length;
    await this.#advanceHead(this.#sequence + all.length);
    const stepped = timeSlicer();
    for (const { call, records } of made) {
      const first = this.#sequence + 1;
      const last = this.#sequence + records.length;
      try {
        const applying = call.entry.apply(first, place);
        if (applying !== undefined) await applying;
        this.#sequence = last;
        call.resolve(last);
      } catch (error) {
        this.#sequence = last;
        call.reject(error);
      }
      const rest = stepped();
      if (rest !== null) await rest;
    }
  }

  /** The frame is durable, so a head that cannot be written fails no write: the next one takes it further. */
  async #advanceHead(sequence: number): Promise<void> {
    try {
      await this.#head.advance(sequence);
      this.#headFailure = null;
    } catch (error) {
      this.#headFailure = diskFault(error, this.#dir);
    }
  }

  /** Cuts off what a failed write may have left. */
  async #truncate(): Promise<void> {
    await this.#file.truncate(this.#end);
    await this.#file.sync();
    this.#dirty = false;
  }
}

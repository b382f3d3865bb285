// The segments of the journal and what is in them: events by their number, and the numbers of events by a key. A segment
// that is full has its index in a file; the others have it in memory, and keep it there until that file could be written.
// Memory does not grow with the journal but for some hundred bytes a segment.

import { join } from "node:path";
import { damaged } from "#adapters/checksummed-file";
import { type Frame, frameBytesAt, readFrame, readSegment } from "#adapters/wal/segment";
import { nodeDisk } from "#lib/disk";
import { timeSlicer, yieldToEventLoop } from "#lib/event-loop";
import { BrokenChain, Chain, type ChainEnd } from "../events/check-chain.ts";
import { keysOf } from "../events/keys.ts";
import { DamagedIndex, IndexFile, type SegmentFacts, writeIndex } from "./index-file.ts";
import { OpenFiles } from "./open-files.ts";
import { OpenIndex, type SegmentIndex, type SeqRange } from "./open-index.ts";

/** What is read at once: some hundred events, or the one frame that is larger. */
const READ_BYTES = 256 * 1024;
/** What of a full segment is read and hashed at once, in less than a millisecond. */
const PIECE_BYTES = 1024 * 1024;
/** Frames that were read for single events: those of a type, or a subject, often share one. */
const FRAMES_KEPT = 4;

export interface Segment {
  readonly path: string;
  /** Where the chain was when it began. */
  readonly start: ChainEnd;
  index: OpenIndex | IndexFile;
}

export interface StoredRecord {
  readonly seq: number;
  readonly record: Uint8Array;
}

export function indexPath(dir: string, first: number): string {
  return join(dir, `index-${String(first).padStart(16, "0")}`);
}

export function segmentPath(dir: string, first: number): string {
  return join(dir, `log-${String(first).padStart(16, "0")}`);
}

export class Segments {
  readonly files = new OpenFiles();
  readonly #dir: string;
  /** In order. */
  readonly #all: Segment[] = [];
  readonly #frames = new Map<string, Frame>();

  constructor(dir: string) {
    this.#dir = dir;
  }

  get all(): readonly Segment[] {
    return this.#all;
  }

  get lost(): readonly SeqRange[] {
    return this.#all.flatMap(({ index }) => index.lost);
  }

  begin(first: number, start: ChainEnd): OpenIndex {
    const index = new OpenIndex(first);
    this.#all.push({ path: segmentPath(this.#dir, first), start, index });
    return index;
  }

  /**
   * Adds a full segment of the folder by its index, which is made again where it does not verify. Throws `internal` when
   * the segment does not follow the one before it, or is damaged itself.
   */
  async addFull(first: number, last: number, start: ChainEnd): Promise<ChainEnd> {
    const path = segmentPath(this.#dir, first);
    const known = this.#openIndex(first);
    const { facts } = known ?? {};
    const fits =
      facts?.first === first &&
      facts.last === last &&
      facts.prev_hash === start.hash &&
      facts.bytes === this.files.size(path);
    const index = known !== undefined && fits ? known : await this.#makeIndex(path, first, start);
    if (index.last !== last)
      throw damaged(path, `the events ${index.last + 1} to ${last} are missing beside it`);
    this.#all.push({ path, start, index });
    return endOf(index.facts);
  }

  /** Writes the index of a segment that is full to its file, once what is on the disk was compared. */
  async finish(segment: Segment, end: ChainEnd): Promise<void> {
    const { index } = segment;
    if (index instanceof IndexFile) return;
    const bytes = await readVerified(segment.path, index.first);
    await writeIndex(indexPath(this.#dir, index.first), factsOf(index, segment.start, end, bytes), index);
    segment.index = new IndexFile(this.files, indexPath(this.#dir, index.first));
  }

  /** Compares all bytes of a full segment, and of its index, with their checksums. Throws `internal`. */
  async check(segment: Segment): Promise<void> {
    const { index } = segment;
    if (!(index instanceof IndexFile)) return;
    const { path } = segment;
    const { bytes, checksum } = index.facts;
    let hash = 0n;
    for (let at = 0; at < bytes; at += PIECE_BYTES) {
      hash = chained(hash, this.files.read(path, at, Math.min(PIECE_BYTES, bytes - at)));
      await yieldToEventLoop();
    }
    if (this.files.size(path) !== bytes || printed(hash) !== checksum)
      throw damaged(path, "its contents do not match its checksum");
    await this.#indexed(segment, (whole) => {
      if (whole instanceof IndexFile) whole.verify();
    });
  }

  /** Records with a higher number than `after`, up to `last`, some hundred at a time. Throws `internal` where one is damaged. */
  async *records(after: number, last: number): AsyncGenerator<readonly StoredRecord[]> {
    for (let seq = after + 1; seq <= last;) {
      const segment = this.#segmentOf(seq);
      let offset = await this.#indexed(segment, (index) => index.offsetOf(seq));
      for (const until = Math.min(last, segment.index.last); seq <= until;) {
        const frames = this.#framesAt(segment, offset);
        const found: StoredRecord[] = [];
        for (const frame of frames) {
          offset += frame.bytes;
          for (const [n, record] of frame.records.entries()) {
            if (frame.firstSequence + n !== seq || seq > until) continue;
            found.push({ seq, record });
            seq += 1;
          }
        }
        if (found.length === 0) throw damaged(segment.path, `event ${seq} is not where its index says`);
        yield found;
      }
    }
  }

  /** The record of an event that is there. */
  async record(seq: number): Promise<Uint8Array> {
    const segment = this.#segmentOf(seq);
    const offset = await this.#indexed(segment, (index) => index.offsetOf(seq));
    const place = `${segment.index.first} ${offset}`;
    const frame = this.#frames.get(place) ?? this.#framesAt(segment, offset, 1)[0];
    const record = frame?.records[seq - frame.firstSequence];
    if (frame === undefined || record === undefined)
      throw damaged(segment.path, `event ${seq} is not where its index says`);
    this.#frames.delete(place);
    this.#frames.set(place, frame);
    const [oldest] = this.#frames.keys();
    if (this.#frames.size > FRAMES_KEPT && oldest !== undefined) this.#frames.delete(oldest);
    return record;
  }

  /** Numbers of events that may have a key, in order, `after` excluded and `last` included. */
  async *find(key: number, after: number, last: number): AsyncGenerator<number> {
    const sliced = timeSlicer();
    for (const segment of this.#all) {
      if (segment.index.last <= after || segment.index.first > last) continue;
      for (const seq of await this.#indexed(segment, (index) => index.find(key, after))) {
        if (seq > last) return;
        yield seq;
      }
      const rest = sliced();
      if (rest !== null) await rest;
    }
  }

  /** As `find`, from the newest down. */
  async *findBackwards(key: number, last: number): AsyncGenerator<number> {
    const sliced = timeSlicer();
    for (const segment of this.#all.toReversed()) {
      const found = await this.#indexed(segment, (index) => index.find(key, 0));
      for (const seq of found.toReversed()) if (seq <= last) yield seq;
      const rest = sliced();
      if (rest !== null) await rest;
    }
  }

  close(): void {
    this.files.closeAll();
    this.#frames.clear();
  }

  #segmentOf(seq: number): Segment {
    let [low, high] = [0, this.#all.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#all[middle]?.index.first ?? Infinity) <= seq) low = middle;
      else high = middle - 1;
    }
    const segment = this.#all[low];
    if (segment === undefined || seq < segment.index.first || seq > segment.index.last)
      throw new RangeError(`no segment holds event ${seq}`);
    return segment;
  }

  /** The frames that are whole in what is read from a place; at least one, and `most` at most. */
  #framesAt({ path }: Segment, offset: number, most = Infinity): readonly Frame[] {
    let bytes = this.files.read(path, offset, READ_BYTES);
    const view = (): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const first = frameBytesAt(bytes, view(), 0);
    if (first !== null && first > bytes.length) bytes = this.files.read(path, offset, first);
    const frames: Frame[] = [];
    const whole = view();
    for (let at = 0; at < bytes.length && frames.length < most;) {
      const frame = readFrame(bytes, whole, at);
      if (frame === null) break;
      frames.push(frame);
      at += frame.bytes;
    }
    if (frames.length === 0) throw damaged(path, `the frame at byte ${offset} does not match its checksum`);
    return frames;
  }

  /** Asks the index of a segment; one that turns out to be damaged is made again first. */
  async #indexed<T>(segment: Segment, ask: (index: SegmentIndex) => T): Promise<T> {
    try {
      return ask(segment.index);
    } catch (error) {
      if (!(error instanceof DamagedIndex)) throw error;
      segment.index = await this.#makeIndex(segment.path, segment.index.first, segment.start);
      return ask(segment.index);
    }
  }

  #openIndex(first: number): IndexFile | undefined {
    try {
      return new IndexFile(this.files, indexPath(this.#dir, first));
    } catch (error) {
      // Missing files are `internal` here, and those of another form of an earlier version do not parse.
      if (error instanceof DamagedIndex || error instanceof SyntaxError || isMissing(error)) return undefined;
      throw error;
    }
  }

  async #makeIndex(path: string, first: number, start: ChainEnd): Promise<IndexFile> {
    const bytes = await readVerified(path, first);
    const { index, end } = await indexOf(bytes, path, first, start);
    const to = indexPath(this.#dir, first);
    this.files.close(to);
    await writeIndex(to, factsOf(index, start, end, bytes), index);
    return new IndexFile(this.files, to);
  }
}

function isMissing(error: unknown): boolean {
  return (error as { code?: unknown }).code === "internal";
}

/** The bytes of a segment of which every frame verifies. Throws `internal`. */
async function readVerified(path: string, first: number): Promise<Uint8Array> {
  const bytes = await nodeDisk.read(path).catch((error: unknown) => {
    throw (error as { code?: unknown }).code === "ENOENT" ? damaged(path, "it is missing") : error;
  });
  const { damage, trailingBytes, end } = readSegment(bytes, first);
  if (damage !== null) throw damaged(path, damage);
  if (trailingBytes > 0) throw damaged(path, `the frame at byte ${end} does not match its checksum`);
  return bytes;
}

async function indexOf(
  bytes: Uint8Array,
  path: string,
  first: number,
  start: ChainEnd,
): Promise<{ readonly index: OpenIndex; readonly end: ChainEnd }> {
  const index = new OpenIndex(first);
  const chain = new Chain(start);
  const sliced = timeSlicer();
  for (const { records, offset } of readSegment(bytes, first).frames) {
    for (const record of records) {
      addRecord(index, chain, record, offset, path);
      const rest = sliced();
      if (rest !== null) await rest;
    }
  }
  return { index, end: chain.end };
}

/** Adds the next record of the chain to the index of its segment. Throws `internal` when it does not follow. */
export function addRecord(
  index: OpenIndex,
  chain: Chain,
  record: Uint8Array,
  offset: number,
  path: string,
): void {
  try {
    const decoded = chain.next(record);
    if (decoded === undefined) index.addLost(offset);
    else index.add(offset, keysOf(decoded.event, decoded.note));
  } catch (error) {
    throw error instanceof BrokenChain ? damaged(path, error.message) : error;
  }
}

function factsOf(index: OpenIndex, start: ChainEnd, end: ChainEnd, bytes: Uint8Array): SegmentFacts {
  return {
    first: index.first,
    last: index.last,
    prev_hash: start.hash,
    last_hash: end.hash,
    bytes: bytes.length,
    checksum: segmentChecksum(bytes),
    lost: [...index.lost],
  };
}

/** xxHash64 over pieces, each seeded with the hash before it. */
function segmentChecksum(bytes: Uint8Array): string {
  let hash = 0n;
  for (let at = 0; at < bytes.length; at += PIECE_BYTES)
    hash = chained(hash, bytes.subarray(at, at + PIECE_BYTES));
  return printed(hash);
}

function chained(hash: bigint, piece: Uint8Array): bigint {
  return Bun.hash.xxHash64(piece, hash);
}

function printed(hash: bigint): string {
  return hash.toString(16);
}

function endOf({ last, last_hash, lost }: SegmentFacts): ChainEnd {
  return { seq: last, hash: last_hash, isLost: lost.at(-1)?.to === last };
}

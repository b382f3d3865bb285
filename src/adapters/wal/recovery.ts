// Opening a log: its segments are read in order and their records replayed. What does not verify behind the head
// (head.ts) is a write that a crash tore before it was acknowledged, and log.ts cuts it off. Anything else that does not
// verify, or is missing, is damage: the opening fails naming the file, changes nothing, and fails again until the log is
// repaired on purpose (salvage.ts).

import { join } from "node:path";
import { damaged, diskFault } from "../checksummed-file.ts";
import { type Disk, nodeDisk } from "#lib/disk";
import { writeDurably } from "#lib/durable";
import { createHead, readHead } from "./head.ts";
import { readSegment, type SegmentContent, SEGMENT_HEADER_BYTES, segmentHeader } from "./segment.ts";

export interface LogEntry {
  readonly sequence: number;
  readonly record: Uint8Array;
  /** The first sequence of its segment, and where its frame begins there. */
  readonly segment: number;
  readonly offset: number;
}

export interface Segment {
  readonly path: string;
  readonly firstSequence: number;
}

export interface Recovery {
  readonly dir: string;
  /** The machine's unless given. */
  readonly disk?: Disk;
  /** The sequence that a snapshot ends with: older records are not read, and a newer first one is a gap. */
  readonly after: number;
  /** Whether segments that hold nothing after `after` are left unread: their owner keeps them and verifies them itself. */
  readonly newerOnly?: boolean;
  /** Receives every record after `after`, in order. */
  readonly replay: (entry: LogEntry) => Promise<void> | void;
}

export interface RecoveredLog {
  readonly segments: Segment[];
  readonly sequence: number;
  /** Bytes of all segments but the newest. */
  readonly olderBytes: number;
  /** Where the last good frame of the newest segment ends. */
  readonly end: number;
  /** Whether a torn write behind it is to be cut off. */
  readonly torn: boolean;
  /** Segments without a record that were begun and never used: the one before them grew on. */
  readonly unused: readonly string[];
}

/** A new log in a folder, whose first record will have the sequence after `sequence`. */
export async function createLog(disk: Disk, dir: string, sequence: number): Promise<void> {
  await startSegment(disk, dir, sequence + 1);
  await createHead(disk, dir, sequence);
}

/** A segment comes into being whole: one without a header is damaged, never merely young. Its name has its first sequence. */
export async function startSegment(disk: Disk, dir: string, firstSequence: number): Promise<Segment> {
  const path = join(dir, `log-${String(firstSequence).padStart(16, "0")}`);
  await writeDurably(path, segmentHeader(firstSequence), disk).catch((error: unknown) => {
    throw diskFault(error, path);
  });
  return { path, firstSequence };
}

/** The segments of a folder in the order of their sequences. */
export async function segmentsIn(disk: Disk, dir: string): Promise<Segment[]> {
  const names = (await disk.names(dir)).filter((name) => /^log-\d{16}$/.test(name)).sort();
  return names.map((name) => ({ path: join(dir, name), firstSequence: Number(name.slice(4)) }));
}

/** Reads all segments in order, hands their records to `replay`, and says where to go on. Throws Fault `internal` on damage. */
export async function recover(options: Recovery): Promise<RecoveredLog> {
  const { dir, after, replay, newerOnly = false, disk = nodeDisk } = options;
  const head = await readHead(disk, dir);
  const found = await segmentsIn(disk, dir);
  const older = newerOnly ? found.findLastIndex(({ firstSequence }) => firstSequence <= after + 1) : 0;
  const all = found.slice(Math.max(0, older));
  const sizes: number[] = [];
  for (const { path } of all) sizes.push(await disk.size(path));
  const lastUsed = sizes.findLastIndex((bytes) => bytes > SEGMENT_HEADER_BYTES);
  const segments: Segment[] = [];
  const unused: string[] = [];
  let sequence = after;
  let [olderBytes, end, torn] = [0, 0, false];
  for (const [i, segment] of all.entries()) {
    const content = readSegment(await disk.read(segment.path), segment.firstSequence);
    // Left by a rotation that the disk failed half-way: the segment before it grew on.
    if (i > 0 && isEmpty(content) && (segment.firstSequence <= sequence || torn)) {
      unused.push(segment.path);
      continue;
    }
    if (content.damage !== null) throw damaged(segment.path, content.damage);
    if (segment.firstSequence > sequence + 1)
      throw lacks(segment.path, sequence + 1, segment.firstSequence - 1);
    await replayFrames(content, sequence, replay);
    sequence = Math.max(sequence, content.nextSequence - 1);
    if (content.trailingBytes > 0) {
      const next = all[i + 1];
      const mayBeTorn = i >= lastUsed && (next === undefined || next.firstSequence <= content.nextSequence);
      if (!mayBeTorn || sequence < head)
        throw damaged(segment.path, `the frame at byte ${content.end} does not match its checksum`);
      torn = true;
    }
    segments.push(segment);
    olderBytes += end;
    ({ end } = content);
  }
  if (sequence < head) throw lacks(segments.at(-1)?.path ?? join(dir, "log"), sequence + 1, head);
  return { segments, sequence, olderBytes, end, torn, unused };
}

function isEmpty({ damage, frames, trailingBytes }: SegmentContent): boolean {
  return damage === null && frames.length === 0 && trailingBytes === 0;
}

async function replayFrames(
  { frames, firstSequence: segment }: SegmentContent,
  after: number,
  replay: Recovery["replay"],
): Promise<void> {
  for (const { firstSequence, records, offset } of frames) {
    for (const [k, record] of records.entries()) {
      const sequence = firstSequence + k;
      if (sequence > after) await replay({ sequence, record, segment, offset });
    }
  }
}

/** Writes that belong before a place in the log and are in no file: a segment, the end of one, or the snapshot is gone. */
function lacks(path: string, from: number, to: number): unknown {
  return damaged(path, `the acknowledged writes ${from} to ${to} are missing beside it`);
}

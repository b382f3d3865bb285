// Opening a log: its segments are read in order and their records replayed. A damaged segment is kept aside
// whole and what verifies of it is put in its place, so that the opening fails once, naming the file, and the
// next one goes on without the part that was lost. A log that was closed in order left a marker with its
// length, and must end exactly there.

import { dirname, join } from "node:path";
import { diskFault } from "#adapters/checksummed-file";
import type { Clock } from "#lib/clock";
import { type Disk, nodeDisk } from "#lib/disk";
import { writeDurably } from "#lib/durable";
import { Fault } from "#rpc/fault";
import {
  type SegmentContent,
  SEGMENT_HEADER_BYTES,
  encodeFrame,
  readSegment,
  segmentHeader,
} from "./segment.ts";

/** Written by an orderly close, removed by the next opening. */
const CLOSED = "closed";

export interface LogEntry {
  readonly sequence: number;
  readonly record: Uint8Array;
}

export interface Segment {
  readonly path: string;
  readonly firstSequence: number;
}

export interface Recovery {
  readonly dir: string;
  readonly clock: Clock;
  /** The machine's unless given. */
  readonly disk?: Disk;
  /** The sequence that a snapshot ends with: older records are not read, and a newer first one is a gap. */
  readonly after: number;
  /** Receives every record after `after`, in order; an empty one stands for a write that damage took. */
  readonly replay: (entry: LogEntry) => Promise<void> | void;
}

export interface Found {
  segments: Segment[];
  sequence: number;
  /** Bytes of all segments but the newest. */
  olderBytes: number;
  /** Where the last good frame of the newest segment ends. */
  end: number;
  torn: boolean;
}

/** A segment comes into being whole: one without a header is damaged, never merely young. Its name has its first sequence. */
export async function startSegment(disk: Disk, dir: string, firstSequence: number): Promise<Segment> {
  const path = join(dir, `log-${String(firstSequence).padStart(16, "0")}`);
  await writeDurably(path, segmentHeader(firstSequence), disk).catch((error: unknown) => {
    throw diskFault(error, path);
  });
  return { path, firstSequence };
}

interface Closing {
  readonly sequence: number;
}

/** Notes where the log ends. Without the marker the next opening is only less strict. */
export async function markClosed(disk: Disk, dir: string, closing: Closing): Promise<void> {
  const text = JSON.stringify(closing);
  await writeDurably(join(dir, CLOSED), `${hashOf(text)} ${text}`, disk).catch(() => undefined);
}

/** Undefined when there is none, or one that cannot be read, which says nothing: the log itself has verified. */
async function readClosed(disk: Disk, dir: string): Promise<Closing | undefined> {
  const bytes = await disk.read(join(dir, CLOSED)).catch(() => new Uint8Array());
  const marker = new TextDecoder().decode(bytes);
  const at = marker.indexOf(" ");
  const text = marker.slice(at + 1);
  return at > 0 && marker.slice(0, at) === hashOf(text) ? (JSON.parse(text) as Closing) : undefined;
}

function hashOf(text: string): string {
  return Bun.hash.xxHash64(text).toString(16);
}

/** To be called before anything is appended. */
export async function unmarkClosed(disk: Disk, dir: string): Promise<void> {
  await disk.remove(join(dir, CLOSED));
  await disk.syncFolder(dir);
}

/** Reads all segments in order, hands their records to `replay`, and says where to go on. */
export async function recover(recovery: Recovery): Promise<Found> {
  const { dir, after, replay, clock, disk = nodeDisk } = recovery;
  const names = (await disk.names(dir)).filter((name) => /^log-\d{16}$/.test(name)).sort();
  const found: Found = { segments: [], sequence: after, olderBytes: 0, end: 0, torn: false };
  const sizes: number[] = [];
  for (const name of names) sizes.push(await disk.size(join(dir, name)));
  const lastUsed = sizes.findLastIndex((bytes) => bytes > SEGMENT_HEADER_BYTES);
  for (const [i, name] of names.entries()) {
    const path = join(dir, name);
    const bytes = await disk.read(path);
    const segment = readSegment(bytes, sequenceOf(name));
    const next = names[i + 1];
    const nextFirst = next === undefined ? null : sequenceOf(next);
    // A segment that was made and not gone on with, because the disk failed in between: the one before it grew on.
    const isEmpty = segment.damage === null && !segment.torn && segment.frames.length === 0;
    if (i > 0 && isEmpty && (segment.firstSequence <= found.sequence || found.torn)) {
      await disk.remove(path);
      continue;
    }
    const grewOn = i >= lastUsed && (nextFirst === null || nextFirst <= lastSequence(segment) + 1);
    const damage = segment.damage ?? (segment.torn && !grewOn ? "it ends in the middle of a frame" : null);
    if (damage !== null) throw await quarantine(disk, path, segment, damage, nextFirst, clock);
    if (segment.firstSequence > found.sequence + 1)
      throw gap(dir, found.sequence + 1, segment.firstSequence - 1);
    for (const frame of segment.frames) {
      for (const [k, record] of frame.records.entries()) {
        const sequence = frame.firstSequence + k;
        if (sequence > found.sequence) await replay({ sequence, record });
      }
      found.sequence = Math.max(found.sequence, frame.firstSequence + frame.records.length - 1);
    }
    found.segments.push({ path, firstSequence: segment.firstSequence });
    found.olderBytes += found.end;
    found.end = segment.end;
    found.torn = segment.torn;
  }
  await checkClosed(disk, dir, found);
  return found;
}

function sequenceOf(name: string): number {
  return Number(name.slice(4));
}

function lastSequence({ firstSequence, frames }: SegmentContent): number {
  const last = frames.at(-1);
  return last === undefined ? firstSequence - 1 : last.firstSequence + last.records.length - 1;
}

/** After an orderly close the log must end exactly where it did then. */
async function checkClosed(disk: Disk, dir: string, found: Found): Promise<void> {
  const marker = await readClosed(disk, dir);
  if (marker === undefined) return;
  if (found.sequence >= marker.sequence && !found.torn) return;
  await disk.remove(join(dir, CLOSED));
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
  disk: Disk,
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
  // A copy, and then a rename over the original: a crash in between leaves the damage to be found again.
  await writeDurably(aside, await disk.read(path), disk);
  // The marker tells where the log ended before: the mended one ends elsewhere.
  await disk.remove(join(dirname(path), CLOSED));
  await writeDurably(path, Buffer.concat(parts), disk);
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

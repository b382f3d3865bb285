// Opening a log: its segments are read in order and their records replayed. A damaged segment is kept aside
// whole and what verifies of it is put in its place, so that the opening fails once, naming the file, and the
// next one goes on without the part that was lost. A log that was closed in order left a marker with its
// length, and must end exactly there.

import { copyFile, readdir, readFile, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { diskFault, readSealed, writeSealed } from "#adapters/hnsw-file";
import type { Clock } from "#lib/clock";
import { syncFolder, writeDurably } from "#lib/durable";
import { Fault } from "#rpc/fault";
import { type SegmentContent, encodeFrame, readSegment, segmentHeader } from "./log-segment.ts";

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
export async function startSegment(dir: string, firstSequence: number): Promise<Segment> {
  const path = join(dir, `log-${String(firstSequence).padStart(16, "0")}`);
  await writeDurably(path, segmentHeader(firstSequence)).catch((error: unknown) => {
    throw diskFault(error, path);
  });
  return { path, firstSequence };
}

interface Closing {
  readonly sequence: number;
  readonly segments: number;
  /** Where the newest segment ends. */
  readonly end: number;
}

/** Notes where the log ends. Without the marker the next opening is only less strict. */
export async function markClosed(dir: string, closing: Closing): Promise<void> {
  await writeSealed(join(dir, CLOSED), [], closing).catch(() => undefined);
}

/** To be called before anything is appended. */
export async function unmarkClosed(dir: string): Promise<void> {
  await rm(join(dir, CLOSED), { force: true });
  await syncFolder(dir);
}

/** Reads all segments in order, hands their records to `replay`, and says where to go on. */
export async function recover({ dir, after, replay, clock }: Recovery): Promise<Found> {
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
      for (const [k, record] of frame.records.entries()) {
        const sequence = frame.firstSequence + k;
        if (sequence > found.sequence) await replay({ sequence, record });
      }
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
  let marker: Closing;
  try {
    marker = readSealed(path).tail as Closing;
  } catch {
    // A marker that cannot be read says nothing; the log itself has verified.
    return;
  }
  const whole = found.segments.length >= marker.segments && found.sequence >= marker.sequence;
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
  // A copy, and then a rename over the original: a crash in between leaves the damage to be found again.
  await copyFile(path, aside);
  // The marker tells where the log ended before: the mended one ends elsewhere.
  await rm(join(dirname(path), CLOSED), { force: true });
  await writeDurably(path, Buffer.concat(parts));
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

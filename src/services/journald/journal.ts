// The journal of a folder: opened, appended to, read and closed. Appends become durable in the order in which they got
// their numbers, and are seen by readers from then on.
//
// Opening compares everything with what vouches for it. The log's head says which events were acknowledged; the newest
// segment is replayed event by event; full ones are vouched for by their indexes, whose checksums cover every byte.
// The newest of these are read before the journal opens, the others soon after.

import { rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { diskFault } from "#adapters/checksummed-file";
import { createHead } from "#adapters/wal/head";
import { type FramePlace, Log } from "#adapters/wal/log";
import { segmentsIn, startSegment } from "#adapters/wal/recovery";
import { SEGMENT_HEADER_BYTES } from "#adapters/wal/segment";
import { onAbort } from "#lib/abort";
import { present } from "#lib/assert";
import { nodeDisk } from "#lib/disk";
import { makeFolder, syncFolder } from "#lib/durable";
import { timeSlicer, yieldToEventLoop } from "#lib/event-loop";
import { Chain, type ChainEnd, EMPTY_CHAIN } from "./events/check-chain.ts";
import { keysOf } from "./events/keys.ts";
import { type AppendNote, chainEvent, type PreparedEvent } from "./events/chained-event.ts";
import type { OpenIndex } from "./segments/open-index.ts";
import { addRecord, type Segment, segmentPath, Segments } from "./segments/segments.ts";

/** Some ten thousand events: replayed at start in a fraction of a second, and few enough files for a large journal. */
const SEGMENT_BYTES = 16 * 1024 * 1024;
/** A single event is read with its frame; a call that has more has one of its own. */
const FRAME_BYTES_MAX = 256 * 1024;
/** Appends that wait for the disk; about two seconds of the busiest writers. */
const WAITING_BYTES_MAX = 32 * 1024 * 1024;
/** Read before the journal opens; at a gigabyte a second it is not noticed. */
const CHECKED_FIRST_BYTES = 128 * 1024 * 1024;

export interface JournalOptions {
  readonly folder: string;
  readonly segmentBytes?: number | undefined;
  /** Background work that failed. */
  readonly failed: (work: "index" | "check" | "log head", error: unknown) => void;
  /** Damage that was found after opening. */
  readonly damaged: (error: unknown) => void;
}

export interface Appended {
  readonly first: number;
  readonly last: number;
  readonly hash: string;
}

export class Journal {
  readonly segments: Segments;
  readonly #options: JournalOptions;
  readonly #log: Log;
  readonly #segmentBytes: number;
  readonly #waiters = new Set<() => void>();
  #end: ChainEnd;
  /** Where the chain will be once the frame that is being made is durable. */
  #chained: ChainEnd;
  #rotating = false;
  #headFailure: unknown = null;
  #background: Promise<void> = Promise.resolve();
  #isClosed = false;

  private constructor(options: JournalOptions, segments: Segments, log: Log, end: ChainEnd) {
    this.#options = options;
    this.segments = segments;
    this.#log = log;
    this.#segmentBytes = options.segmentBytes ?? SEGMENT_BYTES;
    this.#end = end;
    this.#chained = end;
  }

  /** Throws `internal` when anything that was acknowledged is missing or altered, `unavailable` when the disk fails. */
  static async open(options: JournalOptions): Promise<Journal> {
    const { folder } = options;
    const segments = new Segments(folder);
    try {
      const full = await fullSegments(folder);
      let end = EMPTY_CHAIN;
      for (const [n, first] of full.firsts.entries()) {
        const next = full.firsts[n + 1] ?? full.next;
        end = await segments.addFull(first, next - 1, end);
      }
      const checked = await checkNewest(segments);
      const chain = new Chain(end);
      let index: OpenIndex | undefined;
      const sliced = timeSlicer();
      const log = await Log.open({
        dir: folder,
        after: end.seq,
        newerOnly: true,
        frameBytesMax: FRAME_BYTES_MAX,
        waitingBytesMax: WAITING_BYTES_MAX,
        replay: async ({ record, segment, offset }) => {
          if (index?.first !== segment) index = segments.begin(segment, chain.end);
          addRecord(index, chain, record, offset, segmentPath(folder, segment));
          const rest = sliced();
          if (rest !== null) await rest;
        },
      });
      if (index?.first !== log.newest.firstSequence) segments.begin(log.newest.firstSequence, chain.end);
      const journal = new Journal(options, segments, log, chain.end);
      journal.#later(() => journal.#finishFull());
      journal.#later(() => journal.#checkRest(checked));
      return journal;
    } catch (error) {
      segments.close();
      throw diskFault(error, folder);
    }
  }

  /** The last event that was acknowledged. */
  get end(): ChainEnd {
    return this.#end;
  }

  get bytes(): number {
    const { files, all } = this.segments;
    return all.slice(0, -1).reduce((sum, { path }) => sum + files.size(path), this.#log.newest.end);
  }

  /**
   * Makes events durable and part of the chain, all or none. Throws `unavailable` when the disk fails or too much waits.
   */
  async append(events: readonly PreparedEvent[], note?: AppendNote): Promise<Appended> {
    let hash = "";
    const last = await this.#log.appendAll({
      bytes: events.reduce((sum, event) => sum + event.bytes, note === undefined ? 0 : 512),
      records: async (first) => {
        let { hash: prev } = first === this.#end.seq + 1 ? this.#end : this.#chained;
        const records: Uint8Array[] = [];
        const sliced = timeSlicer();
        for (const [n, event] of events.entries()) {
          const chained = chainEvent(event, first + n, prev, n === 0 ? note : undefined);
          records.push(chained.record);
          prev = chained.hash;
          const rest = sliced();
          if (rest !== null) await rest;
        }
        hash = prev;
        this.#chained = { seq: first + events.length - 1, hash, isLost: false };
        return records;
      },
      apply: (first, frame) => this.#apply(events, note, { first, hash, frame }),
    });
    return { first: last - events.length + 1, last, hash };
  }

  /** Resolves when there are events behind `seq`, or the signal fires, or the journal is closed. */
  async waitFor(seq: number, signal: AbortSignal): Promise<void> {
    if (this.#end.seq > seq || signal.aborted || this.#isClosed) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiters.add(resolve);
    const forget = onAbort(signal, () => resolve());
    try {
      await promise;
    } finally {
      this.#waiters.delete(resolve);
      forget();
    }
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Those that wait look again. */
  wake(): void {
    for (const wake of this.#waiters) wake();
    this.#waiters.clear();
  }

  /** Ends those that follow; what was appended is waited for. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.wake();
    await this.#background;
    await this.#log.close();
    await this.#background;
    this.segments.close();
  }

  #apply(
    events: readonly PreparedEvent[],
    note: AppendNote | undefined,
    { first, hash, frame }: { first: number; hash: string; frame: FramePlace },
  ): void {
    const index = present(this.segments.all.at(-1), "the newest segment").index as OpenIndex;
    for (const [n, event] of events.entries())
      index.add(frame.offset, keysOf(event, n === 0 ? note : undefined));
    this.#end = { seq: first + events.length - 1, hash, isLost: false };
    this.#noteHead();
    this.wake();
    if (frame.offset + frame.bytes >= this.#segmentBytes && !this.#rotating) this.#rotate();
  }

  #rotate(): void {
    this.#rotating = true;
    const rotated = this.#log
      .rotate((sequence) => {
        if (this.#log.newest.firstSequence === sequence + 1) this.segments.begin(sequence + 1, this.#end);
      })
      .then(
        () => undefined,
        // The segment goes on growing, and the next append tries again.
        (error: unknown) => this.#options.failed("index", error),
      )
      .finally(() => (this.#rotating = false));
    this.#later(async () => {
      await rotated;
      await this.#finishFull();
    });
  }

  /** Writes the indexes of full segments; what fails is tried again when the next segment is full, or at the next start. */
  async #finishFull(): Promise<void> {
    const { all } = this.segments;
    for (const [n, segment] of all.entries()) {
      const next = all[n + 1];
      if (next !== undefined) await this.segments.finish(segment, next.start);
    }
  }

  async #checkRest(checked: ReadonlySet<Segment>): Promise<void> {
    for (const segment of this.segments.all) {
      if (this.#isClosed) return;
      if (checked.has(segment)) continue;
      try {
        await this.segments.check(segment);
      } catch (error) {
        this.#options.damaged(error);
        return;
      }
      await yieldToEventLoop();
    }
  }

  #later(work: () => Promise<void>): void {
    this.#background = this.#background
      .then(work)
      .catch((error: unknown) => this.#options.failed("index", error));
  }

  #noteHead(): void {
    const failure = this.#log.headFailure;
    if (failure !== null && failure !== this.#headFailure) this.#options.failed("log head", failure);
    this.#headFailure = failure;
  }
}

/**
 * Makes an empty journal, whole or not at all: a folder without a head would be taken for one that lost it. Nothing may
 * be in its place.
 */
export async function createJournal(folder: string): Promise<void> {
  const unfinished = unfinishedFolder(folder);
  try {
    await rm(unfinished, { recursive: true, force: true });
    await makeFolder(unfinished);
    await startSegment(nodeDisk, unfinished, 1);
    await createHead(nodeDisk, unfinished, 0);
    await rename(unfinished, folder);
    await syncFolder(dirname(folder));
  } catch (error) {
    throw diskFault(error, folder);
  }
}

export function unfinishedFolder(folder: string): string {
  return join(dirname(folder), `${basename(folder)}.partial`);
}

/**
 * The segments that are full: all but the newest. A rotation that the disk failed half-way leaves a segment without events,
 * and the one before it grew on: it is passed over, and where it is the newest, the one before it may not be full.
 */
async function fullSegments(
  folder: string,
): Promise<{ readonly firsts: readonly number[]; readonly next: number }> {
  const used: number[] = [];
  const all = await segmentsIn(nodeDisk, folder);
  let isNewestUsed = true;
  for (const { path, firstSequence } of all) {
    isNewestUsed = (await nodeDisk.size(path)) > SEGMENT_HEADER_BYTES;
    if (isNewestUsed) used.push(firstSequence);
  }
  const newest = all.at(-1)?.firstSequence ?? 1;
  return { firsts: used.slice(0, -1), next: (isNewestUsed ? newest : used.at(-1)) ?? newest };
}

async function checkNewest(segments: Segments): Promise<ReadonlySet<Segment>> {
  const checked = new Set<Segment>();
  let bytes = 0;
  for (const segment of segments.all.toReversed()) {
    bytes += segments.files.size(segment.path);
    if (bytes > CHECKED_FIRST_BYTES) break;
    await segments.check(segment);
    checked.add(segment);
  }
  return checked;
}

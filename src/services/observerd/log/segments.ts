// Events on disk: segments of lines, each file named by the first sequence number that may be in it. Only the newest is
// appended to, and only by the process that began it: what a crash left in one is never written behind. When all together
// are larger than they may be, the oldest goes. A line whose number belongs to another file is damage like any other: a
// copy of one segment in the place of another holds nothing of what stood there.

import { type FileHandle, open, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ObservedEvent } from "#contracts/observe";
import { makeFolder, writeAll } from "#lib/durable";
import { timeSlicer } from "#lib/event-loop";
import { eventIn, isEnding } from "./lines.ts";

/** Read as a whole when events in it are asked for: some 20,000 events. */
const SEGMENT_BYTES_MAX = 4 * 1024 * 1024;
const NAME = /^(\d{16})\.ndjson$/;

interface Segment {
  readonly first: number;
  readonly path: string;
  bytes: number;
}

export class Segments {
  readonly #folder: string;
  readonly #bytesMax: number;
  /** Oldest first. */
  readonly #segments: Segment[] = [];
  /** By segment. */
  readonly #damaged = new Map<number, number>();
  #file: FileHandle | undefined;

  constructor(folder: string, bytesMax: number) {
    this.#folder = folder;
    this.#bytesMax = bytesMax;
  }

  /**
   * Finds what a former process left, and gives the number after which a new one goes on. Nothing is created before something
   * is written.
   */
  async load(queueEventsMax: number): Promise<number> {
    for (const name of await namesIn(this.#folder)) {
      const first = NAME.exec(name)?.[1];
      if (first === undefined) continue;
      const path = join(this.#folder, name);
      this.#segments.push({ first: Number(first), path, bytes: (await stat(path)).size });
    }
    this.#segments.sort((a, b) => a.first - b.first);
    return this.#lastSeq(queueEventsMax);
  }

  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get bytesMax(): number {
    return this.#bytesMax;
  }

  get count(): number {
    return this.#segments.length;
  }

  /** First sequence numbers of the segments, oldest first. */
  get firsts(): readonly number[] {
    return this.#segments.map(({ first }) => first);
  }

  /**
   * A process that was stopped wrote everything, and said so in its last event; one that was killed may have given out numbers of events that are not on the disk, and these are not given out again.
   */
  async #lastSeq(queueEventsMax: number): Promise<number> {
    const last = this.#segments.at(-1);
    if (last === undefined) return 0;
    const lines = (await readFile(last.path, "utf8")).split("\n").filter((line) => line !== "");
    const ending = eventIn(lines.at(-1) ?? "");
    if (ending !== undefined && isEnding(ending) && ending.seq >= last.first) return ending.seq;
    const newest = lines.map((line) => eventIn(line)?.seq ?? 0).findLast((seq) => seq >= last.first) ?? 0;
    return Math.max(last.first + lines.length - 1, newest) + queueEventsMax;
  }

  /** Appends lines whose first event has this number, without waiting until the disk has them. */
  async append(first: number, lines: Uint8Array): Promise<void> {
    let segment = this.#segments.at(-1);
    if (this.#file === undefined || segment === undefined || segment.bytes >= SEGMENT_BYTES_MAX) {
      await this.#file?.close();
      this.#file = undefined;
      await makeFolder(this.#folder);
      segment = { first, path: join(this.#folder, `${String(first).padStart(16, "0")}.ndjson`), bytes: 0 };
      this.#file = await open(segment.path, "a", 0o600);
      segment.bytes = (await this.#file.stat()).size;
      this.#segments.push(segment);
    }
    await writeAll(this.#file, lines);
    segment.bytes += lines.byteLength;
    await this.#expire();
  }

  /** After a write that failed, what is written next begins a segment of its own. */
  async abandon(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  async #expire(): Promise<void> {
    while (this.#segments.length > 1 && this.bytes > this.#bytesMax) {
      const [oldest] = this.#segments;
      if (oldest === undefined) return;
      await rm(oldest.path, { force: true });
      this.#segments.shift();
      this.#damaged.delete(oldest.first);
    }
  }

  /** Lines that were found damaged when their segments were read. */
  get damagedLines(): number {
    return this.#damaged.values().reduce((sum, lines) => sum + lines, 0);
  }

  /** Events of a segment, in order; none when it has expired meanwhile. */
  async read(first: number): Promise<readonly ObservedEvent[]> {
    const at = this.#segments.findIndex((one) => one.first === first);
    const segment = this.#segments[at];
    if (segment === undefined) return [];
    const end = this.#segments[at + 1]?.first ?? Infinity;
    const text = await readFile(segment.path, "utf8").catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
      throw error;
    });
    const slice = timeSlicer();
    const events: ObservedEvent[] = [];
    let damagedLines = 0;
    // What has no end was being written when its process was killed.
    for (const line of text.split("\n").slice(0, -1)) {
      const event = eventIn(line);
      if (event === undefined || event.seq < first || event.seq >= end) damagedLines += 1;
      else events.push(event);
      await slice();
    }
    this.#damaged.set(first, damagedLines);
    return events;
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  });
}

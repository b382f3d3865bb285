// The recorder: gives every event that it takes a number, keeps the newest in memory and writes them to disk behind whoever
// reports them. It never waits and never throws while it takes one. What it has no room for it drops and counts: when the
// disk is slow or hangs the queue fills, and when the disk fails what was to be written is lost from it and counted too.

import type { ObservedEvent } from "#contracts/observe";
import type { BackgroundFailures } from "#rpc/background-failures";
import { ENDING, lineOf } from "./lines.ts";
import type { Segments } from "./segments.ts";

/** As many as a busy second brings. */
export const QUEUE_EVENTS_MAX = 5000;
/** Of one event, as it is kept: more is a document, and takes the place of hundreds of others. */
const EVENT_CHARS_MAX = 64 * 1024;
const QUEUE_BYTES_MAX = 4 * 1024 * 1024;
/** Twice the queue: what is not on the disk yet is always in memory. */
const MEMORY_EVENTS_MAX = 10_000;
const MEMORY_BYTES_MAX = 8 * 1024 * 1024;
/** A crash of the process loses no more than this; a write takes far less. */
const WRITE_DELAY_MS = 200;

type Unnumbered = Omit<ObservedEvent, "seq">;

interface Kept {
  readonly event: ObservedEvent;
  readonly chars: number;
}

export interface EventLogDeps {
  readonly segments: Segments;
  readonly lastSeq: number;
  readonly failures: BackgroundFailures;
  /** Is given every event that was taken, at once. It must not throw. */
  readonly onEvent: (event: ObservedEvent) => void;
}

export class EventLog {
  readonly #segments: Segments;
  readonly #failures: BackgroundFailures;
  readonly #onEvent: (event: ObservedEvent) => void;
  #lastSeq: number;
  /** In memory, oldest first, from `#from`. */
  #memory: Kept[] = [];
  #from = 0;
  #memoryChars = 0;
  #queue: { readonly seq: number; readonly line: string }[] = [];
  #queueChars = 0;
  #writing: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dropped = 0;
  #unwritten = 0;
  #problem: string | undefined;
  #closed = false;

  constructor({ segments, lastSeq, failures, onEvent }: EventLogDeps) {
    this.#segments = segments;
    this.#lastSeq = lastSeq;
    this.#failures = failures;
    this.#onEvent = onEvent;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  get stats(): {
    readonly dropped: number;
    readonly unwritten: number;
    readonly queue: { readonly used: number; readonly max: number };
    readonly memory: { readonly events: number; readonly bytes: number; readonly bytes_max: number };
    readonly problem: string | undefined;
  } {
    return {
      dropped: this.#dropped,
      unwritten: this.#unwritten,
      queue: { used: this.#queue.length, max: QUEUE_EVENTS_MAX },
      memory: {
        events: this.#memory.length - this.#from,
        bytes: this.#memoryChars,
        bytes_max: MEMORY_BYTES_MAX,
      },
      problem: this.#problem,
    };
  }

  /** The event's number, or undefined when it was dropped: there is no room for it, or it is too large. */
  take(event: Unnumbered): number | undefined {
    if (this.#queue.length >= QUEUE_EVENTS_MAX || this.#queueChars >= QUEUE_BYTES_MAX || this.#closed) {
      this.#dropped += 1;
      return undefined;
    }
    const numbered: ObservedEvent = { seq: this.#lastSeq + 1, ...event };
    const line = lineOf(JSON.stringify(numbered));
    if (line.length > EVENT_CHARS_MAX) {
      this.#dropped += 1;
      return undefined;
    }
    this.#lastSeq += 1;
    this.#queue.push({ seq: numbered.seq, line });
    this.#queueChars += line.length;
    this.#keep({ event: numbered, chars: line.length });
    this.#onEvent(numbered);
    this.#schedule();
    return numbered.seq;
  }

  #keep(kept: Kept): void {
    this.#memory.push(kept);
    this.#memoryChars += kept.chars;
    while (this.#memory.length - this.#from > MEMORY_EVENTS_MAX || this.#memoryChars > MEMORY_BYTES_MAX) {
      this.#memoryChars -= this.#memory[this.#from]?.chars ?? 0;
      this.#from += 1;
    }
    // Now and then, so that an event costs no move of ten thousand.
    if (this.#from <= MEMORY_EVENTS_MAX) return;
    this.#memory = this.#memory.slice(this.#from);
    this.#from = 0;
  }

  /** Those in memory, oldest first. */
  recent(): readonly ObservedEvent[] {
    return this.#memory.slice(this.#from).map(({ event }) => event);
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#writing !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#writing = this.#write().finally(() => {
        this.#writing = undefined;
        if (this.#queue.length > 0 && !this.#closed) this.#schedule();
      });
    }, WRITE_DELAY_MS);
    this.#timer.unref();
  }

  async #write(): Promise<void> {
    const [first] = this.#queue;
    if (first === undefined) return;
    // What is being written keeps its room in the queue until it is: a disk that hangs holds no more than that.
    const batch = [...this.#queue];
    const bytes = Buffer.from(batch.map(({ line }) => line).join(""));
    try {
      await this.#segments.append(first.seq, bytes);
      this.#problem = undefined;
    } catch (error) {
      this.#unwritten += batch.length;
      const { code = "unknown" } = error as NodeJS.ErrnoException;
      if (this.#problem === undefined) this.#failures.note("observer events", error);
      else this.#failures.count("observer events");
      this.#problem = `Events could not be written to the disk (${code}).`;
      await this.#segments
        .abandon()
        .catch((failed: unknown) => this.#failures.note("observer segment", failed));
    }
    this.#queue.splice(0, batch.length);
    this.#queueChars -= batch.reduce((sum, { line }) => sum + line.length, 0);
  }

  /** Writes what is left, for at most `msMax`. */
  async close(msMax: number, at: string): Promise<void> {
    // A folder in which nothing was ever recorded stays without a file.
    if (this.#lastSeq > 0) this.take({ at, ...ENDING, level: "debug", data: {} });
    this.#closed = true;
    clearTimeout(this.#timer);
    const rest = (async () => {
      await this.#writing;
      await this.#write();
      await this.#segments.close();
    })();
    await Promise.race([rest, Bun.sleep(msMax)]);
  }
}

// The writer of one source log of distillation (`distill/data/_kb/NAME.jsonl`), for services whose work is in no journal.
// Off unless the house's settings say otherwise. A line costs its caller a push to a queue: nobody waits, and what the queue
// or the disk has no room for is lost and counted. Everything is redacted before it touches the disk.

import { dirname } from "node:path";
import { redactLine } from "#domain/redact";
import { appendLines } from "#lib/append-lines";
import { makeFolder } from "#lib/durable";
import { timeSlicer } from "#lib/event-loop";
import { createLossyQueue } from "#lib/lossy-queue";
import { type Log } from "#lib/log";
import { traceOf } from "#rpc/fault";

export type CaptureMode = "off" | "metadata" | "full";

type Line = Readonly<Record<string, unknown>>;

export interface SourceLog {
  /** Never waits and never throws. `content` is what people and models wrote: left out unless the mode is full. */
  write(line: Line, content: () => Line): void;
  stats(): SourceLogStats;
  /** Writes what waits, for some seconds at most. */
  stop(): Promise<void>;
}

export interface SourceLogStats {
  readonly written: number;
  /** Lines that are in no log: the queue was full, the line too long, or the disk refused it. */
  readonly lost: number;
}

/** Lines that wait: seconds of a busy house. */
const LINES_MAX = 1000;
/** Of all that wait, in memory. */
const CHARS_MAX = 32 * 1024 * 1024;
/** Of one line: a long conversation. Redacting a longer one would hold the event loop. */
const LINE_CHARS_MAX = 256 * 1024;
const BATCH_MAX = 100;
/** A batch gathers so long: one flush for many lines. */
const DELAY_MS = 50;
const STOP_MS_MAX = 5000;

export interface SourceLogOptions {
  readonly path: string;
  readonly mode: CaptureMode;
  readonly log?: Log | undefined;
  readonly linesMax?: number;
}

export function sourceLog({ path, mode, log, linesMax = LINES_MAX }: SourceLogOptions): SourceLog {
  let written = 0;
  let tooLong = 0;
  let waiting = 0;
  let failing = false;
  const send = async (batch: readonly { readonly line: Line; readonly chars: number }[]): Promise<void> => {
    const slice = timeSlicer();
    let text = "";
    for (const { line, chars } of batch) {
      waiting -= chars;
      text += `${JSON.stringify(redactLine(line))}\n`;
      await slice();
    }
    try {
      await makeFolder(dirname(path));
      await appendLines(path, text);
      written += batch.length;
      failing = false;
    } catch (error) {
      // One line until something is written again.
      if (!failing) log?.warn("lines of a source log are lost", { lines: batch.length, ...traceOf(error) });
      failing = true;
      throw error;
    }
  };
  const queue = createLossyQueue({ send, itemsMax: linesMax, batchMax: BATCH_MAX, delayMs: DELAY_MS });
  return {
    write: (line, content) => {
      if (mode === "off") return;
      const whole = mode === "full" ? { ...line, ...content() } : line;
      const chars = charsOf(whole, 0);
      if (chars > LINE_CHARS_MAX || waiting + chars > CHARS_MAX) {
        tooLong += 1;
        return;
      }
      const before = queue.dropped;
      queue.offer({ line: whole, chars });
      if (queue.dropped === before) waiting += chars;
    },
    stats: () => ({ written, lost: queue.dropped + tooLong }),
    stop: () => queue.close(STOP_MS_MAX),
  };
}

/** Deeper values are refused by redaction too. */
const DEPTH_MAX = 32;

function charsOf(value: unknown, depth: number): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null || depth > DEPTH_MAX) return 8;
  let chars = 0;
  for (const [name, member] of Object.entries(value)) chars += name.length + charsOf(member, depth + 1);
  return chars;
}

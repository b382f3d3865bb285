// The two streams of a command: data on stdout, messages on stderr, so that a pipe gets data and nothing else. Colour is
// used in a terminal only, and not when NO_COLOR is set. A reader of stdout that closes the pipe early (`| head`) is not a
// failure: the command ends without a message.

import { isatty } from "node:tty";
import { styleText } from "node:util";
import { terminal } from "#config";

type Format = Parameters<typeof styleText>[0];

export const stdoutIsTty: boolean = isatty(1);
export const stderrIsTty: boolean = isatty(2);
export const stdinIsTty: boolean = isatty(0);
/** Prompts can be shown and answered. */
export const isInteractive: boolean = stdinIsTty && stderrIsTty && !terminal.ci;

/** Where the terminal's width is not known. */
const COLUMNS_DEFAULT = 80;

export function columnsOf(stream: NodeJS.WriteStream): number {
  return stream.columns > 0 ? stream.columns : COLUMNS_DEFAULT;
}

export type Paint = (format: Format, text: string) => string;

const plain: Paint = (_, text) => text;
const painted: Paint = (format, text) => styleText(format, text, { validateStream: false });

export const paintOut: Paint = stdoutIsTty && !terminal.noColor ? painted : plain;
export const paintTalk: Paint = stderrIsTty && !terminal.noColor ? painted : plain;

/** Thrown by `write` when the reader of stdout has closed the pipe. */
export class ReaderGone extends Error {
  override readonly name = "ReaderGone";
}

// A failed write is reported to its callback and as an event; an event without a listener would crash the process.
process.stdout.on("error", () => undefined);
process.stderr.on("error", () => undefined);

/** Writes data to stdout; resolves when the stream has taken it, so that a slow reader slows the writer (backpressure). */
export function write(data: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(data, (error) => {
      if (error === undefined || error === null) resolve();
      else if ((error as NodeJS.ErrnoException).code === "EPIPE") reject(new ReaderGone());
      else reject(error);
    });
  });
}

/** Resolves when both streams are flushed. */
export async function flush(): Promise<void> {
  const passed = [process.stdout, process.stderr].map(
    (stream) => new Promise<void>((resolve) => void stream.write("", () => resolve())),
  );
  await Promise.all(passed);
}

/** Writes one or several lines to stderr. */
export function say(text = ""): void {
  process.stderr.write(`${text}\n`);
}

// The two streams of a command: data on stdout, talk on stderr, so that a pipe gets data and nothing else. Colour is
// for people only: where a terminal looks on and NO_COLOR is not set. A reader of stdout that has seen enough
// (`| head`) is no failure: the command ends quietly.

import { isatty } from "node:tty";
import { styleText } from "node:util";
import { terminal } from "#config";

type Format = Parameters<typeof styleText>[0];

export const stdoutIsTty: boolean = isatty(1);
export const stderrIsTty: boolean = isatty(2);
export const stdinIsTty: boolean = isatty(0);
/** A person is there to be asked. */
export const mayAsk: boolean = stdinIsTty && stderrIsTty && !terminal.ci;

/** Where no terminal tells its width. */
const COLUMNS_DEFAULT = 80;

export function columnsOf(stream: NodeJS.WriteStream): number {
  return stream.columns > 0 ? stream.columns : COLUMNS_DEFAULT;
}

export type Paint = (format: Format, text: string) => string;

const plain: Paint = (_, text) => text;
const painted: Paint = (format, text) => styleText(format, text, { validateStream: false });

export const paintOut: Paint = stdoutIsTty && !terminal.noColor ? painted : plain;
export const paintTalk: Paint = stderrIsTty && !terminal.noColor ? painted : plain;

/** Thrown by `write` when nobody reads stdout any more. */
export class ReaderGone extends Error {
  override readonly name = "ReaderGone";
}

// A failed write is told to its callback and as an event; an event that nobody takes would end the process loudly.
process.stdout.on("error", () => undefined);
process.stderr.on("error", () => undefined);

/** Writes data to stdout; resolves when it was taken, so that a slow reader slows its writer. */
export function write(data: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(data, (error) => {
      if (error === undefined || error === null) resolve();
      else if ((error as NodeJS.ErrnoException).code === "EPIPE") reject(new ReaderGone());
      else reject(error);
    });
  });
}

/** Resolves when both streams have passed on what they were given. */
export async function flush(): Promise<void> {
  const passed = [process.stdout, process.stderr].map(
    (stream) => new Promise<void>((resolve) => void stream.write("", () => resolve())),
  );
  await Promise.all(passed);
}

/** One line, or several, for the person who runs the command. */
export function say(text = ""): void {
  process.stderr.write(`${text}\n`);
}

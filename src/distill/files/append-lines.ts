// Lines at the end of a log. A last line that a crash cut off gets its end first: it goes to quarantine, and the next one
// stays whole. What is appended is on the disk when this resolves.

import { open } from "node:fs/promises";
import { writeAll } from "#lib/durable";

const NEWLINE = 10;

/** `text` is whole lines, each with its newline. */
export async function appendLines(path: string, text: string): Promise<void> {
  const file = await open(path, "a+", 0o600);
  try {
    const { size } = await file.stat();
    const last = new Uint8Array(1);
    if (size > 0) await file.read(last, 0, 1, size - 1);
    const whole = size > 0 && last[0] !== NEWLINE ? `\n${text}` : text;
    await writeAll(file, new TextEncoder().encode(whole));
    await file.sync();
  } finally {
    await file.close();
  }
}

// Lines added to the end of a file, flushed. A last line that a crash or a full disk cut off gets its end first, so that it
// spoils no other: a reader finds one line that is no JSON, and those after it whole.

import { open } from "node:fs/promises";
import { writeAll } from "./durable.ts";

const NEWLINE = 10;

/** `text` is whole lines. The file is made when it is not there, readable by its owner alone. */
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

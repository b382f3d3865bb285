// The lines of the queue's file: `checksum length json`. A crash may cut off the last line, and so may a disk that fails and goes on
// (a line behind it says so): nobody was told that it is there. A disk may also change any byte, and then a write that was
// acknowledged is lost. The two are told apart: a line that is shorter than it says was cut off, any other that does not hold what
// its checksum says is damaged. Lines of earlier versions are JSON alone.

import { type QueueLine, queueLine } from "./dual-write.ts";

const SUM_CHARS = 16;
const LINE_FEED = 0x0a;
const HEAD = /^([0-9a-f]{16}) (\d{1,9}) /;
/** Of the longest head: what is shorter may have been cut off within it. */
const HEAD_BYTES_MAX = 27;

export function printLine(line: QueueLine): string {
  const json = JSON.stringify(line);
  return `${sumOf(json)} ${Buffer.byteLength(json)} ${json}\n`;
}

export interface ReadLines {
  readonly lines: readonly QueueLine[];
  /** Cut off before they were acknowledged. */
  readonly torn: number;
  /** As they stand in the file. */
  readonly damaged: readonly Uint8Array[];
}

export function readLines(file: Uint8Array): ReadLines {
  const parts = partsOf(file);
  const last = parts.length - 1;
  const read = parts.map((part, at) => parseLine(part) ?? (at === last ? lineWithin(part) : undefined));
  const damaged: Uint8Array[] = [];
  let torn = 0;
  for (const [at, part] of parts.entries()) {
    if (part.byteLength === 0 || read[at] !== undefined) continue;
    const mayBeTorn = at === last || read[at + 1]?.k === "cut";
    if (mayBeTorn && isShort(part)) torn += 1;
    else damaged.push(part);
  }
  return { lines: read.filter((line) => line !== undefined), torn, damaged };
}

/** The last part is what stands behind the last line feed: nothing, or a line without its end. */
function partsOf(file: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let from = 0;
  for (let end = file.indexOf(LINE_FEED); end !== -1; end = file.indexOf(LINE_FEED, from)) {
    parts.push(file.subarray(from, end));
    from = end + 1;
  }
  return [...parts, file.subarray(from)];
}

/** A whole last line whose line feed has become another byte. */
function lineWithin(part: Uint8Array): QueueLine | undefined {
  return part.byteLength === 0 ? undefined : parseLine(part.subarray(0, -1));
}

function parseLine(part: Uint8Array): QueueLine | undefined {
  const text = textOf(part);
  const [head, sum] = HEAD.exec(text) ?? [""];
  const json = text.slice(head.length);
  if (sum === undefined ? !isOlder(text) : sum !== sumOf(json)) return undefined;
  try {
    return queueLine.safeParse(JSON.parse(json)).data;
  } catch {
    // An older line that was cut or damaged: which of them, its place tells.
    return undefined;
  }
}

/** Whether it ends before its own end. */
function isShort(part: Uint8Array): boolean {
  const text = textOf(part);
  if (isOlder(text)) return true;
  const [head, , length] = HEAD.exec(text) ?? [];
  if (head === undefined) return part.byteLength < HEAD_BYTES_MAX;
  return part.byteLength - head.length < Number(length);
}

function isOlder(text: string): boolean {
  return text.startsWith("{");
}

function textOf({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString();
}

function sumOf(json: string): string {
  return Bun.hash.xxHash64(json).toString(16).padStart(SUM_CHARS, "0");
}

// Pieces of a text file from which to judge it: its beginning, and for a large one blocks from all over it and its end,
// because what a file is like on page one is not what it is like on page thousand. Long cells are cut in the
// beginning, all but the line breaks in quotes, so that a document in the first row does not hide the other rows.

import { type FileHandle, open as openFile } from "node:fs/promises";

export interface Sample {
  readonly head: string;
  /** The head is the whole file, long cells apart. */
  readonly whole: boolean;
  /** Text that starts and ends with a line, the file's beginning first. */
  readonly blocks: readonly string[];
  /** Some block holds no line end. */
  readonly longLines: boolean;
  /** A quote is open at the end of the beginning. */
  readonly open: boolean;
}

const HEAD_BYTES = 256 * 1024;
/** The beginning grows up to here while a quoted cell is open at its end. */
const HEAD_BYTES_MAX = 32 * 1024 * 1024;
const BLOCKS = 64;
const BLOCK_BYTES = 12 * 1024;
/** A cell up to here is left as it is. */
const CELL_CHARS_KEPT = 4096;
/** Of a longer one without quotes so much is kept. */
const UNQUOTED_CHARS_KEPT = 64;
/** The beginning grows until it has so many lines. */
const LINES_MIN = 8;

export async function sampleOf(path: string, bytes: number): Promise<Sample> {
  const file = await openFile(path);
  try {
    const { text, length, open } = await headOf(file, bytes);
    if (bytes <= length) return { head: text, whole: true, blocks: [text], longLines: false, open };
    const blocks = [text];
    let longLines = false;
    const step = (bytes - length) / BLOCKS;
    for (let index = 0; index <= BLOCKS; index += 1) {
      const at = index === BLOCKS ? Math.max(length, bytes - BLOCK_BYTES) : Math.floor(length + index * step);
      const block = await read(file, at, BLOCK_BYTES);
      const start = block.indexOf(10) + 1;
      const end = at + block.length >= bytes ? block.length : lastLineEnd(block);
      longLines ||= start === 0;
      if (start > 0 && end > start) blocks.push(block.subarray(start, end).toString());
    }
    return { head: text, whole: false, blocks, longLines, open };
  } finally {
    await file.close();
  }
}

async function headOf(
  file: FileHandle,
  bytes: number,
): Promise<{ text: string; length: number; open: boolean }> {
  for (let length = HEAD_BYTES; ; length *= 4) {
    const head = await read(file, 0, Math.min(length, bytes));
    const whole = bytes <= length;
    const text = (whole ? head : head.subarray(0, lastLineEnd(head))).toString();
    const shortened = withoutLongCells(text);
    const few = length < HEAD_BYTES_MAX && hasFewLines(text);
    if (whole || !(shortened.open || few)) return { ...shortened, length };
    if (length >= HEAD_BYTES_MAX) return { text: text.slice(0, HEAD_BYTES), length: HEAD_BYTES, open: true };
  }
}

async function read(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, at);
  return buffer.subarray(0, bytesRead);
}

/** What parts cells and lines; where a quote may open a cell, and what may follow the one that closes it. */
const PARTING = ",;\\t|~^\\u0001\\u001f\\n\\r";
const OPENS = new RegExp(`(?:^|[${PARTING}])[ ]*"`, "g");
const AFTER_CLOSE = new RegExp(`[ ${PARTING}]`);

function hasFewLines(text: string): boolean {
  let lines = 0;
  for (let at = 0; at < text.length && lines < LINES_MIN; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 10 || code === 13) lines += 1;
  }
  return lines < LINES_MIN;
}

/** Characters in a row that are neither a quote nor what parts cells or lines. */
const LONG_UNQUOTED = new RegExp(`[^${PARTING}"]{${CELL_CHARS_KEPT},}`, "g");

/** `open` says that a long quoted cell has no end in this text. */
function withoutLongCells(text: string): { text: string; open: boolean } {
  const quoted = withoutLongQuotes(text);
  return { ...quoted, text: quoted.text.replace(LONG_UNQUOTED, (run) => run.slice(0, UNQUOTED_CHARS_KEPT)) };
}

function withoutLongQuotes(text: string): { text: string; open: boolean } {
  if (!text.includes('"')) return { text, open: false };
  const pieces: string[] = [];
  let from = 0;
  OPENS.lastIndex = 0;
  for (let found = OPENS.exec(text); found !== null; found = OPENS.exec(text)) {
    const start = OPENS.lastIndex;
    const end = closeOf(text, start);
    if (end < 0) {
      if (text.length - start > CELL_CHARS_KEPT)
        return { text: pieces.join("") + text.slice(from), open: true };
      break;
    }
    if (end - start > CELL_CHARS_KEPT) {
      pieces.push(text.slice(from, start), text.slice(start, end).replace(/[^\n\r]+/g, ""));
      from = end;
    }
    OPENS.lastIndex = end + 1;
  }
  return { text: pieces.join("") + text.slice(from), open: false };
}

/** Where the quote that closes a cell stands; -1 when it does not come. Of "say \"no\"" it is the last one. */
function closeOf(text: string, from: number): number {
  const mayEnd = (at: number): boolean => at === text.length || AFTER_CLOSE.test(text.charAt(at));
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 1)) {
    const isTwo = text.charCodeAt(at + 1) === 34;
    if (!isTwo && mayEnd(at + 1)) return at;
    if (!isTwo) continue;
    at += 1;
    if (text.charCodeAt(at - 2) === BACKSLASH && mayEnd(at + 1)) return at;
  }
  return -1;
}

const BACKSLASH = 92;

/** Where the last line that is whole ends; everything when there is none. */
function lastLineEnd(bytes: Buffer): number {
  const end = Math.max(bytes.lastIndexOf(10), bytes.lastIndexOf(13)) + 1;
  return end === 0 ? bytes.length : end;
}

// Cuts a text of JSON into its values: one a line (NDJSON), or the members of an array and values that simply
// follow each other. It only balances brackets and quotes; whether a piece is valid is for JSON.parse to say.

import { Fault } from "#rpc/fault";
import { LINE_CHARS_MAX } from "../source/source.ts";

/** With what each value of a JSON text sequence begins (RFC 7464). */
const SEQUENCE_MARK = "\u001e";

export interface Piece {
  /** The line it starts in, counted from 1. */
  readonly line: number;
  readonly raw: string;
  /** Why it is no row, where that is known already. */
  readonly reason?: string;
}

export interface Cutter {
  push(text: string): Piece[];
  finish(): Piece[];
}

export function lineCutter(): Cutter {
  let rest = "";
  let line = 0;
  const pieces = (lines: readonly string[]): Piece[] => {
    const found: Piece[] = [];
    for (const raw of lines) {
      line += 1;
      const text = raw.startsWith(SEQUENCE_MARK) ? raw.slice(1) : raw;
      if (text.trim() !== "") found.push({ line, raw: text.endsWith("\r") ? text.slice(0, -1) : text });
    }
    return found;
  };
  return {
    push: (text) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      refuseLong(rest, line + 1);
      return pieces(lines);
    },
    finish: () => pieces([rest]),
  };
}

function refuseLong(text: string, line: number): void {
  if (text.length <= LINE_CHARS_MAX) return;
  throw new Fault("rejected", `The value in line ${line} is longer than ${LINE_CHARS_MAX} characters.`);
}

const QUOTE = 34;
const BACKSLASH = 92;
const FEED = 10;

/** The members of top-level arrays, and top-level values one after the other. */
export function valueCutter(): Cutter {
  let buffer = "";
  /** Where the piece under way starts in the buffer; -1 between pieces. */
  let start = -1;
  let startLine = 1;
  let line = 1;
  let depth = 0;
  let inArray = false;
  /** Nothing but arrays came so far, whose members are the values. */
  let mayOpen = true;
  let quoted = false;
  let escaped = false;

  const cut = (pieces: Piece[], end: number): void => {
    pieces.push({ line: startLine, raw: buffer.slice(start, end).trim() });
    start = -1;
  };

  const push = (text: string): Piece[] => {
    const pieces: Piece[] = [];
    let at = buffer.length;
    buffer += text;
    for (; at < buffer.length; at += 1) {
      const code = buffer.charCodeAt(at);
      if (code === FEED) line += 1;
      if (quoted) {
        if (escaped) escaped = false;
        else if (code === BACKSLASH) escaped = true;
        else if (code === QUOTE) quoted = false;
        continue;
      }
      const char = buffer.charAt(at);
      if (start < 0) {
        if (char.trim() === "" || char === "," || char === SEQUENCE_MARK) continue;
        if (char === "[" && mayOpen && !inArray) {
          inArray = true;
          continue;
        }
        if (char === "]" && inArray) {
          inArray = false;
          continue;
        }
        mayOpen = inArray;
        start = at;
        startLine = line;
        depth = 0;
      }
      if (code === QUOTE) quoted = true;
      else if (char === "{" || char === "[") depth += 1;
      else if (depth > 0 && (char === "}" || char === "]")) {
        depth -= 1;
        if (depth === 0) cut(pieces, at + 1);
      } else if (depth === 0 && (char === "," || (char === "]" && inArray) || code === FEED)) {
        cut(pieces, at);
        if (char === "]") inArray = false;
      }
    }
    buffer = start < 0 ? "" : buffer.slice(start);
    if (start > 0) start = 0;
    refuseLong(buffer, startLine);
    return pieces;
  };

  return {
    push,
    finish: () => {
      if (start < 0) return [];
      const pieces: Piece[] = [];
      cut(pieces, buffer.length);
      return pieces;
    },
  };
}

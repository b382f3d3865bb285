// The JSON object in what a model wrote: prose, fences, thoughts, one object of several, half of one. Candidates are found
// by a scan that knows strings and escapes, never by a repair of prose, which would make JSON of anything. Linear in the
// text, without recursion, and nothing that is read reaches a prototype.
//
// Order: the first fenced block that holds an object; else the text outside of <think>...</think>, from its first brace
// on. A candidate is parsed; if it is no JSON it is repaired (exact-json.ts), as a slice of its own; if that fails too
// the search goes on behind its end, never inside it. A brace that nothing closes gives way to the next one. Before it does,
// and before a repair, the end is looked for once more by a scan that knows comments and single quotes too: a brace in
// those would cut the object short in silence.

import { type ExactJson, type JsonObject, parseExactly } from "./exact-json.ts";

/** Bytes of UTF-8; a model's reply is far below. */
export const EXTRACT_BYTES_MAX = 1024 * 1024;
/** Scans that may end at the end of the text without a closing brace: what keeps hostile quotation marks linear. */
const OPEN_SCANS_MAX = 64;
/** Candidates that may turn out to be no object: a reply has a handful, and each costs some microseconds. */
const CANDIDATES_MAX = 4000;
/** Repairs that are tried in one text: each costs some thirty times as much as parsing does. */
const REPAIRS_MAX = 16;
/** Scans for the end of what is JSON only nearly, each of no more than may be repaired. */
const LOOSE_SCANS_MAX = 32;
/**
 * What is repaired of one text, together: a model's draft has a tenth. The time that a repair takes grows with the square of
 * what is wrong: 240,000 characters without their commas held the process for seconds, these some tenths of one.
 */
const REPAIR_CHARS_MAX = 32 * 1024;

export interface Extracted {
  readonly matched: boolean;
  readonly value: JsonObject | null;
  /** It was not JSON as it stood, or a number was not one that a double holds. */
  readonly repaired?: true;
}

const NOTHING: Extracted = { matched: false, value: null };

export function extractJson(text: string): Extracted {
  const search = new Search(text);
  const { fences, plain } = partsOf(text);
  for (const { from, to } of [...fences, ...plain]) {
    const found = search.firstObject(from, to);
    if (found !== undefined) return found;
  }
  return NOTHING;
}

interface Range {
  readonly from: number;
  readonly to: number;
}

const THOUGHT_END = "</think>";
const FENCE = "^[ \\t]{0,3}(`{3,}|~{3,})[^\\n]*$";

/**
 * The insides of fenced blocks, and the text outside of thoughts, fences included. A fence starts a line, and goes to the
 * end of the text where nothing closes it; a thought that nothing closes is plain text. What begins first holds: a fence
 * in a thought is thought, and `<think>` in a fence is the fence's.
 */
function partsOf(text: string): { fences: Range[]; plain: Range[] } {
  const fences: Range[] = [];
  const plain: Range[] = [];
  const closers = new Map<string, RegExp>();
  let from = 0;
  // Some models begin in the middle of a thought: what stands behind its end is looked at first.
  const lateEnd = text.indexOf(THOUGHT_END);
  const late = lateEnd >= 0 && !text.slice(0, lateEnd).includes("<think>");
  const start = late ? lateEnd + THOUGHT_END.length : 0;
  if (late) from = start;
  let marks = new RegExp(`${FENCE}|<think>`, "gm");
  marks.lastIndex = start;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    const [line, ticks] = mark;
    if (ticks === undefined) {
      const end = text.indexOf(THOUGHT_END, mark.index);
      if (end < 0) {
        // No later one is closed either.
        marks = new RegExp(FENCE, "gm");
        marks.lastIndex = mark.index + line.length;
        continue;
      }
      plain.push({ from, to: mark.index });
      from = marks.lastIndex = end + THOUGHT_END.length;
      continue;
    }
    const inside = mark.index + line.indexOf(ticks) + ticks.length;
    const close = closers.get(ticks) ?? new RegExp(`^[ \\t]{0,3}${ticks}`, "gm");
    closers.set(ticks, close);
    close.lastIndex = mark.index + line.length;
    const end = close.exec(text);
    fences.push({ from: inside, to: end?.index ?? text.length });
    if (end === null) break;
    marks.lastIndex = close.lastIndex;
  }
  plain.push({ from, to: text.length });
  if (late) plain.push({ from: 0, to: lateEnd });
  return { fences, plain };
}

const QUOTE = 34;
const BACKSLASH = 92;
const OPEN = 123;
const CLOSE = 125;
/** Ends of braces that a scan passed: not passed, never closed. */
const UNKNOWN = 0;
const UNCLOSED = -1;

class Search {
  readonly #text: string;
  #repairs = REPAIRS_MAX;
  #looseScans = LOOSE_SCANS_MAX;
  #repairChars = REPAIR_CHARS_MAX;
  #candidates = CANDIDATES_MAX;
  #openScans = OPEN_SCANS_MAX;
  #brace = { from: Infinity, at: -1 };

  constructor(text: string) {
    this.#text = text;
  }

  firstObject(from: number, to: number): Extracted | undefined {
    const text = this.#text;
    let ends: Int32Array | undefined;
    let at = this.#braceFrom(from);
    while (at >= 0 && at < to && this.#candidates > 0) {
      let end = ends?.[at - from] ?? UNKNOWN;
      if (end === UNKNOWN) {
        if (this.#openScans === 0) return undefined;
        end = closeOf(text, at, to);
        if (end === UNCLOSED) {
          this.#openScans -= 1;
          ends ??= new Int32Array(to - from);
          noteEnds(text, at, to, from, ends);
        }
      }
      if (end === UNCLOSED) {
        const nearly = this.#repair(at, to);
        if (nearly !== undefined) return nearly;
        at = this.#braceFrom(at + 1);
        continue;
      }
      const found = this.#read(at, end, to);
      if (found !== undefined) return found;
      this.#candidates -= 1;
      at = this.#braceFrom(end);
    }
    return undefined;
  }

  /** The first brace from a place on; what lies between two of them is looked through once. */
  #braceFrom(place: number): number {
    const { from, at } = this.#brace;
    if (place >= from && (place <= at || at < 0)) return at;
    this.#brace = { from: place, at: this.#text.indexOf("{", place) };
    return this.#brace.at;
  }

  #read(at: number, end: number, to: number): Extracted | undefined {
    const slice = this.#text.slice(at, end);
    const read = parseExactly(slice, false);
    return read === undefined ? this.#repair(at, to, slice) : extracted(read);
  }

  /** Of what is JSON only nearly: up to where it ends by its own rules, else the slice that ends by those of JSON. */
  #repair(at: number, to: number, slice?: string): Extracted | undefined {
    if (this.#repairs === 0) return undefined;
    const whole = this.#nearly(at, to);
    for (const part of whole === slice ? [slice] : [whole, slice]) {
      if (part === undefined || this.#repairs === 0 || part.length > this.#repairChars) continue;
      const read = parseExactly(part, true);
      if (read !== undefined) return extracted(read);
      this.#repairs -= 1;
      this.#repairChars -= part.length;
    }
    return undefined;
  }

  #nearly(at: number, to: number): string | undefined {
    if (this.#looseScans === 0) return undefined;
    this.#looseScans -= 1;
    const end = looseCloseOf(this.#text, at, Math.min(to, at + this.#repairChars));
    return end === UNCLOSED ? undefined : this.#text.slice(at, end);
  }
}

function extracted({ value, changed }: ExactJson): Extracted {
  return { matched: true, value, ...(changed ? { repaired: true as const } : {}) };
}

/** Behind the brace that closes the one at `at`. */
function closeOf(text: string, at: number, to: number): number {
  let depth = 0;
  let inString = false;
  for (let place = at; place < to; place += 1) {
    const unit = text.charCodeAt(place);
    if (inString) {
      if (unit === BACKSLASH) place += 1;
      else if (unit === QUOTE) inString = false;
    } else if (unit === QUOTE) inString = true;
    else if (unit === OPEN) depth += 1;
    else if (unit === CLOSE) {
      depth -= 1;
      if (depth === 0) return place + 1;
    }
  }
  return UNCLOSED;
}

const SINGLE_QUOTE = 39;
const STAR = 42;
const COMMA = 44;
const SLASH = 47;
const COLON = 58;
const LIST = 91;
const SPACE = 32;
/** Behind these a text may begin. */
const BEFORE_TEXT: ReadonlySet<number> = new Set([OPEN, LIST, COMMA, COLON]);
const BEHIND_TEXT = /\s*(?:[,:}\]]|$)/y;

/** The same where texts may stand in single quotes, and comments between them; the slashes of an address are none. */
function looseCloseOf(text: string, at: number, to: number): number {
  let depth = 0;
  let quote = 0;
  let before = 0;
  for (let place = at; place < to; place += 1) {
    const unit = text.charCodeAt(place);
    if (quote !== 0) {
      if (unit === BACKSLASH) place += 1;
      else if (unit === quote && (quote === QUOTE || isBeforeMark(text, place + 1))) quote = 0;
      continue;
    }
    const comment = unit === SLASH && before !== COLON ? text.charCodeAt(place + 1) : 0;
    if (comment === SLASH || comment === STAR) {
      const end = text.indexOf(comment === STAR ? "*/" : "\n", place + 2);
      if (end < 0 || end >= to) return UNCLOSED;
      place = comment === STAR ? end + 1 : end;
      continue;
    }
    if (unit === QUOTE || (unit === SINGLE_QUOTE && BEFORE_TEXT.has(before))) quote = unit;
    else if (unit === OPEN) depth += 1;
    else if (unit === CLOSE) {
      depth -= 1;
      if (depth === 0) return place + 1;
    }
    if (unit > SPACE) before = unit;
  }
  return UNCLOSED;
}

function isBeforeMark(text: string, place: number): boolean {
  BEHIND_TEXT.lastIndex = place;
  return BEHIND_TEXT.test(text);
}

/** The strict scan again, noting of each brace that it passes where it is closed: a scan from there would find the same. */
function noteEnds(text: string, at: number, to: number, from: number, ends: Int32Array): void {
  const open: number[] = [];
  let inString = false;
  for (let place = at; place < to; place += 1) {
    const unit = text.charCodeAt(place);
    if (inString) {
      if (unit === BACKSLASH) place += 1;
      else if (unit === QUOTE) inString = false;
    } else if (unit === QUOTE) inString = true;
    else if (unit === OPEN) open.push(place);
    else if (unit === CLOSE) {
      const start = open.pop();
      if (start !== undefined) ends[start - from] = place + 1;
    }
  }
  for (const start of open) ends[start - from] = UNCLOSED;
}

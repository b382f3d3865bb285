// JSON from outside, checked before it is parsed: how deep it nests (parsers are slow at depths that no client needs), that
// no object has a key twice (readers disagree on which one counts) or one named `__proto__` (copying it would change an
// object's prototype), that no number changes by becoming a double, that no text has half of a surrogate pair (UTF-8 cannot hold it,
// so what is stored would differ), and that it is valid UTF-8 (RFC 8259, RFC 7493). One fast pass accepts nearly everything; json-defect.ts, six times as slow, decides the rest and finds the place.

import { Fault } from "../fault.ts";
import { DEPTH_MAX, findJsonDefect } from "./json-defect.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const BLANK_MAX = 0x20;

/** Classes of characters outside of strings; commas, digits and blanks have none. */
const OPEN = 1;
const CLOSE = 2;
const STRING = 3;
const CLASS_MAX = 0x7f;
const CLASS = new Uint8Array(CLASS_MAX + 1);
for (const char of "{[") CLASS[char.charCodeAt(0)] = OPEN;
for (const char of "}]") CLASS[char.charCodeAt(0)] = CLOSE;
CLASS[QUOTE] = STRING;

/** A string longer than this is skipped by searching for its end; no key of ours is so long. */
const LONG = 48;
/** Keys of one object that are compared with each other one by one; a wider object goes to json-defect.ts. */
const KEYS_MAX = 64;
const KEY_HASHES = new Int32Array(KEYS_MAX * (DEPTH_MAX + 1));
const FIRST_KEYS = new Int32Array(DEPTH_MAX + 2);

/**
 * Numbers that may change by becoming doubles (integers of 16 digits and more, exponents of three), and escapes that may be
 * half of a surrogate pair.
 */
const INEXACT = /(?:^|[:,[\s])-?\d{16}|\d[eE]\+?\d{3}|\d{309}|\\u[dD][89a-fA-F]/;

/** FNV-1a. */
const HASH_START = 0x811c9dc5 | 0;
const HASH_FACTOR = 0x01000193;
const PROTO_HASH = [...Buffer.from("__proto__")].reduce(
  (hash, byte) => Math.imul(hash ^ byte, HASH_FACTOR),
  HASH_START,
);

/** The value. Throws Fault `invalid` with the byte at which something is wrong. */
export function parseJson(text: string): unknown {
  try {
    if (isSurelyFine(text) && !INEXACT.test(text)) return JSON.parse(text);
  } catch {
    // Why it does not parse is found below.
  }
  const defect = findJsonDefect(text);
  if (defect === undefined) return JSON.parse(text);
  throw refused(Buffer.byteLength(text.slice(0, defect.at)), defect.what);
}

/** Bytes as text, without a byte order mark. Throws Fault `invalid` when they are not UTF-8. */
export function decodedText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return checkDecoded(new TextDecoder().decode(bytes));
  }
}

/**
 * The same for text in which a decoder has put U+FFFD where bytes were not UTF-8, as every reader of requests does. A
 * real U+FFFD must be sent as \\ufffd: to tell the two apart would cost every request.
 */
export function checkDecoded(text: string): string {
  const at = text.indexOf("\ufffd");
  if (at === -1) return text;
  throw refused(
    Buffer.byteLength(text.slice(0, at)),
    "there are bytes that are not UTF-8, or U+FFFD, which stands for such bytes: correct the text, or write \\ufffd",
  );
}

/** JSON that passes `checkDecoded` at the other end. */
export function encodeJson(value: unknown): string {
  const text = JSON.stringify(value);
  return text.includes("\ufffd") ? text.replaceAll("\ufffd", "\\ufffd") : text;
}

function refused(at: number, what: string): Fault {
  return new Fault("invalid", `The body is not JSON that is accepted here: at byte ${at}, ${what}.`);
}

/** Never true for JSON with a defect; for text that is not JSON it may be, and the parser finds out. */
function isSurelyFine(text: string): boolean {
  const { length } = text;
  let depth = 0;
  let keys = 0;
  // Where the next one stands, found by a search that is not repeated.
  let backslash = -1;
  let quote = -1;
  for (let i = 0; i < length; i += 1) {
    const code = text.charCodeAt(i);
    if (code > CLASS_MAX) continue;
    const what = CLASS[code];
    if (what === 0) continue;
    if (what === OPEN) {
      depth += 1;
      if (depth > DEPTH_MAX) return false;
      FIRST_KEYS[depth] = keys;
      continue;
    }
    if (what === CLOSE) {
      if (depth === 0) return false;
      keys = FIRST_KEYS[depth] as number;
      depth -= 1;
      continue;
    }
    let hash = HASH_START;
    let escaped = false;
    let long = false;
    const far = i + LONG;
    for (i += 1; i < length; i += 1) {
      if (i > far) {
        long = true;
        if (backslash < i) backslash = positionOf("\\", text, i);
        if (quote < i) quote = positionOf('"', text, i);
        if (quote < backslash) {
          i = quote;
          break;
        }
      }
      const letter = text.charCodeAt(i);
      if (letter === QUOTE) break;
      if (letter === BACKSLASH) {
        escaped = true;
        i += 1;
      } else hash = Math.imul(hash ^ letter, HASH_FACTOR);
    }
    let next = i + 1;
    while (text.charCodeAt(next) <= BLANK_MAX) next += 1;
    if (text.charCodeAt(next) !== COLON) continue;
    if (escaped || long || hash === PROTO_HASH) return false;
    const first = FIRST_KEYS[depth] as number;
    if (keys - first >= KEYS_MAX) return false;
    for (let key = first; key < keys; key += 1) if (KEY_HASHES[key] === hash) return false;
    KEY_HASHES[keys] = hash;
    keys += 1;
    i = next;
  }
  return true;
}

function positionOf(char: string, text: string, from: number): number {
  const at = text.indexOf(char, from);
  return at === -1 ? text.length : at;
}

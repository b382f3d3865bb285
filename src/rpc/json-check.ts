// JSON from outside, checked before it is parsed: how deep it nests (a parser is slow far beyond what anybody means),
// that no object has a key twice (readers disagree on which one counts) or one named `__proto__` (copying it would
// change what objects are), that no number changes by becoming a double, and that it is UTF-8 and nothing that looks
// like it (RFC 8259, RFC 7493). One pass
// finds what is surely fine, which is nearly everything; json-trouble.ts looks closely at the rest.

import { Fault } from "./fault.ts";
import { DEPTH_MAX, findJsonDefect } from "./json-defect.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const BLANK_MAX = 0x20;

/** What a character outside of strings means for the scan; commas, digits and blanks mean nothing. */
const OPEN = 1;
const CLOSE = 2;
const STRING = 3;
const CLASS_MAX = 0x7f;
const CLASS = new Uint8Array(CLASS_MAX + 1);
for (const char of "{[") CLASS[char.charCodeAt(0)] = OPEN;
for (const char of "}]") CLASS[char.charCodeAt(0)] = CLOSE;
CLASS[QUOTE] = STRING;

/** A text longer than this is skipped by searching for its end; no key of ours is. */
const LONG = 48;
/** Keys of one object that are compared with each other one by one; a wider object is looked at closely. */
const KEYS_MAX = 64;
const KEY_HASHES = new Int32Array(KEYS_MAX * (DEPTH_MAX + 1));
const FIRST_KEYS = new Int32Array(DEPTH_MAX + 2);

/** Numbers that may change by becoming doubles: integers of 16 digits and more, and exponents of three. */
const INEXACT = /(?:^|[:,[\s])-?\d{16}|\d[eE]\+?\d{3}|\d{309}/;

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
    // What is wrong and where is found out below.
  }
  const trouble = findJsonDefect(text);
  if (trouble === undefined) return JSON.parse(text);
  throw refused(Buffer.byteLength(text.slice(0, trouble.at)), trouble.what);
}

/** Bytes as text, less a byte order mark. Throws Fault `invalid` when they are no UTF-8. */
export function decodedText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return checkDecoded(new TextDecoder().decode(bytes));
  }
}

/**
 * The same for text that was decoded by somebody who puts U+FFFD where bytes are no UTF-8, as every reader of requests
 * does. Who really means U+FFFD has to write it as \\ufffd: to tell the two apart would cost every request.
 */
export function checkDecoded(text: string): string {
  const at = text.indexOf("\ufffd");
  if (at === -1) return text;
  throw refused(
    Buffer.byteLength(text.slice(0, at)),
    "stand bytes that are no UTF-8, or U+FFFD, which stands for such bytes: mend the text, or write \\ufffd",
  );
}

/** JSON for those who ask `checkDecoded`. */
export function encodeJson(value: unknown): string {
  const text = JSON.stringify(value);
  return text.includes("\ufffd") ? text.replaceAll("\ufffd", "\\ufffd") : text;
}

function refused(at: number, what: string): Fault {
  return new Fault("invalid", `The body is not JSON that is taken here: at byte ${at}, ${what}.`);
}

/** Right for whatever is JSON; for what is not, the parser says so. */
function isSurelyFine(text: string): boolean {
  const { length } = text;
  let depth = 0;
  let keys = 0;
  // The next ones from where they were last looked for: each is looked for once.
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

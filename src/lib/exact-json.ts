// One JSON object from a text that should be one, without loss: a number that a double would change becomes a text, NaN
// and the infinities become null, a key `__proto__` is left out. What is no JSON is repaired by jsonrepair, as the slice
// that it is. Whether anything was changed is told.

import { jsonrepair } from "jsonrepair";

export type JsonObject = Record<string, unknown>;

export interface ExactJson {
  readonly value: JsonObject;
  readonly changed: boolean;
}

/** Deeper ones are no draft of anything, and whoever encodes or walks them recurses. */
const DEPTH_MAX = 512;
/** A repair makes an object of any words in braces; one that was meant has a key and a colon. */
const LIKE_OBJECT = /^\{\s*(?:\/[/*]|["'“‘`]|\}|[\p{L}_$][\p{L}\p{N}_$ -]{0,100}:)/u;

/** Undefined when it is no object, or none that a repair finds; `mayRepair` bounds what a hostile slice costs. */
export function parseExactly(slice: string, mayRepair: boolean): ExactJson | undefined {
  const plain = plainNumbers(slice);
  if (plain === undefined) return undefined;
  const changed = plain !== slice;
  const parsed = objectOf(plain);
  if (parsed !== undefined) return { value: parsed.value, changed: changed || parsed.dropped };
  if (!mayRepair || !LIKE_OBJECT.test(slice)) return undefined;
  let repaired: string;
  try {
    repaired = jsonrepair(plain);
  } catch {
    // It says by an error that it found nothing to repair to; the caller looks further.
    return undefined;
  }
  const found = objectOf(plainNumbers(repaired) ?? "");
  return found && { value: found.value, changed: true };
}

function objectOf(text: string): { value: JsonObject; dropped: boolean } | undefined {
  let dropped = false;
  // A key may also be written with escapes.
  const suspect = text.includes("__proto__") || text.includes("\\u");
  const withoutPrototype = function (this: unknown, key: string, value: unknown): unknown {
    if (key !== "__proto__") return value;
    dropped = true;
    return undefined;
  };
  try {
    const value: unknown = suspect ? JSON.parse(text, withoutPrototype) : JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    return { value: value as JsonObject, dropped };
  } catch {
    return undefined;
  }
}

const QUOTE = 34;
const BACKSLASH = 92;
const TOKEN = /-?(?:\d[\d.eE+-]*|Infinity)|NaN/y;
const STARTS_TOKEN = /[-\dNI]/;

/** The text with numbers that JSON can hold without loss; undefined when it is too deep. */
function plainNumbers(text: string): string | undefined {
  let depth = 0;
  let inString = false;
  let done = 0;
  let plain = "";
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (inString) {
      if (unit === BACKSLASH) at += 1;
      else if (unit === QUOTE) inString = false;
      continue;
    }
    if (unit === QUOTE) inString = true;
    else if (unit === 123 || unit === 91) {
      depth += 1;
      if (depth > DEPTH_MAX) return undefined;
    } else if (unit === 125 || unit === 93) depth -= 1;
    else if (STARTS_TOKEN.test(text[at] ?? "")) {
      TOKEN.lastIndex = at;
      const [token] = TOKEN.exec(text) ?? [];
      if (
        token === undefined ||
        /[\w$]/.test(text[at - 1] ?? "") ||
        /[\w$]/.test(text[at + token.length] ?? "")
      )
        continue;
      const written = writtenAs(token);
      if (written !== token) {
        plain += text.slice(done, at) + written;
        done = at + token.length;
      }
      at += token.length - 1;
    }
  }
  return done === 0 ? text : plain + text.slice(done);
}

/** A double holds any fifteen digits. */
const DIGITS_SAFE = 15;
const NUMBER = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,9})?$/;

function writtenAs(token: string): string {
  if (token.endsWith("NaN") || token.endsWith("Infinity")) return "null";
  if (token.length <= DIGITS_SAFE && !/[eE]/.test(token)) return token;
  if (!NUMBER.test(token)) return token;
  return decimal(token) === decimal(String(Number(token))) ? token : JSON.stringify(token);
}

/** Digits without zeros around them, and the power of ten of the first one. */
function decimal(number: string): string {
  const [, sign = "", whole = "", part = "", power = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(number) ?? [];
  const digits = whole + part;
  const first = digits.search(/[1-9]/);
  if (first < 0) return "0";
  const exponent = Number(power) + whole.length - first;
  return `${sign}${digits.slice(first).replace(/0+$/, "")}e${exponent}`;
}

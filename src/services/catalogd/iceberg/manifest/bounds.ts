// The bounds of a column as a manifest keeps them. A bound may be wider than the values but never narrower; one that
// cannot be given safely is left out, which costs pruning and nothing else.

import { type Primitive } from "../types/schema.ts";
import { encodeValue, type Value } from "../types/values.ts";

/** The reference implementation's default, `truncate(16)`: code points of text, bytes of binary. */
export const BOUND_LENGTH = 16;

const SURROGATES_FROM = 0xd800;
const SURROGATES_TO = 0xdfff;
const CODE_POINT_MAX = 0x10ffff;

/** The greatest value of at most 16 code points or bytes that is not above `value`. */
export function truncateLower(type: Primitive, value: Value): Value {
  if (type === "string" && typeof value === "string") return firstCodePoints(value, BOUND_LENGTH);
  return value instanceof Uint8Array ? value.slice(0, BOUND_LENGTH) : value;
}

/** A value of at most 16 code points or bytes that is not below `value`; undefined when there is none. */
export function truncateUpper(type: Primitive, value: Value): Value | undefined {
  if (type === "string" && typeof value === "string") {
    const cut = firstCodePoints(value, BOUND_LENGTH);
    return cut.length === value.length ? value : incrementText(cut);
  }
  if (!(value instanceof Uint8Array) || value.length <= BOUND_LENGTH) return value;
  const cut = value.slice(0, BOUND_LENGTH);
  let last = cut.length - 1;
  while (last >= 0 && cut[last] === 0xff) last--;
  if (last < 0) return undefined;
  cut[last] = (cut[last] ?? 0) + 1;
  return cut.slice(0, last + 1);
}

function firstCodePoints(text: string, count: number): string {
  let end = 0;
  for (let index = 0; index < count && end < text.length; index++) {
    end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  }
  return text.slice(0, end);
}

/** The least text of the same length or shorter that is greater; surrogates are no code points and are stepped over. */
function incrementText(text: string): string | undefined {
  const points = Array.from(text, (char) => char.codePointAt(0) ?? 0);
  for (let last = points.length - 1; last >= 0; last--) {
    const next = (points[last] ?? 0) + 1;
    if (next > CODE_POINT_MAX) continue;
    const valid = next >= SURROGATES_FROM && next <= SURROGATES_TO ? SURROGATES_TO + 1 : next;
    return String.fromCodePoint(...points.slice(0, last), valid);
  }
  return undefined;
}

/** Parquet's writers may merge the two zeros, so a zero bound is widened to cover both. */
function widenZero(value: Value, zero: number): Value {
  return value === 0 ? zero : value;
}

const isFloating = (type: Primitive): boolean => type === "float" || type === "double";

/** The bytes of a lower bound for a least value. */
export function lowerBound(type: Primitive, least: Value): Uint8Array {
  return encodeValue(type, isFloating(type) ? widenZero(least, -0) : truncateLower(type, least));
}

/** The bytes of an upper bound for a greatest value; undefined when there is none of at most 16 characters. */
export function upperBound(type: Primitive, greatest: Value): Uint8Array | undefined {
  const bound = truncateUpper(type, greatest);
  if (bound === undefined) return undefined;
  return encodeValue(type, isFloating(type) ? widenZero(bound, 0) : bound);
}

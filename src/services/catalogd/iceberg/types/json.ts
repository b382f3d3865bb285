// JSON without loss of 64-bit integers. Other writers mint snapshot ids of 63 bits, which `JSON.parse` alone
// would round: an id that is not exact as a number is read as a bigint from its source text and printed as
// that text again.

import { toLong } from "./long.ts";

const printer = JSON as typeof JSON & { rawJSON(text: string): unknown };

/** Sixteen digits in a row are the fewest that a number may fail to hold; without them the fast road is safe. */
const LONG_DIGITS = /\d{16}/;
const INTEGER = /^-?\d+$/;

/** Parses JSON; integers beyond 2^53 come as bigint. Throws SyntaxError as `JSON.parse` does. */
export function parseJson(text: string): unknown {
  if (!LONG_DIGITS.test(text)) return JSON.parse(text);
  const reviver = (_key: string, value: unknown, context?: { source?: string }): unknown => {
    if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
    const source = context?.source ?? "";
    return INTEGER.test(source) ? toLong(BigInt(source)) : value;
  };
  return JSON.parse(text, reviver);
}

/** Prints JSON; bigints come out as integers with all their digits. */
export function printJson(value: unknown): string {
  try {
    // Without a replacer it takes a fifth of the time; it throws at the first bigint.
    return JSON.stringify(value);
  } catch {
    return printLongs(value);
  }
}

function printLongs(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === "bigint" ? printer.rawJSON(String(item)) : item,
  );
}

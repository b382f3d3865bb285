// Values as DuckDB prints them, read as Iceberg's: what its statistics say of a column's least and greatest value.
// Text that Iceberg has no value for reads as undefined.

import { type Long, toLong } from "../iceberg/types/long.ts";
import { decimalOf, type Primitive } from "../iceberg/types/schema.ts";
import type { Value } from "../iceberg/types/values.ts";
import { parseDate, parseTime, parseTimestamp } from "./calendar.ts";

const INT_MAX = 2n ** 31n - 1n;
const LONG_MAX = 2n ** 63n - 1n;

function parseInteger(text: string, largest: bigint): Long | undefined {
  if (!/^-?\d+$/.test(text)) return undefined;
  const value = BigInt(text);
  return value > largest || value < -largest - 1n ? undefined : toLong(value);
}

function parseFloatText(text: string): number | undefined {
  if (text === "inf") return Infinity;
  if (text === "-inf") return -Infinity;
  const value = text.trim() === "" ? NaN : Number(text);
  return Number.isNaN(value) ? undefined : value;
}

function parseDecimal(text: string, precision: number, scale: number): bigint | undefined {
  const match = /^(-?)(\d*)(?:\.(\d+))?$/.exec(text);
  const fraction = match?.[3] ?? "";
  if (match === null || text.length === 0 || fraction.length > scale) return undefined;
  const unscaled = BigInt(`${match[2] ?? ""}${fraction.padEnd(scale, "0")}` || "0");
  if (unscaled >= 10n ** BigInt(precision)) return undefined;
  return match[1] === "-" ? -unscaled : unscaled;
}

/** Reads DuckDB's text of a value (blobs in hex, as COPY's statistics give them); undefined when it is none. */
export function parseValue(type: Primitive, text: string): Value | undefined {
  switch (type) {
    case "boolean":
      return text === "true" || text === "1" ? true : text === "false" || text === "0" ? false : undefined;
    case "int":
      return parseInteger(text, INT_MAX);
    case "long":
      return parseInteger(text, LONG_MAX);
    case "float": {
      const value = parseFloatText(text);
      return value === undefined ? undefined : Math.fround(value);
    }
    case "double":
      return parseFloatText(text);
    case "date":
      return parseDate(text);
    case "time":
      return parseTime(text);
    case "timestamp":
    case "timestamptz":
      return parseTimestamp(text);
    case "string":
      return text;
    case "uuid":
      return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text) ? text.toLowerCase() : undefined;
    default: {
      const decimal = decimalOf(type);
      if (decimal !== undefined) return parseDecimal(text, decimal.precision, decimal.scale);
      return /^([0-9a-f]{2})*$/i.test(text) ? Uint8Array.fromHex(text) : undefined;
    }
  }
}

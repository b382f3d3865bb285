// Single values of Iceberg's primitive types: as JavaScript holds them, as the format stores them in bounds
// ("Appendix D: Binary single-value serialization"), and as DuckDB prints them.

import { assert } from "#lib/assert";

import { formatDate, formatTime, formatTimestamp, parseDate, parseTime, parseTimestamp } from "./calendar.ts";
import { compareLongs, type Long, toLong } from "./long.ts";
import { decimalOf, type Primitive } from "./schema.ts";

/**
 * boolean: boolean. int, float, double: number. long: Long. date: days. time, timestamp, timestamptz:
 * microseconds as Long. decimal: the unscaled bigint. string, uuid: text. binary, fixed: bytes.
 */
export type Value = boolean | Long | string | Uint8Array;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function littleEndian(length: number, fill: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(length);
  fill(new DataView(bytes.buffer));
  return bytes;
}

/** Two's complement, big-endian, with as few bytes as hold the value (one for zero). */
export function integerBytes(value: bigint): Uint8Array {
  let length = 1;
  while (BigInt.asIntN(length * 8, value) !== value) length++;
  return integerBytesOf(value, length);
}

/** Two's complement, big-endian, with exactly this many bytes. */
export function integerBytesOf(value: bigint, length: number): Uint8Array {
  const hex = BigInt.asUintN(length * 8, value)
    .toString(16)
    .padStart(length * 2, "0");
  return Uint8Array.fromHex(hex);
}

export function integerOf(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toHex()}`));
}

export function uuidBytes(text: string): Uint8Array {
  return Uint8Array.fromHex(text.replaceAll("-", ""));
}

export function uuidText(bytes: Uint8Array): string {
  return bytes.toHex().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** A number of any kind as a bigint; that it is one follows from its type. */
export function integer(value: Value): bigint {
  assert(typeof value === "number" || typeof value === "bigint", "an integer is expected");
  return BigInt(value);
}

/** The bytes of a value as the format stores it in bounds and partition summaries. */
export function encodeValue(type: Primitive, value: Value): Uint8Array {
  if (value instanceof Uint8Array) return value;
  switch (type) {
    case "boolean":
      return new Uint8Array([value === true ? 1 : 0]);
    case "int":
    case "date":
      return littleEndian(4, (view) => view.setInt32(0, Number(value), true));
    case "long":
    case "time":
    case "timestamp":
    case "timestamptz":
      return littleEndian(8, (view) => view.setBigInt64(0, BigInt(value), true));
    case "float":
      return littleEndian(4, (view) => view.setFloat32(0, Number(value), true));
    case "double":
      return littleEndian(8, (view) => view.setFloat64(0, Number(value), true));
    case "uuid":
      return uuidBytes(String(value));
    case "string":
      return encoder.encode(String(value));
    default:
      return integerBytes(BigInt(value));
  }
}

/**
 * A value from its bytes; undefined when they cannot be one. A bound keeps the width its column had when the
 * file was written, so four bytes of a long are an int and four bytes of a double a float.
 */
export function decodeValue(type: Primitive, bytes: Uint8Array): Value | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (type) {
    case "boolean":
      return bytes.length === 1 ? bytes[0] !== 0 : undefined;
    case "int":
    case "date":
      return bytes.length === 4 ? view.getInt32(0, true) : undefined;
    case "long":
    case "time":
    case "timestamp":
    case "timestamptz":
      if (bytes.length === 4 && type === "long") return view.getInt32(0, true);
      return bytes.length === 8 ? toLong(view.getBigInt64(0, true)) : undefined;
    case "float":
      return bytes.length === 4 ? view.getFloat32(0, true) : undefined;
    case "double":
      if (bytes.length === 4) return view.getFloat32(0, true);
      return bytes.length === 8 ? view.getFloat64(0, true) : undefined;
    case "uuid":
      return bytes.length === 16 ? uuidText(bytes) : undefined;
    case "string":
      return decoder.decode(bytes);
    default:
      return decimalOf(type) === undefined ? bytes.slice() : integerOf(bytes);
  }
}

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

/** A value as text that `parseValue` reads back and that DuckDB casts to the type (blobs in hex). */
export function formatValue(type: Primitive, value: Value): string {
  if (value instanceof Uint8Array) return value.toHex();
  switch (type) {
    case "date":
      return formatDate(Number(value));
    case "time":
      return formatTime(BigInt(value));
    case "timestamp":
      return formatTimestamp(BigInt(value));
    case "timestamptz":
      return `${formatTimestamp(BigInt(value))}+00`;
    case "float":
    case "double":
      if (Object.is(value, -0)) return "-0.0";
      return value === Infinity ? "inf" : value === -Infinity ? "-inf" : String(value);
    default: {
      const decimal = decimalOf(type);
      if (decimal === undefined || decimal.scale === 0) return String(value);
      const digits = String(value)
        .replace("-", "")
        .padStart(decimal.scale + 1, "0");
      const point = digits.length - decimal.scale;
      return `${BigInt(value) < 0n ? "-" : ""}${digits.slice(0, point)}.${digits.slice(point)}`;
    }
  }
}

/** Orders two values of one type as the format does: text, uuids and bytes by unsigned bytes, -0.0 before 0.0, NaN last. */
export function compareValues(type: Primitive, a: Value, b: Value): number {
  if (typeof a === "string" || a instanceof Uint8Array) {
    return Buffer.compare(encodeValue(type, a), encodeValue(type, b));
  }
  assert(typeof b !== "string" && !(b instanceof Uint8Array), `both values are of type ${type}`);
  const [left, right] = [numeric(a), numeric(b)];
  if (left === 0 && right === 0) return Number(Object.is(right, -0)) - Number(Object.is(left, -0));
  if (Number.isNaN(left) || Number.isNaN(right))
    return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
  return compareLongs(left, right);
}

function numeric(value: boolean | Long): Long {
  return typeof value === "boolean" ? Number(value) : value;
}

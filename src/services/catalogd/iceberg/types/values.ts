// Single values of Iceberg's primitive types: as JavaScript holds them and as the format stores them in bounds
// ("Appendix D: Binary single-value serialization").

import { assert } from "#lib/assert";

import { compareLongs, type Long } from "./long.ts";
import { type Primitive } from "./schema.ts";

/**
 * boolean: boolean. int, float, double: number. long: Long. date: days. time, timestamp, timestamptz:
 * microseconds as Long. decimal: the unscaled bigint. string, uuid: text. binary, fixed: bytes.
 */
export type Value = boolean | Long | string | Uint8Array;

const encoder = new TextEncoder();

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

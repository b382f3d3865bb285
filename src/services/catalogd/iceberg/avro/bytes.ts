// The bytes under Avro's binary encoding: a cursor that reads them and a sink that takes them. Bytes come from
// other writers, so every read is checked against the end of the data and ends in a Fault if it is damaged.

import { assert } from "#lib/assert";
import { Fault } from "#rpc/fault";

import { type Long, toLong } from "../types/long.ts";

/** A 64-bit varint takes at most ten bytes. */
const VARINT_BYTES_MAX = 10;
/** Numbers are exact up to seven varint bytes (49 bits); longer ones take the road through bigint. */
const VARINT_BYTES_EXACT = 7;

const encoder = new TextEncoder();
// Without ignoreBOM a string that starts with U+FEFF would lose it.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function damaged(what: string): Fault {
  return new Fault("invalid", `This is not a sound Avro file: ${what}. Write it again or restore it.`);
}

/** A place in bytes that are being read. */
export interface Cursor {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
}

export function cursorOf(bytes: Uint8Array): Cursor {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), at: 0 };
}

export function skip(cursor: Cursor, count: number): number {
  const from = cursor.at;
  if (count < 0 || count > cursor.bytes.length - from) throw damaged("it ends in the middle of a value");
  cursor.at = from + count;
  return from;
}

export function take(cursor: Cursor, count: number): Uint8Array {
  const from = skip(cursor, count);
  return cursor.bytes.subarray(from, from + count);
}

export function readLong(cursor: Cursor): Long {
  const { bytes, at: from } = cursor;
  let value = 0;
  let scale = 1;
  for (let index = from; index < from + VARINT_BYTES_EXACT; index++) {
    const byte = bytes[index];
    if (byte === undefined) throw damaged("it ends in the middle of a number");
    value += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte < 0x80) {
      cursor.at = index + 1;
      return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
  }
  let big = 0n;
  for (let index = 0; index < VARINT_BYTES_MAX; index++) {
    const byte = bytes[from + index];
    if (byte === undefined) throw damaged("it ends in the middle of a number");
    big |= BigInt(byte & 0x7f) << BigInt(index * 7);
    if (byte < 0x80) {
      cursor.at = from + index + 1;
      const unsigned = BigInt.asUintN(64, big);
      return toLong((unsigned >> 1n) ^ -(unsigned & 1n));
    }
  }
  throw damaged("a number is longer than 64 bits");
}

/** A length or a count: a long that fits a number. */
export function readCount(cursor: Cursor): number {
  const count = readLong(cursor);
  if (typeof count !== "number") throw damaged("a length is out of range");
  return count;
}

export function readBytes(cursor: Cursor): Uint8Array {
  return take(cursor, readCount(cursor)).slice();
}

export function readText(cursor: Cursor): string {
  const bytes = take(cursor, readCount(cursor));
  try {
    return decoder.decode(bytes);
  } catch {
    throw damaged("a string is not UTF-8");
  }
}

/** A buffer that grows as it is written. */
export class Sink {
  #bytes = new Uint8Array(1024);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  #room(count: number): number {
    const from = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length));
      grown.set(this.#bytes.subarray(0, from));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return from;
  }

  byte(value: number): void {
    const at = this.#room(1);
    this.#bytes[at] = value;
  }

  raw(bytes: Uint8Array): void {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
  }

  long(value: Long): void {
    if (typeof value === "number" && Math.abs(value) <= 2 ** 52) {
      assert(Number.isInteger(value), "a long is an integer");
      let rest = value < 0 ? -2 * value - 1 : 2 * value;
      while (rest >= 0x80) {
        this.byte((rest % 128) | 0x80);
        rest = Math.floor(rest / 128);
      }
      this.byte(rest);
      return;
    }
    const big = BigInt(value);
    assert(BigInt.asIntN(64, big) === big, "a long fits 64 bits");
    let rest = BigInt.asUintN(64, (big << 1n) ^ (big >> 63n));
    while (rest >= 0x80n) {
      this.byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.byte(Number(rest));
  }

  counted(bytes: Uint8Array): void {
    this.long(bytes.length);
    this.raw(bytes);
  }

  text(value: string): void {
    this.counted(encoder.encode(value));
  }

  float(value: number): void {
    const at = this.#room(4);
    this.#view.setFloat32(at, value, true);
  }

  double(value: number): void {
    const at = this.#room(8);
    this.#view.setFloat64(at, value, true);
  }

  /** What was written so far; the sink is empty afterwards. */
  drain(): Uint8Array {
    const written = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return written;
  }
}
